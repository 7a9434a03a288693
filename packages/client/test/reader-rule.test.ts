/** Replays the vectors of the reader's rule through the whole client: connection, subscription, queue and iterator. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, type Gap, HoldfastError, type Stream, type StreamOptions } from "../src/index.ts";
import { HandWorld, settle } from "./support/hand-world.ts";
import { type MemoryConn, MemoryNet, type Message } from "./support/memory-net.ts";
import { readVectors } from "./support/vectors.ts";

type Effect = Readonly<Record<string, unknown>>;
interface Step {
  readonly app?: "unsubscribe" | { readonly subscribe: StreamOptions["from"] };
  readonly server?: Message;
  readonly link?: "lost" | "live";
  readonly wait?: "retry";
  readonly on?: "new";
  readonly then: readonly Effect[];
}
const { cases } = readVectors<{ cases: readonly { readonly id: string; readonly description: string; readonly steps: readonly Step[] }[] }>("reader-rule.json");

/** One client with one stream at a time, and what it has done since it was last asked. */
class Replay {
  readonly world = new HandWorld();
  readonly net = new MemoryNet();
  readonly client = createClient("http://test", {}, { env: this.world.env, transports: [this.net.transport] });
  readonly links: Record<"old" | "new", MemoryConn | null> = { old: null, new: null };
  readonly asked: Message[] = [];
  #stream: Stream | null = null;
  #effects: Effect[] = [];

  watch(conn: MemoryConn, on: "old" | "new"): void {
    this.links[on] = conn;
    conn.onSend = (message) => {
      const where = this.links.new === conn ? { on: "new" } : {};
      if (message.type === "subscribe") {
        this.asked.push(message);
        this.#effects.push({ subscribe: message["from"], ...where });
      } else if (message.type === "unsubscribe") this.#effects.push({ unsubscribe: true });
    };
    conn.welcome();
  }

  async step(step: Step): Promise<Effect[]> {
    this.#effects = [];
    const on = step.on ?? "old";
    if (step.app === "unsubscribe") this.#stream?.close();
    else if (step.app !== undefined) await this.#subscribe(step.app.subscribe as NonNullable<StreamOptions["from"]>);
    else if (step.link === "lost") this.links[on]?.end(1006);
    else if (step.link === "live") await this.#live(on);
    else if (step.wait === "retry") await this.world.advance(1_000);
    else if (step.server !== undefined) this.#say(on, step.server);
    await settle();
    return this.#effects;
  }

  async #subscribe(from: NonNullable<StreamOptions["from"]>): Promise<void> {
    const stream = this.client.stream("a", {
      from,
      onGap: ({ reason, from: before, after }: Gap) => void this.#effects.push({ gap: { reason, from: before, after } }),
    });
    this.#stream = stream;
    void this.#read(stream);
    await settle();
    if (this.links.old === null) this.watch(this.net.last, "old");
  }

  async #read(stream: Stream): Promise<void> {
    try {
      for await (const entry of stream) {
        assert.equal(stream.position, entry.position);
        this.#effects.push({ deliver: entry.position });
      }
      if (stream.ended) this.#effects.push({ ended: stream.position });
    } catch (error) {
      if (error instanceof HoldfastError) this.#effects.push({ refused: error.code });
      else throw error;
    }
  }

  async #live(on: "old" | "new"): Promise<void> {
    const before = this.net.conns.length;
    if (on === "new") this.links.old?.say({ type: "goaway", code: "draining", afterMs: 0, deadlineMs: 30_000 });
    // A lost link is dialled again within the advised second, a link to be replaced at once.
    await this.world.advance(on === "new" ? 0 : 1_000);
    assert.equal(this.net.conns.length, before + 1);
    this.watch(this.net.last, on);
  }

  #say(on: "old" | "new", message: Message): void {
    const id = message["id"];
    const ordinal = typeof id === "string" && id.startsWith("$") ? Number(id.slice(1)) : null;
    const conn = this.links[on] as MemoryConn;
    const wasOver = conn.ended !== null;
    conn.say(ordinal === null ? message : { ...message, id: this.asked[ordinal - 1]?.["id"] });
    if (!wasOver && conn.ended?.closeCode === 4500) this.#effects.push({ fault: true });
  }
}

const isShown = (effect: Effect): boolean => !("duplicate" in effect) && !("ignore" in effect);

for (const { id, description, steps } of cases) {
  test(`${id}: ${description}`, async () => {
    const replay = new Replay();
    let duplicates = 0;
    for (const [i, step] of steps.entries()) {
      assert.deepEqual(await replay.step(step), step.then.filter(isShown), `step ${i}: ${JSON.stringify(step)}`);
      duplicates += step.then.filter((effect) => "duplicate" in effect).length;
    }
    assert.equal(replay.client.counters.duplicates, duplicates);
    await replay.client.close();
  });
}

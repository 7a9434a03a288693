/**
 * The whole client against a model of the server, over links that are cut, silenced and replaced while entries are lost and repeated
 * on the way and publishes meet every kind of refusal: what readers got and what the log holds must be exactly what was promised.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Client, createClient, type Gap, HoldfastError, type Stream } from "../src/index.ts";
import { HandWorld, settle } from "./support/hand-world.ts";
import { ModelServer } from "./support/model-server.ts";

interface Op {
  readonly kind: "publish" | "read" | "cut" | "silence" | "goaway" | "restart" | "trim" | "hurt" | "wait" | "wake" | "stall" | "leave" | "fork";
  readonly n: number;
}

const opArb: fc.Arbitrary<Op> = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant("publish" as const) },
    { weight: 6, arbitrary: fc.constant("wait" as const) },
    { weight: 3, arbitrary: fc.constant("read" as const) },
    { weight: 2, arbitrary: fc.constantFrom("cut", "silence", "hurt", "goaway" as const) },
    { weight: 1, arbitrary: fc.constantFrom("restart", "trim", "wake", "stall", "leave", "fork" as const) },
  ),
  n: fc.nat(1_000),
});

type Fate = "pending" | "published" | "refused" | "unknown";

/** A reader that writes down what it was given. */
interface Log {
  readonly stream: Stream;
  readonly name: string;
  readonly from: unknown;
  readonly got: (string | Gap)[];
  readonly values: unknown[];
}

class Run {
  readonly world: HandWorld;
  readonly server: ModelServer;
  readonly client: Client;
  readonly readers: Log[] = [];
  readonly fates = new Map<string, { fate: Fate; position: string | null; readonly stream: string; readonly order: number | null }>();
  readonly failures: unknown[] = [];
  #published = 0;

  constructor(seed: number) {
    this.world = new HandWorld(seed);
    this.server = new ModelServer(this.world);
    this.server.isRefused = (payload) => payload.includes("refuse me");
    const options = { queueEntriesMax: 4, inFlightMax: 4 };
    this.client = createClient("http://test", options, { env: this.world.env, transports: [this.server.net.transport] });
  }

  publish(n: number): void {
    const stream = `s${n % 2}`;
    const value = n % 13 === 5 ? `refuse me ${this.#published++}` : `value ${this.#published++}${n % 29 === 3 ? "x".repeat(60_000) : ""}`;
    const dedupeKey = n % 7 === 0 ? value.slice(0, 20) : undefined;
    const fate: { fate: Fate; position: string | null; readonly stream: string; readonly order: number | null } = {
      fate: "pending",
      position: null,
      stream,
      order: dedupeKey === undefined ? this.#published : null,
    };
    this.fates.set(value, fate);
    const abort = new AbortController();
    this.client.publish(stream, value, { ...(dedupeKey === undefined ? {} : { dedupeKey }), signal: abort.signal }).then(
      ({ position }) => Object.assign(fate, { fate: "published", position }),
      (error: HoldfastError) => {
        fate.fate = error.code === "entry_too_large" ? "refused" : "unknown";
      },
    );
    if (n % 17 === 0) abort.abort();
  }

  read(n: number): void {
    const name = `s${n % 2}`;
    const from = n % 3 === 0 ? "first" : n % 3 === 1 ? "now" : ({ last: n % 5 } as const);
    const got: Log["got"] = [];
    const values: unknown[] = [];
    const stream = this.client.stream(name, { from, onGap: (gap) => void got.push(gap) });
    this.readers.push({ stream, name, from, got, values });
    this.#consume(stream, got, values, n % 5 === 0 ? 300 : 0).catch((error: unknown) => {
      if (!(error instanceof HoldfastError && error.code === "closed_by_user")) this.failures.push(error);
    });
  }

  async #consume(stream: Stream, got: Log["got"], values: unknown[], delayMs: number): Promise<void> {
    for await (const entry of stream) {
      got.push(entry.position);
      values.push(entry.data);
      assert.equal(JSON.stringify(entry.data), entry.raw);
      if (delayMs > 0) await new Promise<void>((resolve) => void this.world.env.clock.after(delayMs, resolve));
    }
  }

  async op({ kind, n }: Op): Promise<void> {
    const { server, world } = this;
    const link = server.links[n % Math.max(1, server.links.length)];
    if (kind === "publish") this.publish(n);
    else if (kind === "read") this.read(n);
    else if (kind === "cut" && link !== undefined) server.cut(link);
    else if (kind === "silence" && link !== undefined) {
      if (n % 3 !== 0) link.toClient = false;
      if (n % 3 !== 1) link.toServer = false;
    } else if (kind === "goaway") server.goaway(n);
    else if (kind === "restart") server.restart();
    else if (kind === "fork") server.fork(`s${n % 2}`, n % 7);
    else if (kind === "trim") server.log(`s${n % 2}`).trim(n % 6);
    else if (kind === "hurt") {
      const f = (n % 10) / 30;
      server.hurts = { loseEntry: f, repeatEntry: f, busy: f, unknownOutcome: f, refuseDial: f, delayMs: n % 400 };
    } else if (kind === "wake") this.client.wake();
    else if (kind === "stall") world.stall(n * 20);
    else if (kind === "leave") this.readers[n % Math.max(1, this.readers.length)]?.stream.close();
    await world.advance(kind === "wait" ? n * 30 : n % 50);
  }

  async end(): Promise<void> {
    this.server.heal();
    // Longer than noticing a silent link takes, than the longest backoff, and than the longest rest between subscribes.
    await this.world.advance(150_000);
    for (const reader of this.readers) this.checkReader(reader);
    this.checkPublishes();
    const atHead = this.client.status.getSnapshot().state;
    assert.ok(atHead === "live" || atHead === "offline", `ends ${atHead}`);
    await this.client.close();
    await settle();
    assert.deepEqual(this.failures, []);
    assert.equal(this.server.net.alive.filter((conn) => !this.server.links.some((link) => link.conn === conn)).length, 0);
  }

  /** Delivered entries follow each other in the log without a hole, but for announced gaps; an open reader has reached the head. */
  checkReader({ stream, name, got, from }: Log): void {
    const log = this.server.log(name);
    let at: string | null = null;
    let seen = new Set<string>();
    for (const item of got) {
      if (typeof item === "string") {
        const entry = log.all.find(({ position }) => position === item);
        assert.ok(entry, `phantom ${item}`);
        if (at !== null) assert.equal(entry.prev, at, `${name} from ${JSON.stringify(from)}: ${item} does not follow ${at}`);
        assert.ok(!seen.has(item), `${item} comes twice`);
        seen.add(item);
        at = item;
      } else {
        if (at !== null) assert.equal(item.from, at, "the gap begins at the cursor");
        // Only after a restore may entries be seen again.
        if (item.reason !== "trimmed") seen = new Set();
        assert.ok(item.reason === "trimmed" || log.isForked, `a gap for no reason: ${JSON.stringify(item)}`);
        at = item.after;
      }
    }
    if (stream.status.getSnapshot().state !== "closed") assert.equal(stream.position, log.head, `${name} from ${JSON.stringify(from)} is behind`);
  }

  /** Every value is in the log as often as its promise says: once or never; and in the order of the calls. */
  checkPublishes(): void {
    const places = new Map<string, string[]>();
    for (const log of this.server.logs.values()) {
      for (const { payload, position } of log.written) places.set(JSON.parse(payload), [...(places.get(JSON.parse(payload)) ?? []), position]);
    }
    for (const [value, { fate, position, stream }] of this.fates) {
      const found = places.get(value) ?? [];
      assert.notEqual(fate, "pending", `${value.slice(0, 20)} has no answer`);
      assert.ok(found.length <= 1, `${value.slice(0, 20)} is there ${found.length} times`);
      if (this.server.log(stream).isForked) continue; // What an old copy lacks is lost, to readers with a gap.
      if (fate === "published") assert.deepEqual(found, [position]);
      if (fate === "refused") assert.deepEqual(found, []);
      if (fate === "unknown" && !value.startsWith("refuse")) assert.equal(found.length, 1, "an aborted publish is made all the same");
    }
    for (const [name, log] of this.server.logs) {
      const orders = log.written.map(({ payload }) => this.fates.get(JSON.parse(payload))?.order ?? null).filter((order) => order !== null);
      assert.deepEqual(
        orders,
        [...orders].sort((a, b) => a - b),
        `${name} is out of order`,
      );
    }
  }
}

test("readers get the log and publishes happen once, whatever happens to the links", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), fc.array(opArb, { maxLength: 60, size: "max" }), async (seed, ops) => {
      const run = new Run(seed);
      for (const op of ops) await run.op(op);
      await run.end();
    }),
    { numRuns: Number(process.env["RUNS"] ?? 100) },
  );
});

test("the model's faults are met: links lost, holes, retries, cutbacks and moves all happen", async () => {
  const sums: Record<string, number> = {};
  for (let seed = 1; seed <= 12; seed++) {
    const run = new Run(seed);
    run.read(0);
    run.read(3);
    run.read(5);
    const kinds = ["publish", "hurt", "publish", "publish", "silence", "wait", "publish", "cut", "wait", "goaway", "publish", "wait", "stall"] as const;
    for (let i = 0; i < 60; i++) {
      // A burst for a reader that takes one entry each 300 ms.
      for (let k = 0; i % 20 === 10 && k < 12; k++) run.publish(4);
      await run.op({ kind: kinds[i % kinds.length] as Op["kind"], n: Math.floor(run.world.random() * 1_000) });
    }
    await run.end();
    for (const [name, count] of Object.entries(run.client.counters)) sums[name] = (sums[name] ?? 0) + count;
  }
  for (const name of ["lost", "probes", "holes", "duplicates", "retried", "resent", "refused", "cutbacks", "late"]) {
    assert.ok((sums[name] ?? 0) > 0, `${name} never happened: ${JSON.stringify(sums)}`);
  }
  assert.equal(sums["faults"], 0);
});

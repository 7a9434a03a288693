import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { formatPosition } from "@holdfast/protocol";
import type { Engine, LiveEvent } from "../../src/engine.ts";
import { MemoryStore, memoryEngine } from "../../src/engines/index.ts";
import { Hub, nodeEnv, resolveServerOptions } from "../../src/index.ts";
import { TestCarrier } from "../support/carrier.ts";

/** A memory engine that lets its live events go only when asked to, as an engine may for `staleMsMax`. */
class LateEngine {
  readonly inner = memoryEngine({ env: nodeEnv });
  readonly engine: Engine;
  readonly #held: LiveEvent[] = [];
  #sink: (event: LiveEvent) => void = () => {};
  isLate = true;
  /** Runs between the snapshot that a read takes and its answer. */
  afterRead: () => Promise<void> = async () => {};

  constructor() {
    const { inner } = this;
    this.engine = Object.assign(Object.create(inner) as Engine, {
      caps: { ...inner.caps, staleMsMax: 1_000 },
      start: () => inner.start(),
      stop: () => inner.stop(),
      append: (batch: Parameters<Engine["append"]>[0]) => inner.append(batch),
      head: (stream: string) => inner.head(stream),
      listen: (stream: string) => inner.listen(stream),
      read: async (...asked: Parameters<Engine["read"]>) => {
        const result = await inner.read(...asked);
        await this.afterRead();
        return result;
      },
      attach: (sink: (event: LiveEvent) => void) => {
        this.#sink = sink;
        inner.attach((event) => (this.isLate ? this.#held.push(event) : sink(event)));
      },
    });
  }

  /** An event that this engine never meant. */
  inject(event: LiveEvent): void {
    this.#sink(event);
  }

  release(): void {
    for (const event of this.#held.splice(0)) this.#sink(event);
  }
}

const opened: { readonly hub: Hub; readonly late: LateEngine }[] = [];
afterEach(async () => {
  for (const { hub, late } of opened.splice(0)) {
    hub.stop();
    await late.inner.stop();
  }
});

async function open(): Promise<{ late: LateEngine; hub: Hub; append: (...values: number[]) => Promise<string> }> {
  const late = new LateEngine();
  const hub = new Hub(late.engine, resolveServerOptions(), nodeEnv);
  opened.push({ hub, late });
  await late.engine.start();
  const append = async (...values: number[]): Promise<string> => {
    const [result] = await late.inner.append([
      { stream: "s", entries: values.map((value) => ({ format: "json" as const, payload: Buffer.from(String(value)) })) },
    ]);
    assert.ok(result?.ok);
    const cursor = result.cursors?.at(-1);
    assert.ok(cursor !== undefined);
    return formatPosition(cursor.epoch, cursor.seq);
  };
  return { late, hub, append };
}

async function until(fact: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!fact()) {
    assert.ok(performance.now() < deadline, "not within 5 s");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function subscribe(hub: Hub, from: unknown): Promise<TestCarrier> {
  const reader = TestCarrier.join(hub);
  reader.say({ type: "subscribe", id: 1, stream: "s", from });
  await until(() => reader.of("subscribed").length === 1);
  return reader;
}

/** Where the reader was told that it begins. */
function startOf(reader: TestCarrier): string | undefined {
  const [answer] = reader.of("subscribed");
  return answer?.type === "subscribed" ? answer.position : undefined;
}

describe("where a subscription begins", () => {
  it("takes a position that is newer than any live event so far, without a gap", async () => {
    const { hub, append } = await open();
    await append(1);
    await subscribe(hub, "first");
    const newest = await append(2, 3);
    const reader = await subscribe(hub, { after: newest });
    assert.equal(startOf(reader), newest);
    assert.deepEqual(reader.of("gap"), []);
  });

  it("does not call a stream missing because its first live event is late", async () => {
    const { hub, append } = await open();
    await subscribe(hub, "first");
    const newest = await append(1);
    const reader = await subscribe(hub, { after: newest });
    assert.deepEqual(reader.of("gap"), []);
  });

  it("begins `now` after everything that was acknowledged before, however late its events are", async () => {
    const { hub, append } = await open();
    await subscribe(hub, "first");
    const newest = await append(1, 2);
    assert.equal(startOf(await subscribe(hub, "now")), newest);
  });

  it("counts `last` from the newest entry, however late its events are", async () => {
    const { hub, append } = await open();
    await append(1, 2);
    await subscribe(hub, "first");
    await append(3, 4);
    const reader = await subscribe(hub, { last: 2 });
    await until(() => reader.entries.length === 2);
    assert.deepEqual(
      reader.entries.map(({ payload }) => payload),
      ["3", "4"],
    );
  });

  it("skips nothing that is appended while `last` is being resolved on an empty log", async () => {
    const { late, hub, append } = await open();
    late.isLate = false;
    late.afterRead = async () => {
      late.afterRead = async () => {};
      await append(1);
    };
    const reader = await subscribe(hub, { last: 3 });
    await until(() => reader.entries.length === 1);
    assert.equal(startOf(reader), "0");
  });
});

describe("a log of which retention has left nothing", () => {
  it("begins `last` at its end, and not before an entry that the hub still holds, in an epoch that is forgotten", async (t) => {
    const store = new MemoryStore();
    const policies = [{ pattern: "s", ageMs: 100 }];
    const entry = (value: number) => [{ stream: "s", entries: [{ format: "json" as const, payload: Buffer.from(String(value)) }] }];
    const former = memoryEngine({ env: nodeEnv, store });
    await former.start();
    await former.append(entry(1));
    await former.stop();
    const engine = memoryEngine({ env: nodeEnv, store, policies, options: { retentionPassMs: 10 } });
    const hub = new Hub(engine, resolveServerOptions(), nodeEnv);
    await engine.start();
    t.after(async () => {
      hub.stop();
      await engine.stop();
    });
    await subscribe(hub, "first");
    const [added] = await engine.append(entry(2));
    assert.ok(added?.ok);
    const newest = added.cursors?.map(({ epoch, seq }) => formatPosition(epoch, seq)).at(-1);
    const deadline = performance.now() + 5_000;
    while ((await engine.head("s"))?.entries !== 0) {
      assert.ok(performance.now() < deadline, "trimmed");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(startOf(await subscribe(hub, "first")), newest);
    assert.equal(startOf(await subscribe(hub, { last: 1 })), newest);
  });
});

describe("an event under an epoch that is not known", () => {
  it("is not believed where events may come from another copy of the log: the log itself is asked", async () => {
    const { late, hub, append } = await open();
    late.isLate = false;
    await append(1, 2);
    const reader = await subscribe(hub, "first");
    await until(() => reader.entries.length === 2);
    late.inject({ type: "appended", stream: "s", entries: [{ epoch: "foreign", seq: 3, prev: 2, timeMs: 0, format: "json", payload: Buffer.from("9") }] });
    await append(3);
    await until(() => reader.entries.length === 3);
    assert.deepEqual(
      reader.entries.map(({ payload }) => payload),
      ["1", "2", "3"],
    );
    assert.ok(hub.counters.tailDoubts > 0);
  });
});

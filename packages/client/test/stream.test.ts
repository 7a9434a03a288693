/** The queue between link and iterator: limits, order, gaps, and every way to leave. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { newCounters } from "../src/counters.ts";
import type { Gap, StreamEntry, StreamOptions } from "../src/index.ts";
import { resolveOptions } from "../src/options.ts";
import { Reader } from "../src/stream.ts";
import { HandWorld, settle } from "./support/hand-world.ts";

const entry = (n: number, cost = 1): StreamEntry => ({ position: `e.${n}`, cost }) as unknown as StreamEntry;
const gap = (n: number): Gap => ({ stream: "s", reason: "trimmed", from: `e.${n - 1}`, after: `e.${n}`, head: "e.99" });

function open(options: StreamOptions = {}, limits = { queueEntriesMax: 10, queueBytesMax: 100 }) {
  const told: string[] = [];
  const { env } = new HandWorld();
  const context = { ...env, options: { ...resolveOptions(), ...limits }, counters: newCounters() };
  const reader = new Reader("s", options, context, ({ isFull, outcome }) => told.push(outcome !== null ? "left" : isFull ? "full" : "half"));
  const take = async (): Promise<string | undefined> => (await reader.next()).value?.position;
  return { reader, told, take };
}

test("entries come out in order, and the position is the last one handed out", async () => {
  const { reader, take } = open();
  assert.equal(reader.position, null);
  reader.begin("e.0");
  reader.push(entry(1));
  reader.push(entry(2));
  assert.equal(reader.position, "e.0", "not what is queued");
  assert.equal(await take(), "e.1");
  assert.equal(reader.position, "e.1");
});

test("several calls of next are answered in order", async () => {
  const { reader, take } = open();
  const both = Promise.all([take(), take(), take()]);
  await settle();
  for (const n of [1, 2, 3]) reader.push(entry(n));
  assert.deepEqual(await both, ["e.1", "e.2", "e.3"]);
});

test("the queue is full at its limit in entries, and free again at half", async () => {
  const { reader, told, take } = open();
  for (let n = 1; n <= 9; n++) reader.push(entry(n));
  assert.deepEqual(told, []);
  reader.push(entry(10));
  assert.deepEqual(told, ["full"]);
  for (let n = 1; n <= 4; n++) await take();
  assert.deepEqual(told, ["full"]);
  await take();
  assert.deepEqual(told, ["full", "half"]);
  assert.deepEqual([reader.queued, reader.counters.cutbacks], [5, 1]);
});

test("the queue is full at its limit in bytes", async () => {
  const { reader, told, take } = open();
  reader.push(entry(1, 60));
  reader.push(entry(2, 45));
  assert.deepEqual(told, ["full"]);
  await take();
  assert.deepEqual(told, ["full", "half"]);
});

test("what was handed out is not held, even while the queue never empties", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { reader, take } = open({}, { queueEntriesMax: 1_000, queueBytesMax: 1e9 });
  const refs: WeakRef<object>[] = [];
  for (let n = 0; n < 500; n++) {
    const next = entry(n);
    refs.push(new WeakRef(next));
    reader.push(next);
    if (n > 0) await take();
  }
  await settle();
  collect();
  assert.equal(reader.queued, 1);
  const held = refs.filter((ref) => ref.deref() !== undefined).length;
  assert.ok(held <= 3, `${held} entries are held`);
});

test("a gap is told before the entry after it, and awaited", async () => {
  const order: string[] = [];
  let release = (): void => {};
  const onGap = async ({ after }: Gap): Promise<void> => {
    order.push(`gap ${after}`);
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    order.push("rebuilt");
  };
  const { reader, take } = open({ onGap });
  reader.push(entry(1));
  reader.push(gap(5));
  reader.push(entry(6));
  order.push(`entry ${await take()}`);
  const next = take();
  await settle();
  assert.deepEqual([order, reader.position], [["entry e.1", "gap e.5"], "e.5"]);
  release();
  order.push(`entry ${await next}`);
  assert.deepEqual(order, ["entry e.1", "gap e.5", "rebuilt", "entry e.6"]);
  assert.equal(reader.counters.gaps, 1);
});

test("without onGap a gap is counted and passed over", async () => {
  const { reader, take } = open();
  reader.push(gap(5));
  reader.push(entry(6));
  assert.equal(await take(), "e.6");
  assert.equal(reader.counters.gaps, 1);
});

test("an onGap that throws ends the iteration with its error, and the reader leaves", async () => {
  const { reader, told } = open({
    onGap: () => {
      throw new RangeError("stop");
    },
  });
  reader.push(gap(5));
  await assert.rejects(reader.next(), RangeError);
  assert.deepEqual(told, ["left"]);
  assert.deepEqual(await reader.next(), { done: true, value: undefined });
});

test("an end comes after what is queued", async () => {
  const { reader, take } = open();
  reader.push(entry(1));
  reader.finish("ended");
  reader.push(entry(2));
  assert.equal(reader.ended, false);
  assert.equal(await take(), "e.1");
  assert.equal(reader.ended, true);
  assert.deepEqual(await reader.next(), { done: true, value: undefined });
});

test("a failure comes after what is queued, once", async () => {
  const { reader, take } = open();
  reader.push(entry(1));
  reader.finish({ error: new RangeError("no") });
  assert.equal(await take(), "e.1");
  await assert.rejects(reader.next(), RangeError);
  assert.deepEqual(await reader.next(), { done: true, value: undefined });
  assert.equal(reader.ended, false);
});

test("leaving drops the queue, wakes who waits, and is told once; a stream that ended unread has not ended for it", async () => {
  const { reader, told } = open();
  const waiting = reader.next();
  await settle();
  reader.close();
  reader.close();
  assert.deepEqual([await waiting, told], [{ done: true, value: undefined }, ["left"]]);
  const other = open().reader;
  other.push(entry(1));
  other.finish("ended");
  other.close();
  assert.equal(other.ended, false);
});

test("a signal ends the iteration with `aborted`, at once; one that is aborted already never begins", async () => {
  const abort = new AbortController();
  const { reader, told } = open({ signal: abort.signal });
  reader.push(entry(1));
  abort.abort(new Error("enough"));
  const isAborted = (error: unknown): boolean =>
    (error as { code: string; cause: Error }).code === "aborted" && (error as Error & { cause: Error }).cause.message === "enough";
  await assert.rejects(reader.next(), isAborted);
  assert.deepEqual(told, ["left"]);
  const { reader: late } = open({ signal: abort.signal });
  assert.notEqual(late.outcome, null);
  await assert.rejects(late.next(), isAborted);
});

test("a signal is let go of when the reader is over", async () => {
  const abort = new AbortController();
  let listeners = 0;
  const { signal } = abort;
  const count = { addEventListener: () => void listeners++, removeEventListener: () => void listeners--, aborted: false, reason: undefined };
  assert.equal(signal.aborted, false);
  const { reader } = open({ signal: count as unknown as AbortSignal });
  assert.equal(listeners, 1);
  reader.finish("ended");
  await reader.next();
  assert.equal(listeners, 0);
});

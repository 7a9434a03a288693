import assert from "node:assert/strict";
import { test } from "node:test";
import { pauseMsFor, probeMsFor } from "../src/page/page.ts";
import { numbersIntervalMs, startPublisher } from "../src/page/publisher.ts";

/** A clock that is moved by hand, one timer at a time, with time for what was begun in between. */
function handClock() {
  let nowMs = 0;
  let timers: { atMs: number; call: () => void }[] = [];
  return {
    clock: {
      monoMs: () => nowMs,
      wallMs: () => 1_000_000 + nowMs,
      after: (delayMs: number, call: () => void) => {
        const timer = { atMs: nowMs + delayMs, call };
        timers.push(timer);
        return { cancel: () => (timers = timers.filter((each) => each !== timer)) };
      },
    },
    advance: async (ms: number) => {
      const endMs = nowMs + ms;
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        const next = timers.sort((a, b) => a.atMs - b.atMs)[0];
        if (next === undefined || next.atMs > endMs) break;
        timers.shift();
        nowMs = next.atMs;
        next.call();
      }
      nowMs = endMs;
    },
  };
}

test("numbers go on where the log ends, while somebody looks", async () => {
  const { clock, advance } = handClock();
  const stored: { number: number; publishedMs: number }[] = [];
  let wanted = false;
  const publisher = startPublisher({
    clock,
    newest: async () => 41,
    store: async (payload) => {
      stored.push(JSON.parse(new TextDecoder().decode(payload)));
      return true;
    },
    wanted: () => wanted,
  });
  await advance(1_000);
  assert.equal(stored.length, 0);
  wanted = true;
  await advance(numbersIntervalMs * 3);
  await publisher.begun;
  assert.deepEqual(
    stored.map(({ number }) => number),
    [42, 43, 44],
  );
  const times: readonly number[] = stored.map(({ publishedMs }) => publishedMs);
  assert.deepEqual(times.slice(0, 2), [times[0], (times[0] ?? 0) + numbersIntervalMs]);
  await publisher.stop();
  await advance(1_000);
  assert.equal(stored.length, 3);
});

test("a refused entry makes it ask the log again; a slow one is not queued behind", async () => {
  const { clock, advance } = handClock();
  const stored: number[] = [];
  let newest = 7;
  let answers: boolean[] = [true, false];
  const publisher = startPublisher({
    clock,
    newest: async () => newest,
    store: async (payload) => {
      stored.push((JSON.parse(new TextDecoder().decode(payload)) as { number: number }).number);
      return answers.shift() ?? true;
    },
    wanted: () => true,
  });
  await advance(numbersIntervalMs);
  newest = 9;
  await advance(numbersIntervalMs);
  assert.deepEqual(stored, [8, 9, 10]);
  await publisher.stop();
  answers = [];
  let resolve: (ok: boolean) => void = () => {};
  let calls = 0;
  const slow = startPublisher({
    clock,
    newest: async () => 0,
    store: () => {
      calls++;
      return new Promise<boolean>((done) => (resolve = done));
    },
    wanted: () => true,
  });
  await advance(numbersIntervalMs * 10);
  assert.equal(calls, 1);
  resolve(true);
  await slow.stop();
});

test("a pause ends while the client still waits for the answer to its question", () => {
  for (const heartbeatMs of [500, 1_000, 12_000, 60_000]) {
    const asksMs = heartbeatMs * 1.1 + 2_000;
    assert.ok(pauseMsFor(heartbeatMs) > asksMs + 400, `${heartbeatMs}`);
    assert.ok(pauseMsFor(heartbeatMs) < asksMs + probeMsFor(heartbeatMs) - 400, `${heartbeatMs}`);
  }
});

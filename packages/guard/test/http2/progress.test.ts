/** Who takes too little: samples in, verdicts out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget, budgetWindowMs } from "../../src/http2/budget.ts";
import { Prober } from "../../src/http2/prober.ts";
import { Progress } from "../../src/http2/progress.ts";

const limits = { windowStallMs: 1_000, progressBytesMin: 100 };
const waits = (...waiting: readonly (readonly [string, number])[]) =>
  waiting.map(([stream, waitingBytes]) => ({ stream, waitingBytes, full: waitingBytes >= 200 }));

test("a session whose bytes wait is stalled when too few leave", () => {
  const progress = new Progress<string>(limits);
  assert.deepEqual(progress.judge(0, { takenBytes: 500, queuedBytes: 0, waiting: waits(["a", 10]) }), []);
  assert.deepEqual(progress.judge(999, { takenBytes: 599, queuedBytes: 0, waiting: waits(["a", 9]) }), []);
  assert.equal(progress.judge(1_000, { takenBytes: 599, queuedBytes: 0, waiting: waits(["a", 8]) }), "stalled");
});

test("a session that takes enough, or has nothing to take, is not stalled", () => {
  const progress = new Progress<string>(limits);
  for (let i = 0; i < 10; i++) assert.deepEqual(progress.judge(i * 900, { takenBytes: i * 100, queuedBytes: 0, waiting: waits(["a", 1_000_000]) }), []);
  assert.deepEqual(progress.judge(20_000, { takenBytes: 900, queuedBytes: 0, waiting: [] }), []);
  assert.deepEqual(progress.judge(30_000, { takenBytes: 900, queuedBytes: 0, waiting: waits(["b", 5]) }), []);
});

test("bytes that only the socket holds wait as well", () => {
  const progress = new Progress<string>(limits);
  progress.judge(0, { takenBytes: 0, queuedBytes: 70_000, waiting: [] });
  assert.equal(progress.judge(1_000, { takenBytes: 0, queuedBytes: 70_000, waiting: [] }), "stalled");
});

test("more waiting streams have to take more, sixteen at most", () => {
  const streams = (count: number) => waits(...Array.from({ length: count }, (_, i) => [`${i}`, 5_000_000] as const));
  const judged = (count: number, takenBytes: number): unknown => {
    const progress = new Progress<string>(limits);
    progress.judge(0, { takenBytes: 0, queuedBytes: 0, waiting: streams(count) });
    return progress.judge(1_000, { takenBytes, queuedBytes: 0, waiting: streams(count) });
  };
  assert.equal(judged(4, 399), "stalled");
  assert.deepEqual(judged(4, 400), []);
  assert.equal(judged(90, 1_599), "stalled");
  assert.deepEqual(judged(90, 1_600), []);
});

test("a stream stands still only when enough has left for all that wait", () => {
  const progress = new Progress<string>(limits);
  const sample = (takenBytes: number, moving: number) => ({ takenBytes, queuedBytes: 0, waiting: waits(["still", 300], ["moving", 1_000 + moving]) });
  progress.judge(0, sample(0, 1));
  assert.deepEqual(progress.judge(1_000, sample(599, 2)), []);
  assert.deepEqual(progress.judge(1_100, sample(600, 3)), ["still"]);
});

test("a stream that moved, or has less waiting than its host may write ahead, does not stand still", () => {
  const progress = new Progress<string>(limits);
  const sample = (takenBytes: number) => ({ takenBytes, queuedBytes: 0, waiting: waits(["a", 200], ["b", 199]) });
  progress.judge(0, sample(0));
  progress.moved("a");
  assert.deepEqual(progress.judge(1_000, sample(5_000)), []);
  assert.deepEqual(progress.judge(2_000, sample(9_000)), ["a"]);
});

test("a budget begins anew with each window", () => {
  const budget = new Budget(3);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => budget.spend(100)),
    [true, true, true, false],
  );
  assert.equal(budget.spend(100 + budgetWindowMs - 1), false);
  assert.equal(budget.spend(100 + budgetWindowMs), true);
  assert.equal(budget.spend(100 + budgetWindowMs, 3), false);
});

const probing = { pingAfterMs: 100, pingAckMs: 50, progressBytesMin: 10 };

test("who owes nothing is not asked", () => {
  const prober = new Prober(probing, 0);
  prober.explained(0, 40);
  assert.equal(prober.check(10_000, false, 40), "fine");
});

test("who has streams open, or has sent what nothing explains, is asked, and dead without an answer", () => {
  for (const [hasStreams, bytes] of [
    [true, 0],
    [false, 1],
  ] as const) {
    const prober = new Prober(probing, 0);
    assert.equal(prober.check(99, hasStreams, bytes), "fine");
    assert.equal(prober.check(100, hasStreams, bytes), "ask");
    assert.equal(prober.check(149, hasStreams, bytes), "fine");
    assert.equal(prober.check(150, hasStreams, bytes), "dead");
  }
});

test("an answer, or an upload before it, is proof", () => {
  const prober = new Prober(probing, 0);
  assert.equal(prober.check(100, true, 0), "ask");
  assert.equal(prober.check(150, true, 10), "fine");
  prober.explained(160, 27);
  assert.equal(prober.check(259, true, 27), "fine");
  assert.equal(prober.check(260, true, 27), "ask");
});

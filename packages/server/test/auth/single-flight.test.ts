/** Questions in flight: one at a time each, so many at once, a deadline, and what is remembered. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HoldfastError } from "@holdfast/protocol";
import { Lane, SingleFlight } from "../../src/auth/single-flight.ts";
import { virtualEnv } from "../../src/testing/virtual-env.ts";

const newCounters = () => ({ authorizeAsked: 0, authorizeFailed: 0, authorizeLate: 0, authorizeCrowded: 0 });

function world(rules: { concurrencyMax?: number; queueMax?: number; deadlineMs?: number } = {}) {
  const env = virtualEnv(1);
  const counters = newCounters();
  const lane = new Lane({ concurrencyMax: 2, queueMax: 3, deadlineMs: 5_000, ...rules }, { clock: env.clock, rng: env.rng, counters });
  return { env, counters, lane, flight: new SingleFlight<string>(lane, env.clock, 3) };
}

/** Questions that are answered by hand. */
function slow() {
  const open: { resolve: (answer: string) => void; reject: (error: unknown) => void; signal: AbortSignal }[] = [];
  const question = (signal: AbortSignal): Promise<string> => new Promise((resolve, reject) => open.push({ resolve, reject, signal }));
  return { open, question };
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: HoldfastError) => error.code,
  );

describe("a lane", () => {
  it("asks no more at once than it may, and the others in their order", async () => {
    const { lane, counters } = world();
    const { open, question } = slow();
    const order: number[] = [];
    const all = [0, 1, 2, 3, 4].map((i) => lane.ask(question).then(() => order.push(i)));
    await turns();
    assert.deepEqual([open.length, lane.running, counters.authorizeAsked], [2, 2, 2]);
    for (let i = 0; i < 5; i++) {
      open[i]?.resolve("");
      await turns();
      assert.ok(lane.running <= 2);
    }
    await Promise.all(all);
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
  });

  it("refuses what finds no room, for now and with a time", async () => {
    const { lane, counters } = world();
    const { question } = slow();
    const waiting = [0, 1, 2, 3, 4].map(() => codeOf(lane.ask(question)));
    const refused = await lane.ask(question).catch((error: HoldfastError) => error);
    assert.ok(refused instanceof HoldfastError);
    assert.equal(refused.code, "overloaded");
    assert.ok(refused.afterMs !== undefined && refused.afterMs >= 1_000 && refused.afterMs <= 5_000);
    assert.equal(counters.authorizeCrowded, 1);
    assert.equal(waiting.length, 5);
  });

  it("gives up at the deadline, says so to the question, and lets the next one through", async () => {
    const { env, lane, counters } = world({ concurrencyMax: 1 });
    const { open, question } = slow();
    const first = codeOf(lane.ask(question));
    await turns();
    await env.advance(3_000);
    const second = codeOf(lane.ask(question));
    await env.advance(2_000);
    assert.equal(await first, "overloaded");
    assert.equal(open[0]?.signal.aborted, true);
    await turns();
    assert.equal(open.length, 2);
    // An answer that comes after all is nobody's.
    open[0]?.resolve("late");
    open[1]?.resolve("in time");
    assert.equal(await second, "none");
    assert.deepEqual([lane.running, counters.authorizeLate], [0, 1]);
  });

  it("counts the wait for a turn, and never asks what was given up before it", async () => {
    const { env, lane } = world({ concurrencyMax: 1 });
    const { open, question } = slow();
    void codeOf(lane.ask(question));
    const waiting = codeOf(lane.ask(question));
    await env.advance(5_000);
    assert.equal(await waiting, "overloaded");
    await turns();
    assert.equal(open.length, 1);
  });

  it("passes on what a question throws, at once or later", async () => {
    const { lane } = world();
    const thrown = new Error("x");
    await assert.rejects(
      lane.ask(() => {
        throw thrown;
      }),
      thrown,
    );
    await assert.rejects(
      lane.ask(async () => await Promise.reject(thrown)),
      thrown,
    );
    assert.equal(lane.running, 0);
  });
});

describe("a single flight", () => {
  const keep = (): number => 1_000;
  const tag = (answer: string): string => answer;

  it("asks the same question once at a time, and not again while the answer is remembered", async () => {
    const { env, flight } = world();
    const { open, question } = slow();
    const asked = [0, 1, 2].map(() => flight.ask("q", question, keep, tag));
    await turns();
    assert.equal(open.length, 1);
    open[0]?.resolve("yes");
    assert.deepEqual(await Promise.all(asked), ["yes", "yes", "yes"]);
    assert.equal(flight.ask("q", question, keep, tag), "yes");
    await env.advance(1_000);
    assert.ok(flight.ask("q", question, keep, tag) instanceof Promise);
  });

  it("remembers no failure, neither as yes nor as no", async () => {
    const { flight } = world();
    await assert.rejects(async () => await flight.ask("q", () => Promise.reject(new Error("down")), keep, tag));
    assert.equal(flight.size, 0);
    assert.equal(await flight.ask("q", () => "yes", keep, tag), "yes");
  });

  it("forgets the least recently used first", async () => {
    const { flight } = world();
    for (const key of ["a", "b", "c"]) await flight.ask(key, () => key, keep, tag);
    assert.equal(
      flight.ask("a", () => "", keep, tag),
      "a",
    );
    await flight.ask("d", () => "d", keep, tag);
    assert.equal(flight.size, 3);
    assert.equal(
      flight.ask("a", () => "anew", keep, tag),
      "a",
    );
    assert.equal(await flight.ask("b", () => "anew", keep, tag), "anew");
  });

  it("forgets by tag, also what was asked before and is answered after", async () => {
    const { flight } = world();
    await flight.ask("a", () => "alice", keep, tag);
    await flight.ask("b", () => "bob", keep, tag);
    const { open, question } = slow();
    const flying = flight.ask("c", question, keep, tag);
    await turns();
    flight.forget("alice");
    open[0]?.resolve("alice");
    await flying;
    assert.equal(flight.size, 1);
    assert.equal(
      flight.ask("b", () => "", keep, tag),
      "bob",
    );
  });
});

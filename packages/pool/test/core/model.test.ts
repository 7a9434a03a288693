/**
 * The property of Pool<T>: whatever is done to it in whatever order, the bookkeeper of model.ts finds no fault. Failures print seed and path.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { PoolEnd } from "../../src/ends.ts";
import { Bookkeeper } from "./model.ts";

type Step =
  | { readonly type: "acquire"; readonly timeoutMs: number }
  | { readonly type: "tryAcquire" }
  | { readonly type: "abort" | "lose" | "closed"; readonly at: number }
  | { readonly type: "release"; readonly at: number; readonly end: PoolEnd | undefined; readonly keepMs: number | null }
  | { readonly type: "open" | "answer"; readonly at: number; readonly works: boolean }
  | { readonly type: "resize"; readonly max: number }
  | { readonly type: "advance" | "stall"; readonly ms: number }
  /** The next step comes before anything that waits for promises has happened. */
  | { readonly type: "at once" };

const at = fc.nat(7);
const works = fc.integer({ min: 0, max: 9 }).map((n) => n < 7);
const stepOf: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant("acquire" as const), timeoutMs: fc.constantFrom(50, 1_000, 20_000) }) },
  { weight: 2, arbitrary: fc.constant({ type: "tryAcquire" as const }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom("abort" as const, "lose" as const), at }) },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("release" as const),
      at,
      end: fc.constantFrom(undefined, undefined, undefined, undefined, "server_closed" as const, "caller_broke_it" as const),
      keepMs: fc.constantFrom(null, null, null, 0, 300, 4_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("closed" as const), at }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant("open" as const), at, works }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("answer" as const), at, works }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("resize" as const), max: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("advance" as const), ms: fc.constantFrom(1, 60, 400, 3_000, 11_000) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("stall" as const), ms: fc.constantFrom(1, 90, 400, 11_000) }) },
  { weight: 3, arbitrary: fc.constant({ type: "at once" as const }) },
);

const required = {
  max: fc.integer({ min: 1, max: 4 }),
  queueMax: fc.constantFrom(0, 2, 1_000),
  idleMs: fc.constantFrom(500, 10_000),
  ageMs: fc.constantFrom(2_000, 60_000),
  requestsMax: fc.constantFrom(2, "never" as const),
  checkAfterIdleMs: fc.constantFrom(100, "never" as const),
  checkTimeoutMs: fc.constant(200),
  connectTimeoutMs: fc.constantFrom(300, 10_000),
  leakMs: fc.constantFrom("never" as const, 1_000),
};
const optionsOf = fc.record({ ...required, idleMax: fc.constantFrom(0, 1) }, { requiredKeys: Object.keys(required) as (keyof typeof required)[] });

async function take(keeper: Bookkeeper, step: Step): Promise<void> {
  switch (step.type) {
    case "acquire":
      return keeper.acquire(step.timeoutMs);
    case "tryAcquire":
      return keeper.tryAcquire();
    case "abort":
      return keeper.waiting[step.at % Math.max(1, keeper.waiting.length)]?.abort.abort();
    case "release":
      return keeper.release(step.at, step.end, step.keepMs);
    case "lose":
      return keeper.lose(step.at);
    case "closed":
      return keeper.closings.splice(step.at % Math.max(1, keeper.closings.length), 1)[0]?.();
    case "open":
      return keeper.settleOpening(step.at, step.works);
    case "answer":
      return keeper.answer(step.at, step.works);
    case "resize":
      return keeper.pool.resize(step.max);
    case "advance":
      return keeper.env.advance(step.ms);
    case "stall":
      return keeper.env.stall(step.ms);
    case "at once":
      return;
    default:
      return step satisfies never;
  }
}

describe("Pool<T>, whatever is done to it", () => {
  it("keeps its maximum, its order and its books, and lets nobody wait in vain", async () => {
    let served = 0;
    const property = fc.asyncProperty(optionsOf, fc.nat(), fc.array(stepOf, { maxLength: 80, size: "max" }), async (options, seed, steps) => {
      const keeper = new Bookkeeper(options, seed);
      for (const [number, step] of steps.entries()) {
        await take(keeper, step);
        if (step.type === "at once" || step.type === "stall" || steps[number + 1]?.type === "at once") continue;
        await keeper.env.advance(0);
        keeper.check();
      }
      await keeper.env.advance(0);
      keeper.check();
      if (seed % 2 === 0) await keeper.heal();
      served += keeper.pool.stats().reused;
      await keeper.end();
    });
    await fc.assert(property, { numRuns: Number(process.env["POOL_MODEL_RUNS"] ?? 400) });
    assert.ok(served > 100, `the steps reuse connections: ${served}`);
  });
});

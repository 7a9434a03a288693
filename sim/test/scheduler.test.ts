import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Random } from "../random.ts";
import { Scheduler } from "../scheduler.ts";
import { SimProcess } from "../sim-process.ts";

describe("virtual time", () => {
  it("runs events by time, and those of one moment in the order of their making", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }), async (times) => {
        const scheduler = new Scheduler();
        const ran: { readonly atMs: number; readonly made: number }[] = [];
        for (const [made, atMs] of times.entries()) scheduler.at(atMs, () => ran.push({ atMs: scheduler.nowMs, made }));
        await scheduler.run(100);
        assert.deepEqual(
          ran,
          times.map((atMs, made) => ({ atMs, made })).toSorted((a, b) => a.atMs - b.atMs || a.made - b.made),
        );
        assert.equal(scheduler.nowMs, 100);
      }),
      { numRuns: 50 },
    );
  });

  it("runs every promise job before the next event, however long the chain", async () => {
    const scheduler = new Scheduler();
    const order: string[] = [];
    scheduler.at(1, () => {
      let chain = Promise.resolve();
      for (let i = 0; i < 1_000; i++) chain = chain.then(() => {});
      void chain.then(() => order.push("end of the chain"));
    });
    scheduler.at(1, () => order.push("next event"));
    await scheduler.run(2);
    assert.deepEqual(order, ["end of the chain", "next event"]);
  });

  it("leaves out what was taken back, and stops when told to", async () => {
    const scheduler = new Scheduler();
    const ran: number[] = [];
    const second = scheduler.at(2, () => ran.push(2));
    for (const atMs of [1, 3, 4]) scheduler.at(atMs, () => ran.push(atMs));
    second.cancel();
    await scheduler.run(10, () => ran.length === 2);
    assert.deepEqual(ran, [1, 3]);
    assert.equal(scheduler.nowMs, 3);
  });

  it("rejects with what an event throws", async () => {
    const scheduler = new Scheduler();
    scheduler.at(1, () => {
      throw new RangeError("thrown");
    });
    await assert.rejects(scheduler.run(2), RangeError);
  });
});

function scene(): { scheduler: Scheduler; process: SimProcess; ran: string[] } {
  const scheduler = new Scheduler();
  return { scheduler, process: new SimProcess("p", scheduler, Random.ofSeed(1)), ran: [] };
}

describe("a simulated process", () => {
  it("fires no timer early, and none that was taken back", async () => {
    const { scheduler, process, ran } = scene();
    const { clock } = process.env;
    clock.after(10, () => ran.push(`fired ${clock.monoMs() >= 10}`));
    clock.after(5, () => ran.push("taken back")).cancel();
    await scheduler.run(20);
    assert.deepEqual(ran, ["fired true"]);
  });

  it("runs nothing while frozen and everything in order afterwards, its clocks going on", async () => {
    const { scheduler, process, ran } = scene();
    const { clock } = process.env;
    clock.after(5, () => ran.push(`timer at ${Math.round(clock.monoMs())}`));
    scheduler.at(1, () => process.freeze(50));
    scheduler.at(2, () => process.enter(() => ran.push("first")));
    scheduler.at(20, () => process.freeze(80));
    scheduler.at(30, () => process.enter(() => ran.push("second")));
    scheduler.at(60, () => assert.deepEqual(ran, []));
    await scheduler.run(200);
    assert.deepEqual(ran, ["first", "timer at 100", "second"]);
  });

  it("stops its monotonic clock while it sleeps, and its wall clock not", async () => {
    const { scheduler, process, ran } = scene();
    const { clock } = process.env;
    const wallMs = clock.wallMs();
    clock.after(30, () => ran.push(`mono ${Math.round(clock.monoMs())}, wall ${Math.round((clock.wallMs() - wallMs) / 10) * 10}`));
    scheduler.at(10, () => process.sleep(1_000));
    await scheduler.run(2_000);
    assert.deepEqual(ran, ["mono 30, wall 1030"]);
  });

  it("runs nothing after it was killed", async () => {
    const { scheduler, process, ran } = scene();
    process.env.clock.after(5, () => ran.push("timer"));
    process.env.soon(() => ran.push("soon"));
    process.kill();
    process.enter(() => ran.push("entered"));
    await scheduler.run(10);
    assert.deepEqual(ran, []);
  });

  it("keeps the order of turns that were asked for", async () => {
    const { scheduler, process, ran } = scene();
    for (let i = 0; i < 20; i++) process.env.soon(() => ran.push(String(i)));
    await scheduler.run(10);
    assert.deepEqual(
      ran,
      Array.from({ length: 20 }, (_, i) => String(i)),
    );
  });
});

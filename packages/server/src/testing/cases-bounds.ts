/**
 * Bounds and the end: whatever grows is refused with a code at its limit, and a stopped engine leaves nothing behind.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HoldfastError } from "@holdfast/protocol";
import type { AppendRequest } from "../engine.ts";
import { codeOf, type EngineSubject, engineCase, eventually, json, Run } from "./subject.ts";

export function boundCases(subject: EngineSubject): void {
  describe("bounds", () => {
    fullCases(subject);
  });
  stopCases(subject);
}

function fullCases(subject: EngineSubject): void {
  engineCase(
    subject,
    "one stream too many is refused; those that are there go on",
    async (run) => {
      for (const stream of ["a", "b", "c"]) await run.add(stream, ["1"]);
      assert.equal(codeOf(await run.try({ stream: "d", entries: [json("1")] })), "too_many_streams");
      assert.equal(codeOf(await run.try({ stream: "d", entries: [], close: true })), "too_many_streams");
      assert.equal(await run.engine.head("d"), null);
      await run.add("a", ["2"]);
      const results = await run.engine.append([
        { stream: "e", entries: [json("1")] },
        { stream: "c", entries: [json("2")] },
      ]);
      assert.deepEqual(results.map(codeOf), ["too_many_streams", ""]);
    },
    { options: { streamsMax: 3 } },
  );

  engineCase(
    subject,
    "of a flood of appends each one is either in the log once, or refused as busy with a time to come back",
    async (run) => {
      const payload = Buffer.alloc(20_000, "x");
      const results = (
        await Promise.all(Array.from({ length: 400 }, (_, i) => run.engine.append([{ stream: "a", entries: [{ format: "bytes", payload, key: `${i}` }] }])))
      ).flat();
      const accepted = results.flatMap((result, i) => (result.ok ? [`${i}`] : []));
      for (const result of results) assert.ok(result.ok || (result.code === "engine_busy" && (result.afterMs ?? 0) > 0));
      assert.deepEqual(
        (await run.log("a")).map(({ key }) => key),
        accepted,
      );
      await eventually("the engine takes appends again", async () => codeOf(await run.try({ stream: "a", entries: [json("1")] })) === "");
    },
    { options: { writeQueueBytesMax: 1_000_000, writeQueueRequestsMax: 100 } },
  );

  engineCase(
    subject,
    "a batch larger than the queue is taken when nothing else waits",
    async (run) => {
      const batch = Array.from({ length: 500 }, (_, i): AppendRequest => ({ stream: "a", entries: [json(`${i}`)] }));
      const results = await run.engine.append(batch);
      assert.ok(results.every(({ ok }) => ok));
      assert.equal((await run.log("a")).length, 500);
    },
    { options: { writeQueueRequestsMax: 10, commitRequestsMax: 50 } },
  );
}

function stopCases(subject: EngineSubject): void {
  describe("start and stop", () => {
    engineCase(subject, "an engine says that it is well", async (run) => {
      assert.equal(run.engine.health().state, "ok");
      const { caps } = run.engine;
      assert.ok(["none", "process", "fsync"].includes(caps.durability));
      assert.ok(Number.isSafeInteger(caps.staleMsMax) && caps.staleMsMax >= 0);
    });

    it("a stopped engine refuses everything, and can be stopped again", async () => {
      const run = await Run.start(subject);
      await run.add("a", ["1"]);
      await run.engine.stop();
      await run.engine.stop();
      assert.equal(codeOf(await run.try({ stream: "a", entries: [json("2")] })), "storage_failed");
      const failed = (error: unknown): boolean => error instanceof HoldfastError && error.code === "storage_failed";
      await assert.rejects(run.engine.read("a", { from: { afterSeq: 0 }, entriesMax: 1, bytesMax: 1 }), failed);
      await assert.rejects(run.engine.head("a"), failed);
      await assert.rejects(run.engine.list({ limit: 1 }), failed);
      await assert.rejects(run.engine.start(), failed);
      assert.equal(run.engine.health().state, "down");
      await run.site.close();
    });

    it("an engine that was never started refuses everything, and can be stopped", async () => {
      const site = await subject.site({});
      const engine = site.open();
      assert.equal(codeOf((await engine.append([{ stream: "a", entries: [json("1")] }]))[0]), "storage_failed");
      assert.equal(engine.health().state, "down");
      await engine.stop();
      await site.close();
    });

    it("appends under way are finished by a stop", async () => {
      const run = await Run.start(subject);
      const appends = Array.from({ length: 50 }, (_, i) => run.engine.append([{ stream: "a", entries: [json(`${i}`)] }]));
      await run.engine.stop();
      for (const [result] of await Promise.all(appends)) assert.equal(codeOf(result), "");
      await run.site.close();
    });

    storageCases(subject);
  });
}

function storageCases(subject: EngineSubject): void {
  it("a second engine on the same storage is refused, clearly, and the first goes on", async () => {
    const run = await Run.start(subject);
    const second = run.site.open();
    await assert.rejects(second.start(), (error: unknown) => error instanceof HoldfastError && error.code === "storage_failed");
    await second.stop();
    await run.add("a", ["1"]);
    await run.end();
  });

  it("nothing stays behind: no timers, no handles, no threads", async () => {
    const before = process.getActiveResourcesInfo().sort().join();
    for (let i = 0; i < 5; i++) {
      const run = await Run.start(subject);
      await run.engine.listen("a");
      await Promise.all([run.add("a", ["1"]), run.engine.read("a", { from: { afterSeq: 0 }, entriesMax: 1, bytesMax: 1 })]);
      await run.engine.stop();
      if (subject.clock) assert.equal(run.site.pendingTimers?.(), 0);
      await run.site.close();
    }
    await eventually(
      "all handles are closed",
      () =>
        process
          .getActiveResourcesInfo()
          .filter((name) => name !== "Immediate")
          .sort()
          .join() === before || process.getActiveResourcesInfo().length <= before.split(",").length,
    );
  });
}

/**
 * Order and atomicity: one chain of entries per stream, requests whole and in order, results by index.
 */
import assert from "node:assert/strict";
import { describe } from "node:test";
import type { AppendRequest, AppendResult } from "../engine.ts";
import { codeOf, type EngineSubject, engineCase, json, seqsOf, textOf } from "./subject.ts";

export function orderCases(subject: EngineSubject): void {
  describe("order", () => {
    chainCases(subject);
    concurrencyCases(subject);
  });
}

function chainCases(subject: EngineSubject): void {
  engineCase(subject, "each entry names the one before it, the first names 0", async (run) => {
    for (let i = 0; i < 50; i++) await run.add("a", [`${i}`]);
    const entries = await run.log("a");
    let prev = 0;
    for (const entry of entries) {
      assert.equal(entry.prev, prev);
      assert.ok(entry.seq > prev);
      if (run.engine.caps.contiguousSeq) assert.equal(entry.seq, prev + 1);
      prev = entry.seq;
    }
    assert.deepEqual(
      entries.map(textOf),
      Array.from({ length: 50 }, (_, i) => `${i}`),
    );
    assert.equal((await run.head("a")).last, prev);
  });

  engineCase(subject, "an append returns the position of each of its entries", async (run) => {
    await run.add("a", ["0"]);
    const result = await run.add("a", ["1", "2", "3"]);
    const entries = await run.log("a");
    assert.deepEqual(
      result.cursors,
      entries.slice(1).map(({ epoch, seq }) => ({ epoch, seq })),
    );
    assert.equal(result.head, entries.at(-1)?.seq);
    assert.equal(result.duplicate, false);
  });

  engineCase(subject, "results stand at the index of their request, and a bad one harms no other", async (run) => {
    await run.add("ended", ["0"], { close: true });
    const batch: AppendRequest[] = [
      { stream: "a", entries: [json("1")] },
      { stream: "ended", entries: [json("x")] },
      { stream: "b", entries: [json("2"), json("3")] },
      { stream: "a", entries: [json("4")], producer: { id: "p", epoch: 0, seq: 7 } },
      { stream: "a", entries: [json("5")] },
    ];
    const results = await run.engine.append(batch);
    assert.deepEqual(results.map(codeOf), ["", "stream_closed", "", "out_of_order", ""]);
    assert.equal(seqsOf(results[2] as AppendResult).length, 2);
    assert.deepEqual(await run.texts("a"), ["1", "5"]);
    assert.deepEqual(await run.texts("b"), ["2", "3"]);
    assert.deepEqual(await run.texts("ended"), ["0"]);
  });

  engineCase(subject, "an empty batch has no results", async (run) => {
    assert.deepEqual(await run.engine.append([]), []);
  });

  engineCase(subject, "requests of one batch are applied in its order", async (run) => {
    const batch = Array.from({ length: 100 }, (_, i): AppendRequest => ({ stream: i % 3 === 0 ? "a" : "b", entries: [json(`${i}`)] }));
    await run.engine.append(batch);
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    assert.deepEqual(await run.texts("a"), numbers.filter((i) => i % 3 === 0).map(String));
    assert.deepEqual(await run.texts("b"), numbers.filter((i) => i % 3 !== 0).map(String));
  });
}

function concurrencyCases(subject: EngineSubject): void {
  engineCase(subject, "appends under way at once never mix their entries, and none is lost or doubled", async (run) => {
    const width = 7;
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        run.add(
          "a",
          Array.from({ length: width }, (_, k) => `${i}.${k}`),
        ),
      ),
    );
    const entries = await run.log("a");
    assert.equal(entries.length, 200 * width);
    for (let at = 0; at < entries.length; at += width) {
      const group = entries.slice(at, at + width);
      const owner = textOf(group[0] as (typeof entries)[number]).split(".")[0];
      assert.deepEqual(
        group.map(textOf),
        Array.from({ length: width }, (_, k) => `${owner}.${k}`),
      );
      assert.deepEqual(
        group.map(({ seq }) => seq),
        seqsOf(results[Number(owner)] as AppendResult),
      );
    }
  });

  engineCase(subject, "appends of one caller keep the order in which they were called", async (run) => {
    await Promise.all(Array.from({ length: 300 }, (_, i) => run.add("a", [`${i}`])));
    assert.deepEqual(
      await run.texts("a"),
      Array.from({ length: 300 }, (_, i) => `${i}`),
    );
  });

  engineCase(subject, "format, key, time and payload come back as they went in", async (run) => {
    await run.try({
      stream: "a",
      entries: [
        { format: "bytes", payload: Uint8Array.of(0, 255, 128), key: "clé/1" },
        { format: "json", payload: Buffer.from("{}") },
      ],
    });
    const [first, second] = await run.log("a");
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(first.format, "bytes");
    assert.equal(first.key, "clé/1");
    assert.deepEqual([...first.payload], [0, 255, 128]);
    assert.equal(second.format, "json");
    assert.equal("key" in second, false);
    assert.ok(Number.isSafeInteger(first.timeMs) && first.timeMs > 0);
    assert.equal(second.timeMs, first.timeMs);
  });
}

/**
 * Retention: the oldest go, the head says so, and nothing else changes.
 */
import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Head } from "../engine.ts";
import { locate } from "../epochs.ts";
import { codeOf, type EngineSubject, engineCase, eventuallyLater, json, type Run, textOf } from "./subject.ts";

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `${from + i}`);

export function retentionCases(subject: EngineSubject): void {
  describe("retention", () => {
    engineCase(
      subject,
      "no more than `entriesMax` entries stay, the newest ones",
      async (run) => {
        const before = await run.add("a", numbers(0, 25));
        await run.add("a", numbers(25, 30));
        await eventuallyLater(run, "trimmed", async () => (await run.head("a")).entries <= 10);
        assert.deepEqual(await run.texts("a"), numbers(20, 30));
        await isCoherent(run, "a");
        assert.equal((await run.head("a")).firstPrev, before.cursors?.[19]?.seq);
      },
      { policies: [{ pattern: "**", entriesMax: 10 }] },
    );

    engineCase(
      subject,
      "no more than `bytesMax` payload bytes stay",
      async (run) => {
        for (let i = 0; i < 40; i++) await run.try({ stream: "a", entries: [{ format: "bytes", payload: new Uint8Array(100).fill(i) }] });
        await eventuallyLater(run, "trimmed", async () => (await run.head("a")).bytes <= 1_050);
        const entries = await run.log("a");
        assert.deepEqual(
          entries.map(({ payload }) => payload[0]),
          numbers(30, 40).map(Number),
        );
        await isCoherent(run, "a");
      },
      { policies: [{ pattern: "**", bytesMax: 1_050 }] },
    );

    engineCase(
      subject,
      "a long log that grows stays within its limits",
      async (run) => {
        for (let i = 0; i < 30; i++) await run.add("a", numbers(i * 100, i * 100 + 100));
        await eventuallyLater(run, "trimmed", async () => (await run.head("a")).entries <= 1_000);
        const texts = await run.texts("a");
        assert.deepEqual(texts, numbers(2_000, 3_000));
        await isCoherent(run, "a");
      },
      { policies: [{ pattern: "**", entriesMax: 1_000 }] },
    );

    policyCases(subject);
    if (subject.clock) ageCases(subject);
    if (subject.clock) forgetCases(subject);
    if (subject.restart) epochCases(subject);
  });
}

function policyCases(subject: EngineSubject): void {
  engineCase(
    subject,
    "the first policy that matches decides alone",
    async (run) => {
      for (const stream of ["keep/a", "cut/a", "cut/deep/a", "other"]) await run.add(stream, numbers(0, 20));
      await eventuallyLater(run, "trimmed", async () => (await run.head("cut/a")).entries === 5 && (await run.head("other")).entries === 8);
      assert.equal((await run.head("keep/a")).entries, 20);
      assert.equal((await run.head("cut/deep/a")).entries, 5);
    },
    { policies: [{ pattern: "keep/*" }, { pattern: "cut/**", entriesMax: 5 }, { pattern: "**", entriesMax: 8 }] },
  );

  engineCase(
    subject,
    "what is returned from a trimmed log begins after `firstPrev`, wherever one asks from",
    async (run) => {
      const { cursors } = await run.add("a", numbers(0, 20));
      await run.add("a", ["20"]);
      await eventuallyLater(run, "trimmed", async () => (await run.head("a")).entries <= 5);
      const { entries, head } = await run.engine.read("a", { from: { afterSeq: cursors?.[2]?.seq ?? 0 }, entriesMax: 100, bytesMax: 10_000 });
      assert.ok(head !== null);
      assert.equal(entries[0]?.prev, head.firstPrev);
      assert.deepEqual(entries.map(textOf), numbers(16, 21));
      assert.deepEqual((await run.engine.read("a", { from: { last: 50 }, entriesMax: 100, bytesMax: 10_000 })).entries.map(textOf), numbers(16, 21));
      const trimmed = locate(head, cursors?.[2] ?? { epoch: "", seq: 1 });
      assert.deepEqual(trimmed, { ok: false, reason: "trimmed", continueAfter: head.firstPrev });
      assert.deepEqual(locate(head, cursors?.[15] ?? { epoch: "", seq: 1 }), { ok: true, seq: head.firstPrev });
    },
    { policies: [{ pattern: "**", entriesMax: 5 }] },
  );
}

function ageCases(subject: EngineSubject): void {
  engineCase(
    subject,
    "entries go at their age, also from a stream that nobody touches, and the head stays",
    async (run) => {
      await run.add("a", ["1", "2"]);
      await run.site.advance?.(3_000);
      const { head: last } = await run.add("a", ["3"]);
      await run.add("other/a", ["1"]);
      await run.site.advance?.(3_000);
      await eventuallyLater(run, "the older go", async () => (await run.head("a")).entries <= 1);
      await eventuallyLater(run, "all go", async () => (await run.head("a")).entries === 0);
      const head = await run.head("a");
      assert.deepEqual([head.last, head.firstPrev, head.bytes], [last, last, 0]);
      assert.deepEqual(await run.texts("a"), []);
      assert.equal((await run.head("other/a")).entries, 1);
      await run.add("a", ["4"]);
      const [entry] = await run.log("a");
      assert.equal(entry?.prev, last);
      await isCoherent(run, "a");
    },
    { policies: [{ pattern: "*", ageMs: 5_000 }] },
  );

  engineCase(
    subject,
    "a reader who had all of a log that is empty by now has no gap",
    async (run) => {
      const { cursors } = await run.add("a", ["1", "2"]);
      await run.site.advance?.(10_000);
      await eventuallyLater(run, "all go", async () => (await run.head("a")).entries === 0);
      assert.deepEqual(locate(await run.head("a"), cursors?.[1] ?? { epoch: "", seq: 1 }), { ok: true, seq: cursors?.[1]?.seq });
      assert.equal(locate(await run.head("a"), cursors?.[0] ?? { epoch: "", seq: 1 }).ok, false);
    },
    { policies: [{ pattern: "**", ageMs: 5_000 }] },
  );
}

function forgetCases(subject: EngineSubject): void {
  const forgetful = { policies: [{ pattern: "**", ageMs: 1_000 }], options: { forgetMs: 60_000, producerExpiryMs: 30_000, dedupeWindowMs: 10_000 } };
  engineCase(
    subject,
    "a stream that holds nothing for long is forgotten; its name begins anew under another epoch",
    async (run) => {
      const before = await run.add("a", ["1", "2"], { close: true });
      const other = await run.add("b", ["1"]);
      await run.site.advance?.(120_000);
      await eventuallyLater(run, "forgotten", async () => (await run.engine.head("a")) === null);
      const after = await run.add("a", ["3", "4", "5"]);
      const old = before.cursors?.[1];
      assert.ok(old !== undefined);
      assert.notEqual(after.cursors?.[0]?.epoch, old.epoch);
      const located = locate(await run.head("a"), old);
      assert.deepEqual(located, { ok: false, reason: "epoch", continueAfter: 0 });
      // Nothing of this touches a stream that was not forgotten in between.
      assert.ok(other.cursors !== null);
    },
    forgetful,
  );

  engineCase(
    subject,
    "a stream that holds nothing is not forgotten before its producers are",
    async (run) => {
      const request = { stream: "a", entries: [json("1")], producer: { id: "p", epoch: 0, seq: 0 } };
      await run.try(request);
      await run.site.advance?.(50_000);
      const again = await run.try(request);
      assert.ok(again.ok && again.duplicate);
    },
    { policies: [{ pattern: "**", ageMs: 1_000 }], options: { forgetMs: 1_000, producerExpiryMs: 60_000, dedupeWindowMs: 1_000 } },
  );
}

function epochCases(subject: EngineSubject): void {
  engineCase(
    subject,
    "trimming within an epoch keeps it, and the one that wrote `firstPrev` is never left out",
    async (run) => {
      const firsts: string[] = [];
      for (let era = 0; era < 6; era++) {
        const { cursors } = await run.add("a", numbers(era * 4, era * 4 + 4));
        firsts.push(cursors?.[0]?.epoch ?? "");
        const head = await run.head("a");
        const { epochs } = head;
        assert.equal(epochs.at(-1)?.epoch, firsts.at(-1));
        await isCoherent(run, "a");
        await run.restart();
      }
      assert.equal(new Set(firsts).size, 6);
      const head = await run.head("a");
      // Six entries are held: all of the last era's and two of the one before, which also wrote what was removed last.
      assert.deepEqual(
        head.epochs.map(({ epoch }) => epoch),
        firsts.slice(4),
      );
      assert.deepEqual(
        (await run.log("a")).map(({ epoch }) => epoch),
        [firsts[4], firsts[4], firsts[5], firsts[5], firsts[5], firsts[5]],
      );
    },
    { policies: [{ pattern: "**", entriesMax: 6 }] },
  );

  engineCase(
    subject,
    "engine starts remembered per stream are bounded: the entries of older ones go",
    async (run) => {
      for (let era = 0; era < 8; era++) {
        await run.add("a", [`${era}`]);
        await run.restart();
      }
      const head = await run.head("a");
      assert.ok(head.epochs.length <= 4, `${head.epochs.length} epochs`);
      assert.deepEqual((await run.texts("a")).at(-1), "7");
      assert.ok(head.entries >= 2);
      await isCoherent(run, "a");
    },
    { options: { epochsMax: 3 } },
  );

  engineCase(
    subject,
    "what was removed, and what is remembered of it, outlives a restart",
    async (run) => {
      await run.add("a", numbers(0, 20));
      await run.add("a", ["20"]);
      await eventuallyLater(run, "trimmed", async () => (await run.head("a")).entries <= 5);
      const before = await run.head("a");
      await run.restart();
      assert.deepEqual(await run.head("a"), before);
      assert.deepEqual(await run.texts("a"), numbers(16, 21));
      assert.equal(codeOf(await run.try({ stream: "a", entries: [json("21")] })), "");
      assert.equal((await run.log("a")).at(-1)?.prev, before.last);
    },
    { policies: [{ pattern: "**", entriesMax: 5 }] },
  );
}

/** Fails unless a head and its log tell the same story. */
async function isCoherent(run: Run, stream: string): Promise<void> {
  const { head, entries } = await run.engine.read(stream, { from: { afterSeq: 0 }, entriesMax: 10_000, bytesMax: 100_000_000 });
  assert.ok(head !== null);
  const bytes = entries.reduce((sum, { payload }) => sum + payload.byteLength, 0);
  assert.deepEqual([head.entries, head.bytes], [entries.length, bytes]);
  let prev = head.firstPrev;
  for (const entry of entries) {
    assert.equal(entry.prev, prev);
    assert.equal(entry.epoch, epochIn(head, entry.seq));
    prev = entry.seq;
  }
  assert.equal(prev, head.last);
  if (head.firstPrev > 0) assert.ok((head.epochs[0]?.firstSeq ?? Number.POSITIVE_INFINITY) <= head.firstPrev, "the epoch of `firstPrev` is known");
}

const epochIn = (head: Head, seq: number): string => head.epochs.findLast(({ firstSeq }) => firstSeq <= seq)?.epoch ?? "";

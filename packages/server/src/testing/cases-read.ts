/**
 * Reads: pages, ranges, heads of the same snapshot, lists.
 */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { HoldfastError } from "@holdfast/protocol";
import type { ReadResult } from "../engine.ts";
import { type EngineSubject, engineCase, json, type Run, seqsOf, textOf } from "./subject.ts";

const wide = { entriesMax: 1_000, bytesMax: 1_000_000 };

export function readCases(subject: EngineSubject): void {
  describe("read", () => {
    rangeCases(subject);
    snapshotCases(subject);
  });

  listCases(subject);
}

function rangeCases(subject: EngineSubject): void {
  engineCase(subject, "a log that was never written has no head and no entries", async (run) => {
    assert.deepEqual(await run.engine.read("none", { from: { afterSeq: 0 }, ...wide }), { head: null, entries: [], more: false });
    assert.deepEqual(await run.engine.read("none", { from: { last: 5 }, ...wide }), { head: null, entries: [], more: false });
    assert.equal(await run.engine.head("none"), null);
  });

  engineCase(subject, "from any number on come the entries after it, whether it is an entry's or not", async (run) => {
    const seqs = seqsOf(await run.add("a", ["0", "1", "2", "3", "4", "5"]));
    const last = seqs.at(-1) as number;
    for (let after = 0; after <= last + 2; after++) {
      const { entries, more } = await run.engine.read("a", { from: { afterSeq: after }, ...wide });
      assert.deepEqual(
        entries.map(({ seq }) => seq),
        seqs.filter((seq) => seq > after),
      );
      assert.equal(more, false);
    }
  });

  engineCase(subject, "pages by count meet without hole or overlap, and only the last one says that there is no more", async (run) => {
    await run.add(
      "a",
      Array.from({ length: 25 }, (_, i) => `${i}`),
    );
    assert.deepEqual(await pages(run, (afterSeq) => ({ from: { afterSeq }, entriesMax: 10, bytesMax: 1_000_000 })), [10, 10, 5]);
    assert.deepEqual(await pages(run, (afterSeq) => ({ from: { afterSeq }, entriesMax: 25, bytesMax: 1_000_000 })), [25]);
  });

  engineCase(subject, "a page by bytes stops before the entry that would pass the bound, and has one entry at least", async (run) => {
    await run.try({ stream: "a", entries: [100, 100, 100, 500, 1, 0, 0].map((bytes) => ({ format: "bytes", payload: new Uint8Array(bytes) })) });
    assert.deepEqual(await pages(run, (afterSeq) => ({ from: { afterSeq }, entriesMax: 100, bytesMax: 200 })), [2, 1, 1, 3]);
    assert.deepEqual(await pages(run, (afterSeq) => ({ from: { afterSeq }, entriesMax: 100, bytesMax: 1 })), [1, 1, 1, 1, 3]);
  });

  engineCase(subject, "nothing beyond `throughSeq` is returned, and that is not called more", async (run) => {
    const seqs = seqsOf(await run.add("a", ["0", "1", "2", "3"]));
    const through = seqs[1] as number;
    const bounded = await run.engine.read("a", { from: { afterSeq: 0 }, throughSeq: through, ...wide });
    assert.deepEqual(bounded.entries.map(textOf), ["0", "1"]);
    assert.equal(bounded.more, false);
    const short = await run.engine.read("a", { from: { afterSeq: 0 }, throughSeq: through, entriesMax: 1, bytesMax: 1_000 });
    assert.equal(short.more, true);
    const none = await run.engine.read("a", { from: { afterSeq: through }, throughSeq: through, ...wide });
    assert.deepEqual([none.entries.length, none.more], [0, false]);
  });

  engineCase(subject, "the newest n are returned oldest first; a page of them begins with the oldest", async (run) => {
    await run.add("a", ["0", "1", "2", "3", "4"]);
    const last = async (n: number, entriesMax = 100): Promise<readonly [string[], boolean]> => {
      const { entries, more } = await run.engine.read("a", { from: { last: n }, entriesMax, bytesMax: 1_000 });
      return [entries.map(textOf), more];
    };
    assert.deepEqual(await last(2), [["3", "4"], false]);
    assert.deepEqual(await last(99), [["0", "1", "2", "3", "4"], false]);
    assert.deepEqual(await last(0), [[], false]);
    assert.deepEqual(await last(4, 2), [["1", "2"], true]);
  });
}

function snapshotCases(subject: EngineSubject): void {
  engineCase(subject, "a page and its head are of one moment while appends go on", async (run) => {
    let writing = true;
    const writer = (async () => {
      for (let i = 0; i < 150; i++) await run.add("a", ["x", "y"]);
      writing = false;
    })();
    let reads = 0;
    while (writing) {
      const { head, entries, more } = await run.engine.read("a", { from: { afterSeq: 0 }, ...wide });
      reads++;
      if (head === null) continue;
      assert.equal(more, false);
      assert.equal(entries.at(-1)?.seq, head.last);
      assert.equal(entries.length, head.entries);
      assert.equal(entries.length % 2, 0, "half an append is never seen");
      assert.equal(
        entries.reduce((bytes, { payload }) => bytes + payload.byteLength, 0),
        head.bytes,
      );
    }
    await writer;
    assert.ok(reads > 1);
  });

  engineCase(subject, "what was acknowledged is read at once", async (run) => {
    for (let i = 0; i < 30; i++) {
      const [seq] = seqsOf(await run.add("a", [`${i}`]));
      const { entries } = await run.engine.read("a", { from: { last: 1 }, ...wide });
      assert.equal(entries[0]?.seq, seq);
    }
  });

  engineCase(subject, "reads beyond what the engine queues are refused as busy, and all others are answered", async (run) => {
    await run.add("a", ["0", "1"]);
    const settled = await Promise.allSettled(Array.from({ length: 3_000 }, () => run.engine.read("a", { from: { afterSeq: 0 }, ...wide })));
    for (const result of settled) {
      if (result.status === "fulfilled") assert.equal(result.value.entries.length, 2);
      else assert.ok(result.reason instanceof HoldfastError && result.reason.code === "engine_busy" && (result.reason.afterMs ?? 0) > 0);
    }
    assert.equal((await run.log("a")).length, 2);
  });
}

function listCases(subject: EngineSubject): void {
  describe("list", () => {
    // In bytes of UTF-8 the last one is the greatest; in JavaScript's own order it would stand before the one before it.
    const names = ["a", "a/1", "a/10", "a/2", "ab", "b/x", "é", "\u{ff5e}", "\u{1f600}"];

    engineCase(subject, "streams come in the order of their bytes, paged by name", async (run) => {
      for (const name of [...names].reverse()) await run.add(name, ["1"]);
      const all = await run.engine.list({ limit: 100 });
      assert.deepEqual(
        all.map(({ stream }) => stream),
        names,
      );
      const found: string[] = [];
      for (;;) {
        const after = found.at(-1);
        const page = await run.engine.list({ limit: 2, ...(after === undefined ? undefined : { after }) });
        found.push(...page.map(({ stream }) => stream));
        if (page.length < 2) break;
      }
      assert.deepEqual(found, names);
    });

    engineCase(subject, "a prefix selects by its letters, and combines with a page", async (run) => {
      for (const name of names) await run.add(name, ["1"]);
      const list = async (prefix: string, after?: string): Promise<string[]> =>
        (await run.engine.list({ limit: 100, prefix, ...(after === undefined ? undefined : { after }) })).map(({ stream }) => stream);
      assert.deepEqual(await list("a/"), ["a/1", "a/10", "a/2"]);
      assert.deepEqual(await list("a/", "a/1"), ["a/10", "a/2"]);
      assert.deepEqual(await list("é"), ["é"]);
      assert.deepEqual(await list("zz"), []);
      assert.deepEqual(await list("%"), []);
    });

    engineCase(subject, "each stream is listed with its head", async (run) => {
      await run.engine.append([{ stream: "a", entries: [json("12"), json("3")], close: true }]);
      const [only] = await run.engine.list({ limit: 10 });
      assert.ok(only !== undefined);
      assert.deepEqual(only.head, await run.head("a"));
      assert.equal(only.head.entries, 2);
      assert.equal(only.head.bytes, 3);
      assert.equal(only.head.closed, true);
    });
  });
}

/** Reads the log `a` page by page and returns the pages' sizes. */
async function pages(run: Run, options: (afterSeq: number) => Parameters<Run["engine"]["read"]>[1]): Promise<number[]> {
  const sizes: number[] = [];
  const whole: number[] = [];
  let page: ReadResult;
  do {
    page = await run.engine.read("a", options(whole.at(-1) ?? 0));
    sizes.push(page.entries.length);
    whole.push(...page.entries.map(({ seq }) => seq));
  } while (page.more);
  assert.deepEqual(
    whole,
    (await run.log("a")).map(({ seq }) => seq),
  );
  return sizes;
}

/**
 * Restarts cost nobody a gap; a restore gives one to exactly the readers who were past the fork. Ended streams stay ended.
 */
import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Cursor } from "@holdfast/protocol";
import type { AppendResult } from "../engine.ts";
import { locate } from "../epochs.ts";
import { codeOf, type EngineSubject, engineCase, json, type Run } from "./subject.ts";

export function epochCases(subject: EngineSubject): void {
  if (subject.restart) restartCases(subject);
  if (subject.crash) crashCases(subject);
  if (subject.copy) forkCases(subject);
  closedCases(subject);
}

function restartCases(subject: EngineSubject): void {
  describe("restart", () => {
    engineCase(subject, "entries, heads and order outlive it, and every position still holds", async (run) => {
      const cursors: Cursor[] = [];
      for (let era = 0; era < 4; era++) {
        const { cursors: added } = await run.add("a", [`${era}.0`, `${era}.1`]);
        cursors.push(...(added ?? []));
        await run.restart();
      }
      assert.deepEqual(await run.texts("a"), ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1", "3.0", "3.1"]);
      const head = await run.head("a");
      assert.equal(head.epochs.length, 4);
      assert.deepEqual(
        head.epochs.map(({ prev }) => prev),
        [0, ...cursors.filter((_, i) => i % 2 === 1).map(({ seq }) => seq)].slice(0, 4),
      );
      for (const cursor of cursors) assert.deepEqual(locate(head, cursor), { ok: true, seq: cursor.seq });
      const entries = await run.log("a");
      assert.deepEqual(
        entries.map(({ epoch, seq }) => ({ epoch, seq })),
        cursors,
      );
      assert.deepEqual(
        entries.slice(1).map(({ prev }) => prev),
        entries.slice(0, -1).map(({ seq }) => seq),
      );
    });

    engineCase(subject, "a start that adds nothing to a stream adds no epoch to it", async (run) => {
      await run.add("a", ["1"]);
      for (let i = 0; i < 3; i++) await run.restart();
      assert.equal((await run.head("a")).epochs.length, 1);
      await run.add("a", ["2"]);
      assert.equal((await run.head("a")).epochs.length, 2);
    });

    engineCase(subject, "what was acknowledged just before the stop is there", async (run) => {
      const appends = Array.from({ length: 100 }, (_, i) => run.add("a", [`${i}`]));
      await run.restart();
      await Promise.all(appends);
      assert.equal((await run.log("a")).length, 100);
    });
  });
}

function crashCases(subject: EngineSubject): void {
  describe("crash", () => {
    engineCase(subject, "everything acknowledged is there, in order; what was not may be there, whole or not at all", async (run) => {
      const acknowledged: string[] = [];
      for (let round = 0; round < 5; round++) {
        const acknowledgements: Promise<void>[] = [];
        for (let i = 0; i < 40; i++) {
          const text = `${round}.${i}`;
          acknowledgements.push(
            run.engine.append([{ stream: "a", entries: [json(text), json(`${text}+`)] }]).then(([result]) => {
              if (result?.ok === true) acknowledged.push(text);
            }),
          );
        }
        await Promise.race(acknowledgements);
        const known = [...acknowledged];
        await run.site.crash?.();
        await run.open();
        const texts = await run.texts("a");
        const firsts = texts.filter((text) => !text.endsWith("+"));
        assert.deepEqual(
          texts,
          firsts.flatMap((text) => [text, `${text}+`]),
        );
        assert.deepEqual(firsts, [...firsts].sort(byNumbers), "in the order of the calls");
        for (const text of known) assert.ok(firsts.includes(text), `${text} was acknowledged`);
      }
    });
  });
}

function byNumbers(a: string, b: string): number {
  const [a0 = 0, a1 = 0] = a.split(".").map(Number);
  const [b0 = 0, b1 = 0] = b.split(".").map(Number);
  return a0 - b0 || a1 - b1;
}

function forkCases(subject: EngineSubject): void {
  // Several streams, because whether a mistake shows may depend on where an engine leaves out seqs.
  const streams = ["a", "b", "c", "d", "e", "f", "g", "h"];
  type Positions = ReadonlyMap<string, readonly Cursor[]>;

  const addTo = async (run: Run, texts: readonly string[]): Promise<Positions> => {
    const positions = new Map<string, readonly Cursor[]>();
    for (const stream of streams) positions.set(stream, (await run.add(stream, texts)).cursors ?? []);
    return positions;
  };
  const restore = async (run: Run): Promise<void> => {
    await run.engine.stop();
    await run.site.restore?.();
    await run.open();
  };
  const fork = async (run: Run): Promise<{ kept: readonly Positions[]; lost: Positions }> => {
    const kept = [await addTo(run, ["1", "2"])];
    await run.restart();
    kept.push(await addTo(run, ["3"]));
    await run.engine.stop();
    await run.site.save?.();
    await run.open();
    const lost = await addTo(run, ["4", "5"]);
    await restore(run);
    return { kept, lost };
  };
  const check = async (run: Run, kept: readonly Positions[], lost: readonly Positions[]): Promise<void> => {
    for (const stream of streams) {
      const head = await run.head(stream);
      const all = (positions: readonly Positions[]): readonly Cursor[] => positions.flatMap((each) => each.get(stream) ?? []);
      for (const cursor of all(kept)) assert.deepEqual(locate(head, cursor), { ok: true, seq: cursor.seq });
      for (const cursor of all(lost)) {
        const located = locate(head, cursor);
        assert.ok(!located.ok, `${JSON.stringify(cursor)} is past the fork`);
        const known = [head.firstPrev, ...all(kept).map(({ seq }) => seq)];
        assert.ok(known.includes(located.continueAfter), "the reader goes on after an entry that is there, or from the beginning");
      }
    }
  };

  describe("restore of an old copy", () => {
    engineCase(subject, "readers past the fork get a gap, all others none, before and after the log goes on", async (run) => {
      const { kept, lost } = await fork(run);
      await check(run, kept, [lost]);
      const added = await addTo(run, ["6", "7", "8", "9"]);
      await check(run, [...kept, added], [lost]);
      assert.deepEqual(await run.texts("a"), ["1", "2", "3", "6", "7", "8", "9"]);
    });

    engineCase(subject, "a second fork from the same copy differs from the first", async (run) => {
      const { kept, lost } = await fork(run);
      const first = await addTo(run, ["6", "7"]);
      await restore(run);
      const second = await addTo(run, ["8", "9", "10"]);
      await check(run, [...kept, second], [lost, first]);
    });
  });
}

function closedCases(subject: EngineSubject): void {
  describe("ended streams", () => {
    engineCase(subject, "a stream ends with its last entry, and takes no more", async (run) => {
      await run.add("a", ["1", "2"], { close: true });
      assert.equal((await run.head("a")).closed, true);
      assert.equal(codeOf(await run.try({ stream: "a", entries: [json("3")] })), "stream_closed");
      assert.equal(codeOf(await run.try({ stream: "a", entries: [json("3")], close: true })), "stream_closed");
      assert.deepEqual(await run.texts("a"), ["1", "2"]);
    });

    engineCase(subject, "a stream can end without an entry, before it has any", async (run) => {
      const result = await run.add("a", [], { close: true });
      assert.deepEqual([result.cursors, result.head], [[], 0]);
      const head = await run.head("a");
      assert.deepEqual([head.closed, head.last, head.entries, head.epochs.length], [true, 0, 0, 0]);
    });

    engineCase(subject, "ending twice is a success that changes nothing", async (run) => {
      await run.add("a", ["1"]);
      assert.equal((await run.head("a")).closed, false);
      await run.add("a", [], { close: true });
      const before = await run.head("a");
      await run.add("a", [], { close: true });
      assert.deepEqual(await run.head("a"), before);
    });

    engineCase(subject, "an end within a batch concerns the requests behind it", async (run) => {
      const results: readonly AppendResult[] = await run.engine.append([
        { stream: "a", entries: [json("1")] },
        { stream: "a", entries: [], close: true },
        { stream: "a", entries: [json("2")] },
        { stream: "b", entries: [json("3")] },
      ]);
      assert.deepEqual(results.map(codeOf), ["", "", "stream_closed", ""]);
    });

    engineCase(subject, "a producer may repeat the request that ended the stream", async (run) => {
      const end = { stream: "a", entries: [json("1")], close: true, producer: { id: "p", epoch: 0, seq: 0 } };
      const first = await run.try(end);
      const again = await run.try(end);
      assert.ok(first.ok && again.ok && again.duplicate);
      assert.deepEqual(again.cursors, first.cursors);
    });

    if (subject.restart) {
      engineCase(subject, "an end outlives a restart", async (run) => {
        await run.add("a", ["1"], { close: true });
        await run.restart();
        assert.equal((await run.head("a")).closed, true);
        assert.equal(codeOf(await run.try({ stream: "a", entries: [json("2")] })), "stream_closed");
      });
    }
  });
}

/**
 * Exactly once: fenced producers and dedupe keys, alone, in batches, under way at once, over restarts and over time.
 */
import assert from "node:assert/strict";
import { describe } from "node:test";
import type { AppendRequest, AppendResult } from "../engine.ts";
import { codeOf, type EngineSubject, engineCase, eventuallyLater, json, type Run } from "./subject.ts";

const from = (id: string, epoch: number, seq: number, texts: readonly string[] = [`${id}.${epoch}.${seq}`]): AppendRequest => ({
  stream: "a",
  entries: texts.map(json),
  producer: { id, epoch, seq },
});

const keyed = (dedupeKey: string, text: string, stream = "a"): AppendRequest => ({ stream, entries: [json(text)], dedupeKey });

const expected = (result: AppendResult): number | undefined => (result.ok ? undefined : result.expectedSeq);

export function producerCases(subject: EngineSubject): void {
  describe("producers", () => {
    tupleCases(subject);
    memoryCases(subject);
    durableCases(subject);
    clockedCases(subject);
  });

  dedupeCases(subject);
}

function tupleCases(subject: EngineSubject): void {
  engineCase(subject, "a repeated request is answered with the first positions and adds nothing", async (run) => {
    const first = await run.try(from("p", 0, 0, ["x", "y"]));
    await run.try(from("p", 0, 1));
    const again = await run.try(from("p", 0, 0, ["x", "y"]));
    assert.ok(first.ok && again.ok);
    assert.equal(again.duplicate, true);
    assert.deepEqual(again.cursors, first.cursors);
    assert.equal(again.head, (await run.head("a")).last);
    assert.deepEqual(await run.texts("a"), ["x", "y", "p.0.1"]);
  });

  engineCase(subject, "a request that leaves one out is refused with the one expected", async (run) => {
    await run.try(from("p", 0, 0));
    const result = await run.try(from("p", 0, 2));
    assert.equal(codeOf(result), "out_of_order");
    assert.equal(expected(result), 1);
    const unknown = await run.try(from("q", 3, 1));
    assert.equal(codeOf(unknown), "out_of_order");
    assert.equal(expected(unknown), 0);
    assert.equal(codeOf(await run.try(from("p", 0, 1))), "");
    assert.deepEqual(await run.texts("a"), ["p.0.0", "p.0.1"]);
  });

  engineCase(subject, "a newer epoch begins at 0 and fences the older ones", async (run) => {
    await run.try(from("p", 5, 0));
    assert.equal(expected(await run.try(from("p", 6, 1))), 0);
    assert.equal(codeOf(await run.try(from("p", 6, 0))), "");
    assert.equal(codeOf(await run.try(from("p", 5, 0))), "fenced");
    assert.equal(codeOf(await run.try(from("p", 5, 1))), "fenced");
    assert.equal(codeOf(await run.try(from("p", 6, 1))), "");
    assert.deepEqual(await run.texts("a"), ["p.5.0", "p.6.0", "p.6.1"]);
  });

  engineCase(subject, "producers, and streams of one producer, are counted apart", async (run) => {
    for (const stream of ["a", "b"]) {
      for (const id of ["p", "q"]) {
        for (const seq of [0, 1]) {
          assert.equal(codeOf(await run.try({ stream, entries: [json(`${id}${seq}`)], producer: { id, epoch: 0, seq } })), "");
        }
      }
    }
    assert.deepEqual(await run.texts("b"), ["p0", "p1", "q0", "q1"]);
  });
}

function memoryCases(subject: EngineSubject): void {
  engineCase(subject, "the newest 256 requests keep their positions, older ones are known to be there", async (run) => {
    const first: AppendResult[] = [];
    for (let at = 0; at < 300; at += 50) {
      first.push(...(await run.engine.append(Array.from({ length: 50 }, (_, k) => from("p", 0, at + k)))));
    }
    const back = async (seq: number): Promise<AppendResult> => run.try(from("p", 0, seq));
    for (const seq of [299, 150, 300 - 256]) {
      const again = await back(seq);
      const original = first[seq];
      assert.ok(again.ok && original?.ok);
      assert.equal(again.duplicate, true);
      assert.deepEqual(again.cursors, original.cursors);
    }
    const tooFar = await back(300 - 257);
    assert.ok(tooFar.ok);
    assert.deepEqual([tooFar.duplicate, tooFar.cursors], [true, null]);
    assert.equal((await run.log("a")).length, 300);
  });

  engineCase(subject, "a repetition within one batch is a duplicate too", async (run) => {
    const results = await run.engine.append([from("p", 0, 0), from("p", 0, 0), from("p", 0, 1), from("p", 0, 3)]);
    assert.deepEqual(results.map(codeOf), ["", "", "", "out_of_order"]);
    assert.deepEqual(
      results.map((result) => result.ok && result.duplicate),
      [false, true, false, false],
    );
    assert.deepEqual(await run.texts("a"), ["p.0.0", "p.0.1"]);
  });

  engineCase(subject, "the same request under way many times at once is added once", async (run) => {
    const results = await Promise.all(Array.from({ length: 40 }, () => run.try(from("p", 0, 0))));
    assert.equal(results.filter((result) => result.ok && !result.duplicate).length, 1);
    assert.equal((await run.log("a")).length, 1);
    assert.equal(new Set(results.map((result) => JSON.stringify(result.ok && result.cursors))).size, 1);
  });

  engineCase(subject, "a refused request does not count", async (run) => {
    await run.try(from("p", 0, 0));
    await run.add("a", [], { close: true });
    assert.equal(codeOf(await run.try(from("p", 0, 1))), "stream_closed");
    // Asked before everything else: this one is in the log.
    const again = await run.try(from("p", 0, 0));
    assert.ok(again.ok && again.duplicate);
  });
}

function durableCases(subject: EngineSubject): void {
  if (subject.restart) {
    engineCase(subject, "producers outlive a restart", async (run) => {
      const first = await run.try(from("p", 2, 0, ["x", "y"]));
      await run.try(from("p", 2, 1));
      await run.restart();
      const again = await run.try(from("p", 2, 0, ["x", "y"]));
      assert.ok(first.ok && again.ok && again.duplicate);
      assert.deepEqual(again.cursors, first.cursors);
      assert.equal(codeOf(await run.try(from("p", 1, 0))), "fenced");
      assert.equal(expected(await run.try(from("p", 2, 3))), 2);
      assert.equal(codeOf(await run.try(from("p", 2, 2))), "");
      assert.equal((await run.log("a")).length, 4);
    });
  }

  if (subject.restart) {
    engineCase(
      subject,
      "a repetition is never answered with a position that was not given, however much has been trimmed since",
      async (run) => {
        const first = await run.try(from("p", 0, 0));
        await run.restart();
        await run.add("a", ["1", "2", "3", "4", "5", "6"]);
        await run.add("a", ["7"]);
        const again = await run.try(from("p", 0, 0));
        assert.ok(first.ok && again.ok && again.duplicate);
        if (again.cursors !== null) assert.deepEqual(again.cursors, first.cursors);
      },
      { policies: [{ pattern: "**", entriesMax: 2 }] },
    );
  }

  if (subject.restart && subject.clock) {
    engineCase(
      subject,
      "a wall clock that was put back before a restart makes nothing remembered for longer",
      async (run) => {
        await run.try(from("p", 0, 0));
        await run.engine.stop();
        run.site.jumpWall?.(-86_400_000);
        await run.open();
        await run.site.advance?.(70_000);
        assert.equal(expected(await run.try(from("p", 0, 1))), 0);
      },
      { options: { producerExpiryMs: 60_000 } },
    );

    engineCase(
      subject,
      "after a restart the producer that has been silent for longest goes first",
      async (run) => {
        await run.try(from("p", 0, 0));
        await run.site.advance?.(40_000);
        await run.try(from("q", 0, 0));
        await run.restart();
        await run.site.advance?.(30_000);
        await eventuallyLater(run, "a place is free", async () => codeOf(await run.try(from("r", 0, 0))) === "");
        assert.equal(codeOf(await run.try(from("q", 0, 1))), "");
      },
      { options: { producerExpiryMs: 60_000, producersMax: 2 } },
    );
  }
}

function clockedCases(subject: EngineSubject): void {
  if (subject.clock) {
    const options = { producerExpiryMs: 60_000 };
    engineCase(
      subject,
      "a producer is remembered for its time since it last published, and no longer",
      async (run) => {
        await run.try(from("p", 0, 0));
        await run.site.advance?.(40_000);
        await run.try(from("p", 0, 1));
        await run.site.advance?.(40_000);
        assert.equal(codeOf(await run.try(from("p", 0, 2))), "");
        await run.site.advance?.(70_000);
        assert.equal(expected(await run.try(from("p", 0, 3))), 0);
      },
      { options },
    );

    engineCase(
      subject,
      "a jump of the wall clock makes nothing forgotten",
      async (run) => {
        await run.try(from("p", 0, 0));
        await run.try(keyed("k", "once"));
        for (const jumpMs of [86_400_000, -2 * 86_400_000]) {
          run.site.jumpWall?.(jumpMs);
          await run.site.advance?.(2_000);
          for (const request of [from("p", 0, 0), keyed("k", "once")]) {
            const again = await run.try(request);
            assert.ok(again.ok && again.duplicate);
          }
        }
      },
      { options, policies: [{ pattern: "**", ageMs: 100 * 86_400_000 }] },
    );

    engineCase(
      subject,
      "one producer too many is refused as busy until another one's time is over",
      async (run) => {
        await run.try(from("p", 0, 0));
        await run.try(from("q", 0, 0));
        assert.equal(codeOf(await run.try(from("r", 0, 0))), "engine_busy");
        for (const seq of [1, 2, 3]) assert.equal(codeOf(await run.try(from("p", 0, seq))), "");
        await run.site.advance?.(70_000);
        await eventuallyLater(run, "a place is free", async () => codeOf(await run.try(from("r", 0, 0))) === "");
        assert.deepEqual(await run.texts("a"), ["p.0.0", "q.0.0", "p.0.1", "p.0.2", "p.0.3", "r.0.0"]);
      },
      { options: { ...options, producersMax: 2 } },
    );
  }
}

function dedupeCases(subject: EngineSubject): void {
  describe("dedupe keys", () => {
    engineCase(subject, "a key adds once per stream", async (run) => {
      const first = await run.try(keyed("k", "1"));
      const again = await run.try(keyed("k", "other"));
      assert.ok(first.ok && again.ok);
      assert.deepEqual([first.duplicate, again.duplicate], [false, true]);
      assert.deepEqual(again.cursors, first.cursors);
      assert.equal(codeOf(await run.try(keyed("k", "2", "b"))), "");
      await run.try(keyed("l", "3"));
      assert.deepEqual(await run.texts("a"), ["1", "3"]);
      assert.deepEqual(await run.texts("b"), ["2"]);
    });

    engineCase(subject, "the same key under way many times at once, and within a batch, adds once", async (run) => {
      await Promise.all(Array.from({ length: 30 }, () => run.engine.append([keyed("k", "1"), keyed("k", "2")])));
      assert.deepEqual(await run.texts("a"), ["1"]);
    });

    engineCase(subject, "a key that was used to end a stream ends it once", async (run) => {
      const end: AppendRequest = { stream: "a", entries: [json("bye")], dedupeKey: "k", close: true };
      await run.try(end);
      const again = await run.try(end);
      assert.ok(again.ok && again.duplicate);
      assert.deepEqual(await run.texts("a"), ["bye"]);
    });

    if (subject.restart) {
      engineCase(subject, "keys outlive a restart", async (run) => {
        const first = await run.try(keyed("k", "1"));
        await run.restart();
        const again = await run.try(keyed("k", "1"));
        assert.ok(first.ok && again.ok && again.duplicate);
        assert.deepEqual(again.cursors, first.cursors);
      });
    }

    if (subject.clock) {
      engineCase(
        subject,
        "a key is remembered for its window and no longer",
        async (run) => {
          await run.try(keyed("k", "1"));
          await run.site.advance?.(50_000);
          assert.ok(await isDuplicate(run, keyed("k", "2")));
          await run.site.advance?.(10_000);
          assert.ok(!(await isDuplicate(run, keyed("k", "3"))));
          assert.ok(await isDuplicate(run, keyed("k", "4")));
          assert.deepEqual(await run.texts("a"), ["1", "3"]);
        },
        { options: { dedupeWindowMs: 60_000 } },
      );

      engineCase(
        subject,
        "one key too many is refused as busy until another one's window is over",
        async (run) => {
          await run.try(keyed("k", "1"));
          await run.try(keyed("l", "2"));
          assert.equal(codeOf(await run.try(keyed("m", "3"))), "engine_busy");
          assert.ok(await isDuplicate(run, keyed("l", "4")));
          await run.site.advance?.(70_000);
          await eventuallyLater(run, "a place is free", async () => codeOf(await run.try(keyed("m", "5"))) === "");
          assert.deepEqual(await run.texts("a"), ["1", "2", "5"]);
        },
        { options: { dedupeWindowMs: 60_000, dedupeKeysMax: 2 } },
      );
    }
  });
}

async function isDuplicate(run: Run, request: AppendRequest): Promise<boolean> {
  const result = await run.try(request);
  assert.ok(result.ok);
  return result.duplicate;
}

/** The weak engine is weak: every fault that it promises happens, and a seed replays them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AppendResult, Entry, LiveEvent } from "../../src/engine.ts";
import { MemoryStore, type Weakness, weakEngine } from "../../src/engines/index.ts";
import { type VirtualEnv, virtualEnv } from "../../src/testing/index.ts";

interface History {
  readonly events: readonly LiveEvent[];
  readonly results: readonly AppendResult[];
  readonly log: readonly Entry[];
}

async function play(seed: number, weakness: Partial<Weakness> = {}, env: VirtualEnv = virtualEnv(seed)): Promise<History> {
  const engine = weakEngine({ env, weakness });
  const events: LiveEvent[] = [];
  engine.attach((event) => events.push(event));
  await engine.start();
  await engine.listen("a");
  const results: AppendResult[] = [];
  for (let i = 0; i < 300; i++) {
    const entries = Array.from({ length: 1 + (i % 2) }, (_, k) => ({ format: "json" as const, payload: Buffer.from(`${i}.${k}`) }));
    results.push(...(await engine.append([{ stream: "a", entries }])));
  }
  await env.advance(10_000);
  const { entries: log } = await engine.read("a", { from: { afterSeq: 0 }, entriesMax: 1_000, bytesMax: 1_000_000 });
  await engine.stop();
  return { events, results, log };
}

describe("the weak engine", () => {
  it("leaves out seqs, drops, doubles, delays and splits events, and says so by hints and suspicion", async () => {
    const { events, log } = await play(1);
    assert.ok(
      log.some(({ seq, prev }) => seq > prev + 1),
      "gaps in seq",
    );
    const told = events.flatMap((event) => (event.type === "appended" ? event.entries.map(({ seq }) => seq) : []));
    const distinct = new Set(told);
    assert.ok(distinct.size < log.length, "dropped");
    assert.ok(distinct.size < told.length, "doubled");
    assert.ok(
      told.some((seq, i) => i > 0 && seq < (told[i - 1] ?? 0)),
      "out of order",
    );
    // Every second append had two entries.
    const alone = events.flatMap((event) => (event.type === "appended" && event.entries.length === 1 ? event.entries : []));
    assert.ok(
      alone.some(({ payload }) => Number.parseInt(Buffer.from(payload).toString(), 10) % 2 === 1),
      "split",
    );
    assert.ok(
      events.some((event) => event.type === "hint"),
      "hints",
    );
    assert.ok(
      events.some((event) => event.type === "hint" && event.last === 1),
      "hints that are old",
    );
    assert.ok(
      events.some((event) => event.type === "suspect" && event.stream === "a"),
      "suspicion of one stream",
    );
    assert.ok(
      events.some((event) => event.type === "suspect" && event.stream === null),
      "suspicion of all",
    );
  });

  it("does the same again with the same seed, and something else with another", async () => {
    const [first, again, other] = [await play(7), await play(7), await play(8)];
    assert.deepEqual(first, again);
    assert.notDeepEqual(first.log, other.log);
  });

  it("is told to be busy or unsure, and then keeps what it says", async () => {
    const { results, log } = await play(3, { busy: 0.2, unknown: 0.2 });
    const held = new Set(log.map(({ payload }) => Buffer.from(payload).toString()));
    const seen = new Map<string, Set<boolean>>();
    for (const [i, result] of results.entries()) {
      const code = result.ok ? "ok" : result.code;
      seen.set(code, (seen.get(code) ?? new Set()).add(held.has(`${i}.0`)));
    }
    assert.deepEqual(seen.get("ok"), new Set([true]));
    assert.deepEqual(seen.get("engine_busy"), new Set([false]));
    assert.deepEqual(seen.get("unknown_outcome"), new Set([true, false]), "in doubt means in doubt");
  });

  it("has in the log, after a crash, appends that were not answered, and lacks others", async () => {
    const kept = { answered: 0, unanswered: 0, lost: 0 };
    for (let seed = 0; seed < 60; seed++) {
      const env = virtualEnv(seed);
      const store = new MemoryStore();
      const engine = weakEngine({ env, store });
      await engine.start();
      const answered = new Set<number>();
      for (let i = 0; i < 8; i++) {
        void engine.append([{ stream: "a", entries: [{ format: "json", payload: Buffer.from(`${i}`) }] }]).then(([result]) => {
          if (result?.ok === true) answered.add(i);
        });
      }
      while (answered.size < 2) await new Promise((resolve) => setImmediate(resolve));
      const known = new Set(answered);
      store.crash();
      const log =
        store
          .copy()
          .logs.get("a")
          ?.entries.map(({ entry }) => Number(Buffer.from(entry.payload).toString())) ?? [];
      for (const i of known) assert.ok(log.includes(i));
      kept.answered += known.size;
      kept.unanswered += log.length - known.size;
      kept.lost += 8 - log.length;
      await engine.stop();
    }
    assert.ok(kept.unanswered > 0 && kept.lost > 0, JSON.stringify(kept));
  });

  it("refuses a weakness that it does not have, or that is no fraction", () => {
    for (const weakness of [{ late: 1.5 }, { late: Number.NaN }, { staleMsMax: 0 }, { delayMsMax: 0.5 }, { lazy: 1 }] as Partial<Weakness>[]) {
      assert.throws(() => weakEngine({ env: virtualEnv(0), weakness }), TypeError);
    }
  });
});

/** The writer's retention pass, step by step and without threads: what each step does, and when the next one is due. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it } from "node:test";
import type { AppendRequest, AppendResult } from "../../src/engine.ts";
import { SqliteWriter } from "../../src/engines/adapters/sqlite-writer.ts";
import { type EngineOptions, resolveEngineOptions } from "../../src/engines/index.ts";
import { decodeOutcomes, encodeBatch } from "../../src/engines/sqlite-wire.ts";
import { temporaryFolder } from "./processes.ts";

const folder = temporaryFolder();
after(() => folder.remove());
let files = 0;
const startMs = Date.UTC(2030, 0, 1);
const ageMs = 60_000;

/** A writer whose two clocks are one number. */
class Bench {
  readonly path = join(folder.path, `${files++}.db`);
  readonly writer: SqliteWriter;
  nowMs = 0;

  constructor(options: Partial<EngineOptions> = {}) {
    const policies = [{ pattern: "**", ageMs }];
    this.writer = SqliteWriter.open({ path: this.path, options: resolveEngineOptions(options), policies, epoch: "epoch00000", wallMs: startMs, monoMs: 0 });
  }

  /** Appends; returns the results and how long until a pass is due. */
  append(requests: readonly AppendRequest[]): { results: AppendResult[]; dueMs: number | null } {
    const { outcomes, dueMs } = this.writer.commit(encodeBatch(requests), startMs + this.nowMs, this.nowMs);
    return { results: decodeOutcomes(outcomes), dueMs };
  }

  /** Runs a whole pass; returns its steps and how long until the next one is due. */
  pass(): { steps: number; dueMs: number | null } {
    for (let steps = 1; ; steps++) {
      assert.ok(steps < 1_000, "a pass ends");
      const { again, dueMs } = this.writer.pass(startMs + this.nowMs, this.nowMs);
      if (!again) return { steps, dueMs };
    }
  }

  /** A number that the file holds. */
  ask(sql: string): number {
    const db = new DatabaseSync(this.path, { readOnly: true, timeout: 1_000 });
    const row = db.prepare(sql).get() ?? {};
    db.close();
    return Number(Object.values(row)[0]);
  }
}

const request = (stream: string, count = 1, more: Partial<AppendRequest> = {}): AppendRequest => ({
  stream,
  entries: Array.from({ length: count }, () => ({ format: "json", payload: Buffer.from("1") })),
  ...more,
});

describe("the retention pass", () => {
  it("is due when the oldest entry is, before and after some have gone", () => {
    const bench = new Bench();
    assert.equal(bench.pass().dueMs, null);
    assert.equal(bench.append([request("a")]).dueMs, ageMs);
    bench.nowMs = 20_000;
    assert.equal(bench.append([request("b"), request("a")]).dueMs, 40_000);
    assert.equal(bench.pass().dueMs, 40_000);
    bench.nowMs = 60_000;
    assert.equal(bench.pass().dueMs, 20_000);
    assert.equal(bench.ask("SELECT count(*) FROM log"), 2);
    bench.nowMs = 79_999;
    assert.equal(bench.pass().dueMs, 1);
    bench.nowMs = 80_000;
    bench.pass();
    assert.equal(bench.ask("SELECT count(*) FROM log"), 0);
    bench.writer.close();
  });

  it("is due when a producer or a key expires, and when an empty stream is to be forgotten", () => {
    const bench = new Bench({ producerExpiryMs: 30_000, dedupeWindowMs: 10_000, forgetMs: 100_000 });
    const { dueMs } = bench.append([request("a", 1, { producer: { id: "p", epoch: 0, seq: 0 } }), request("a", 1, { dedupeKey: "k" })]);
    assert.equal(dueMs, 10_000);
    const due: (number | null)[] = [];
    for (const nowMs of [10_000, 30_000, 60_000, 100_000]) {
      bench.nowMs = nowMs;
      due.push(bench.pass().dueMs);
    }
    assert.deepEqual(due, [20_000, 30_000, 40_000, null]);
    for (const table of ["log", "producer", "dedupe", "epoch", "stream"]) assert.equal(bench.ask(`SELECT count(*) FROM ${table}`), 0, table);
    bench.writer.close();
  });

  it("takes bounded steps through many streams, many entries, many producers", () => {
    const bench = new Bench({ producerExpiryMs: 30_000 });
    bench.append(Array.from({ length: 1_200 }, (_, i) => request(`s/${i}`, 1, { producer: { id: `p${i}`, epoch: 0, seq: 0 } })));
    bench.append([request("long", 7_000)]);
    bench.nowMs = 60_000;
    const { steps } = bench.pass();
    assert.ok(steps >= 6, `${steps} steps`);
    assert.equal(bench.ask("SELECT count(*) FROM log"), 0);
    assert.equal(bench.ask("SELECT count(*) FROM producer"), 0);
    assert.equal(bench.ask("SELECT count(*) FROM stream WHERE entries = 0 AND bytes = 0 AND first_prev = last"), 1_201);
    bench.writer.close();
  });

  it("writes nothing when nothing is due", () => {
    const bench = new Bench();
    bench.append([request("a")]);
    const watcher = new DatabaseSync(bench.path, { readOnly: true });
    const version = (): unknown => watcher.prepare("PRAGMA data_version").get()?.["data_version"];
    const first = version();
    for (bench.nowMs = 0; bench.nowMs < ageMs; bench.nowMs += 10_000) bench.pass();
    assert.equal(version(), first);
    bench.nowMs = ageMs;
    bench.pass();
    assert.notEqual(version(), first, "the watcher does see writes");
    watcher.close();
    bench.writer.close();
  });
});

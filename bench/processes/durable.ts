/**
 * Durable appends without a network: the SQLite engine with many publishers, and two baselines on the same disk:
 * a plain file that is written and synced in groups of the same size, and SQLite with a transaction for each append.
 */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type AppendRequest, nodeEnv } from "@holdfast/server";
import { sqliteEngine } from "@holdfast/server/engines";
import { answerCalls } from "../lib/child.ts";
import { nowUs, payloadText } from "../lib/payload.ts";

export interface EngineLoad {
  readonly path: string;
  /** Publishers, each with so many appends in flight at once. */
  readonly publishers: number;
  readonly inFlightEach: number;
  readonly streams: number;
  readonly payloadBytes: number;
  readonly runMs: number;
}
export interface EngineRun {
  readonly acknowledged: number;
  readonly held: number;
  readonly tookMs: number;
  readonly cpuMs: number;
  /** Times at which acknowledgements came, however many came together: at most as many as there were syncs. */
  readonly groups: number;
  /** Per acknowledgement, in microseconds, sorted. */
  readonly ages: Float64Array;
}

const agesMax = 4_000_000;

async function loadEngine(load: EngineLoad): Promise<EngineRun> {
  const engine = sqliteEngine({ env: nodeEnv, path: load.path });
  engine.attach(() => undefined);
  await engine.start();
  const ages = new Float64Array(agesMax);
  let acknowledged = 0;
  let groups = 0;
  let counted = false;
  const payload = Buffer.from(payloadText(load.payloadBytes, nowUs()));
  const beginUs = nowUs();
  const endUs = beginUs + load.runMs * 1_000;
  const before = process.cpuUsage();
  const publish = async (publisher: number): Promise<void> => {
    const request: AppendRequest = { stream: `bench/${publisher % load.streams}`, entries: [{ format: "json", payload }] };
    const batch = Array.from({ length: load.inFlightEach }, () => request);
    while (nowUs() < endUs) {
      const atUs = nowUs();
      const results = await engine.append(batch);
      const age = nowUs() - atUs;
      for (const result of results) {
        if (!result.ok) throw new Error(`append refused: ${result.code}`);
        ages[acknowledged++] = age;
      }
      if (counted) continue;
      counted = true;
      groups++;
      setImmediate(() => {
        counted = false;
      });
    }
  };
  await Promise.all(Array.from({ length: load.publishers }, (_, publisher) => publish(publisher)));
  const tookMs = (nowUs() - beginUs) / 1_000;
  const { user, system } = process.cpuUsage(before);
  const listed = await engine.list({ limit: load.streams + 1 });
  await engine.stop();
  const held = listed.reduce((sum, { head }) => sum + head.last, 0);
  return { acknowledged, held, tookMs, cpuMs: (user + system) / 1_000, groups, ages: ages.slice(0, acknowledged).sort() };
}

/** Writes and syncs groups of so many bytes, one after the other. Returns groups per second. */
function plainFile({ path, groupBytes, runMs }: { readonly path: string; readonly groupBytes: number; readonly runMs: number }): number {
  const file = openSync(path, "a");
  const group = Buffer.alloc(groupBytes, "x");
  const beginUs = nowUs();
  let groups = 0;
  while (nowUs() - beginUs < runMs * 1_000) {
    writeSync(file, group);
    fsyncSync(file);
    groups++;
  }
  const perSecond = groups / ((nowUs() - beginUs) / 1_000_000);
  closeSync(file);
  return perSecond;
}

/** One transaction per append, with the same durability as the engine's. Returns appends per second. */
function naive({ path, payloadBytes, runMs }: { readonly path: string; readonly payloadBytes: number; readonly runMs: number }): number {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE entries (seq INTEGER PRIMARY KEY, payload BLOB NOT NULL)");
  const insert = database.prepare("INSERT INTO entries (payload) VALUES (?)");
  const payload = Buffer.from(payloadText(payloadBytes, nowUs()));
  const beginUs = nowUs();
  let appends = 0;
  while (nowUs() - beginUs < runMs * 1_000) {
    insert.run(payload);
    appends++;
  }
  const perSecond = appends / ((nowUs() - beginUs) / 1_000_000);
  database.close();
  return perSecond;
}

const calls = { loadEngine, plainFile, naive };

export type DurableCalls = typeof calls;

answerCalls(calls);

/**
 * Durable publishes per second on the SQLite engine, with the age of each acknowledgement: the engine alone, then over WebSocket
 * links end to end; beside what the same disk does for a plain file and for SQLite with a transaction per append.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Child } from "../lib/child.ts";
import { fileSystemOf } from "../lib/machine.ts";
import { openPair } from "../lib/pair.ts";
import type { Bar, BenchCase, CaseResult, CaseSettings, Table } from "../lib/result.ts";
import { figure, percentile, ratios, type Summary, summarize, withSpread } from "../lib/stats.ts";
import type { DurableCalls } from "../processes/durable.ts";
import type { PublishersCalls } from "../processes/publishers.ts";

const payloadBytes = 150;
const aimPerSecond = 38_000;
const processes = join(import.meta.dirname, "..", "processes");

interface Scale {
  readonly repetitions: number;
  readonly runMs: number;
  readonly baselineMs: number;
  readonly publishers: number;
  readonly inFlightEach: number;
  readonly links: number;
  readonly inFlightPerLink: number;
}
const full: Scale = { repetitions: 5, runMs: 3_000, baselineMs: 1_500, publishers: 64, inFlightEach: 64, links: 16, inFlightPerLink: 128 };
const small: Scale = { repetitions: 1, runMs: 150, baselineMs: 50, publishers: 4, inFlightEach: 8, links: 2, inFlightPerLink: 8 };

interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}
interface Repetition {
  readonly engine: Measured & { readonly groupEntries: number; readonly cpuUsEach: number };
  readonly overLinks: Measured & { readonly serverCpuUsEach: number };
  readonly filePerSecond: number;
  readonly naivePerSecond: number;
}

const ageMs = (ages: Float64Array, fraction: number): number => percentile(ages, fraction) / 1_000;

async function engineAlone(scale: Scale, child: Child<DurableCalls>, directory: string): Promise<Repetition["engine"]> {
  const { publishers, inFlightEach, runMs } = scale;
  const run = await child.call("loadEngine", { path: join(directory, "engine.db"), publishers, inFlightEach, streams: 20, payloadBytes, runMs });
  if (run.held !== run.acknowledged) throw new Error(`${run.acknowledged} entries were acknowledged, ${run.held} are in the log`);
  return {
    perSecond: (run.acknowledged / run.tookMs) * 1_000,
    p50Ms: ageMs(run.ages, 0.5),
    p99Ms: ageMs(run.ages, 0.99),
    groupEntries: run.acknowledged / run.groups,
    cpuUsEach: (run.cpuMs * 1_000) / run.acknowledged,
  };
}

async function overLinks(scale: Scale, directory: string): Promise<Repetition["overLinks"]> {
  const pair = await openPair("holdfast", { links: scale.links, payloadBytes, directory });
  const publishers = new Child<PublishersCalls>(join(processes, "publishers.ts"));
  try {
    const before = await pair.server.call("usage");
    const { links, runMs, inFlightPerLink: inFlightEach } = scale;
    const run = await publishers.call("publish", { host: "127.0.0.1", port: pair.port, links, inFlightEach, payloadBytes, runMs });
    const after = await pair.server.call("usage");
    return {
      perSecond: (run.acknowledged / run.tookMs) * 1_000,
      p50Ms: ageMs(run.ages, 0.5),
      p99Ms: ageMs(run.ages, 0.99),
      serverCpuUsEach: ((after.cpuMs - before.cpuMs) * 1_000) / run.ages.length,
    };
  } finally {
    await Promise.all([publishers.stop(), pair.stop()]);
  }
}

/** All four, one after the other, in a folder that is new each time. */
async function repetition(scale: Scale, root: string): Promise<Repetition> {
  const directory = mkdtempSync(join(root, "durable-"));
  const child = new Child<DurableCalls>(join(processes, "durable.ts"));
  try {
    const engine = await engineAlone(scale, child, directory);
    const groupBytes = Math.max(1, Math.round(engine.groupEntries)) * payloadBytes;
    const groupsPerSecond = await child.call("plainFile", { path: join(directory, "plain"), groupBytes, runMs: scale.baselineMs });
    const naivePerSecond = await child.call("naive", { path: join(directory, "naive.db"), payloadBytes, runMs: scale.baselineMs });
    const links = await overLinks(scale, directory);
    return { engine, overLinks: links, filePerSecond: groupsPerSecond * engine.groupEntries, naivePerSecond };
  } finally {
    await child.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One line of the table per way of publishing. */
function tableOf(all: readonly Repetition[], fileSystem: string, scale: Scale): Table {
  const of = (pick: (each: Repetition) => number): string => withSpread(summarize(all.map(pick)));
  const toFile = (pick: (each: Repetition) => number): string =>
    withSpread(
      ratios(
        all.map(pick),
        all.map((each) => each.filePerSecond),
      ),
    );
  const measured = (label: string, pick: (each: Repetition) => Measured, cpuUs: (each: Repetition) => number): string[] => [
    label,
    of((each) => pick(each).perSecond),
    toFile((each) => pick(each).perSecond),
    of((each) => pick(each).p50Ms),
    of((each) => pick(each).p99Ms),
    of(cpuUs),
  ];
  const count = (value: number): string => value.toLocaleString("en-US");
  const [engine, links] = [scale.publishers * scale.inFlightEach, scale.links * scale.inFlightPerLink];
  return {
    columns: [
      `${payloadBytes}-byte entries, fsync before each acknowledgement, ${fileSystem}`,
      "per second",
      "times the plain file",
      "acknowledged after, ms p50",
      "ms p99",
      "CPU microseconds each",
    ],
    rows: [
      measured(
        `Holdfast's SQLite engine alone, ${count(engine)} in flight`,
        (each) => each.engine,
        (each) => each.engine.cpuUsEach,
      ),
      measured(
        `Holdfast end to end, ${scale.links} WebSocket links, ${count(links)} in flight`,
        (each) => each.overLinks,
        (each) => each.overLinks.serverCpuUsEach,
      ),
      [`plain file, write and fsync per ${groupEntries(all)} entries`, of((each) => each.filePerSecond), "1", "-", "-", "-"],
      ["SQLite, a transaction for each append", of((each) => each.naivePerSecond), toFile((each) => each.naivePerSecond), "-", "-", "-"],
    ],
  };
}

const groupEntries = (all: readonly Repetition[]): string => figure(summarize(all.map((each) => each.engine.groupEntries)).median);

function resultOf(all: readonly Repetition[], fileSystem: string, scale: Scale): CaseResult {
  const engine = summarize(all.map((each) => each.engine.perSecond));
  const links = summarize(all.map((each) => each.overLinks.perSecond));
  const file = summarize(all.map((each) => each.filePerSecond));
  const naive = summarize(all.map((each) => each.naivePerSecond));
  const bar = (label: string, { median, low, high }: Summary, ours: boolean): Bar => ({ label, value: median, low, high, ours });
  const bars = [
    bar("Holdfast, engine alone", engine, true),
    bar("Holdfast, over WebSocket", links, true),
    // The plain file is in the table only: its bar would hide all others.
    bar("SQLite, one per transaction", naive, false),
  ];
  const aim = `at least ${aimPerSecond.toLocaleString("en-US")}`;
  return {
    name: "durable",
    tables: [tableOf(all, fileSystem, scale)],
    charts: [{ name: "durable", title: `Durable publishes per second, ${payloadBytes}-byte entries`, unit: "per second", bars }],
    aims: [
      { what: "durable publishes per second, engine alone", aim, measured: withSpread(engine), met: engine.median >= aimPerSecond },
      { what: "durable publishes per second, over WebSocket", aim, measured: withSpread(links), met: links.median >= aimPerSecond },
    ],
    notes: fileSystem === "tmpfs" ? ["The files were on tmpfs, where a sync costs nothing: these figures say nothing about a disk. Use --dir."] : [],
    figures: {
      "engine, per second": engine.median,
      "over links, per second": links.median,
      "plain file, per second": file.median,
      "naive, per second": naive.median,
    },
  };
}

export const durable: BenchCase = {
  name: "durable",
  title: "Durable publishes",
  run: async ({ smoke, directory, progress }: CaseSettings): Promise<CaseResult> => {
    const scale = smoke ? small : full;
    const all: Repetition[] = [];
    for (let i = 0; i < scale.repetitions; i++) {
      progress(`repetition ${i + 1} of ${scale.repetitions}: engine, plain file, naive, over links`);
      all.push(await repetition(scale, directory));
    }
    return resultOf(all, fileSystemOf(directory), scale);
  },
};

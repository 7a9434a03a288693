/**
 * From publish to delivery at half of the load that Holdfast can carry: the same rate for every contender.
 * Every delivery of every reader is counted, from the moment at which its entry was due.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type ContenderName, contenders } from "../contenders/list.ts";
import { type PairSettings, withPair } from "../lib/pair.ts";
import type { BenchCase, CaseResult, CaseSettings } from "../lib/result.ts";
import { figure, percentile, summarize, withSpread } from "../lib/stats.ts";
import { race } from "./race.ts";

const payloadBytes = 100;
const reachMsMax = 60_000;
const smokeEntriesPerSecond = 100;

interface Lane {
  readonly label: string;
  readonly name: ContenderName;
  readonly durable: boolean;
}
const lanes: readonly Lane[] = [
  { label: "Holdfast, memory engine", name: "holdfast", durable: false },
  { label: "Holdfast, SQLite engine (fsync before delivery)", name: "holdfast", durable: true },
  { label: contenders.ws.label, name: "ws", durable: false },
  { label: contenders.socketIo.label, name: "socketIo", durable: false },
];

interface Scale {
  readonly links: number;
  readonly warmSeconds: number;
  readonly seconds: number;
  readonly repetitions: number;
  readonly turns: number;
}
const full: Scale = { links: 1_000, warmSeconds: 1, seconds: 4, repetitions: 3, turns: 6 };
const small: Scale = { links: 10, warmSeconds: 0.05, seconds: 0.2, repetitions: 1, turns: 1 };

interface Sample {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly busy: number;
}

/** Half of what Holdfast delivers per CPU-second, as entries per second to all readers. */
async function halfLoad({ links, turns }: Scale, progress: (step: string) => void): Promise<number> {
  const racers = [{ label: contenders.holdfast.label, name: "holdfast" as const }];
  const [lane] = await race({ racers, links, payloadBytes, entriesPerRound: 1, warmCpuMs: 800, turnCpuMs: 100, turns }, progress);
  const perSecond = summarize((lane?.turns ?? []).map((turn) => (turn.deliveries / turn.cpuMs) * 1_000)).median;
  return perSecond / 2 / links;
}

async function sample(lane: Lane, scale: Scale, entriesPerSecond: number, root: string): Promise<Sample> {
  const directory = lane.durable ? mkdtempSync(join(root, "latency-")) : null;
  const settings: PairSettings = { links: scale.links, payloadBytes, ...(directory === null ? {} : { directory }) };
  try {
    return await withPair(lane.name, settings, async ({ server, readers }) => {
      const warm = Math.ceil(entriesPerSecond * scale.warmSeconds);
      await server.call("pace", { entriesPerSecond, entries: warm, payloadBytes });
      await readers.call("reach", { entriesEach: warm, withinMs: reachMsMax });
      await readers.call("noteAges");
      const entries = Math.ceil(entriesPerSecond * scale.seconds);
      const before = await server.call("usage");
      const { tookMs } = await server.call("pace", { entriesPerSecond, entries, payloadBytes });
      const after = await server.call("usage");
      await readers.call("reach", { entriesEach: warm + entries, withinMs: reachMsMax });
      const ages = await readers.call("ages");
      if (ages.length !== entries * scale.links) throw new Error(`expected ${entries * scale.links} deliveries, noted ${ages.length}`);
      const at = (fraction: number): number => percentile(ages, fraction) / 1_000;
      return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), busy: (after.cpuMs - before.cpuMs) / tookMs };
    });
  } finally {
    if (directory !== null) rmSync(directory, { recursive: true, force: true });
  }
}

export const latency: BenchCase = {
  name: "latency",
  title: "From publish to delivery at half load",
  run: async ({ smoke, peers, directory, progress }: CaseSettings): Promise<CaseResult> => {
    const scale = smoke ? small : full;
    const entriesPerSecond = smoke ? smokeEntriesPerSecond : await halfLoad(scale, (step) => progress(`finding half load: ${step}`));
    const samples = new Map<string, Sample[]>();
    for (let i = 0; i < scale.repetitions; i++) {
      for (const lane of lanes) {
        if (lane.name === "socketIo" && (smoke || !peers)) continue;
        progress(`repetition ${i + 1} of ${scale.repetitions}: ${lane.label}, ${figure(entriesPerSecond)} entries per second`);
        samples.set(lane.label, [...(samples.get(lane.label) ?? []), await sample(lane, scale, entriesPerSecond, directory)]);
      }
    }
    const rate = `${figure(entriesPerSecond)} entries per second to ${scale.links.toLocaleString("en-US")} readers`;
    const lines = [...samples].map(([label, of]) => ({
      label,
      p50: summarize(of.map((each) => each.p50Ms)),
      p99: summarize(of.map((each) => each.p99Ms)),
      most: summarize(of.map((each) => each.maxMs)),
      busy: summarize(of.map((each) => each.busy)),
    }));
    return {
      name: "latency",
      tables: [
        {
          columns: [rate, "ms p50", "ms p99", "ms worst", "server CPU, share of one core"],
          rows: lines.map(({ label, p50, p99, most, busy }) => [label, withSpread(p50), withSpread(p99), withSpread(most), figure(busy.median)]),
        },
      ],
      charts: [],
      aims: [],
      notes: [],
      figures: Object.fromEntries([
        ["entries per second", entriesPerSecond],
        ...lines.flatMap(
          ({ label, p50, p99 }) =>
            [
              [`${label}, ms p50`, p50.median],
              [`${label}, ms p99`, p99.median],
            ] as const,
        ),
      ]),
    };
  },
};

/**
 * Deliveries per second of server CPU: one stream, 1,000 readers, 100-byte payloads; single entries and bursts of 16.
 */
import type { ContenderName } from "../contenders/list.ts";
import { contenders } from "../contenders/list.ts";
import type { Aim, BenchCase, CaseResult, CaseSettings, Chart, Table } from "../lib/result.ts";
import { figure, ratios, type Summary, summarize, withSpread } from "../lib/stats.ts";
import { type Lane, type Racer, type RaceSettings, race } from "./race.ts";

export const burstEntries = 16;
const payloadBytes = 100;

interface Mode {
  readonly name: "single" | "burst";
  readonly title: string;
  readonly entriesPerRound: number;
  readonly racers: readonly ContenderName[];
  /** Who takes part in a smoke run: those whose code the other mode does not run. */
  readonly smokeRacers: readonly ContenderName[];
  readonly baseline: ContenderName;
  readonly ratioMin: number;
}

const modes: readonly Mode[] = [
  {
    name: "single",
    title: "single entries",
    entriesPerRound: 1,
    racers: ["holdfast", "ws", "socketIo", "raw", "rawLong"],
    smokeRacers: ["holdfast", "ws", "socketIo", "rawLong"],
    baseline: "ws",
    ratioMin: 1.1,
  },
  {
    name: "burst",
    title: "bursts of 16",
    entriesPerRound: burstEntries,
    racers: ["holdfast", "wsCork", "ws", "socketIo", "raw", "rawLong"],
    smokeRacers: ["holdfast", "wsCork"],
    baseline: "wsCork",
    ratioMin: 2,
  },
];

interface Scale {
  readonly links: number;
  readonly warmCpuMs: number;
  readonly turnCpuMs: number;
  readonly turns: number;
  /** Fresh processes so many times: how code is compiled and laid out differs from start to start. */
  readonly races: number;
}
const full: Scale = { links: 1_000, warmCpuMs: 1_000, turnCpuMs: 120, turns: 12, races: 3 };
const small: Scale = { links: 20, warmCpuMs: 1, turnCpuMs: 1, turns: 2, races: 1 };

const perSecond = (lane: Lane): number[] => lane.turns.map((turn) => (turn.deliveries / turn.cpuMs) * 1_000);

interface Merged {
  readonly label: string;
  readonly lane: Lane;
  readonly rate: Summary;
  readonly toBaseline: Summary;
}

function racersOf(mode: Mode, { peers, against, smoke }: CaseSettings): Racer[] {
  const named = (smoke ? mode.smokeRacers : mode.racers)
    .filter((name) => peers || name !== "socketIo")
    .map((name) => ({ label: contenders[name].label as string, name }));
  return [...named, ...against.map((tree) => ({ label: `Holdfast in ${tree}`, name: "holdfast" as const, tree }))];
}

async function runMode(mode: Mode, settings: CaseSettings): Promise<Merged[]> {
  const { races, ...scale } = settings.smoke ? small : full;
  const racers = racersOf(mode, settings);
  const lanes = new Map<string, Lane>();
  const raceSettings: RaceSettings = { ...scale, racers, payloadBytes, entriesPerRound: mode.entriesPerRound };
  for (let i = 0; i < races; i++) {
    for (const lane of await race(raceSettings, (step) => settings.progress(`${mode.title}, race ${i + 1} of ${races}: ${step}`))) {
      lanes.set(lane.label, { ...lane, turns: [...(lanes.get(lane.label)?.turns ?? []), ...lane.turns] });
    }
  }
  const baseline = lanes.get(contenders[mode.baseline].label) as Lane;
  return [...lanes.values()].map((lane) => ({
    label: lane.label,
    lane,
    rate: summarize(perSecond(lane)),
    toBaseline: ratios(perSecond(lane), perSecond(baseline)),
  }));
}

function tableOf(mode: Mode, merged: readonly Merged[]): Table {
  return {
    columns: [
      mode.title,
      "deliveries per CPU-second",
      `times ${contenders[mode.baseline].label}`,
      "microseconds per write: own code",
      "kernel",
      "bytes on the wire per entry",
    ],
    rows: merged.map(({ label, lane, rate, toBaseline }) => {
      const sum = (of: (turn: Lane["turns"][number]) => number): number => lane.turns.reduce((total, turn) => total + of(turn), 0);
      // ws without cork and Socket.IO write every entry by itself; the others join a burst.
      const joined = mode.name === "single" || label === contenders.ws.label || label === contenders.socketIo.label ? 1 : mode.entriesPerRound;
      const writes = sum((turn) => turn.deliveries) / joined;
      const userUs = (sum((turn) => turn.cpuMs - turn.systemMs) * 1_000) / writes;
      const systemUs = (sum((turn) => turn.systemMs) * 1_000) / writes;
      return [label, withSpread(rate), withSpread(toBaseline), figure(userUs), figure(systemUs), String(Math.round(lane.wireBytesPerEntry))];
    }),
  };
}

function chartOf(mode: Mode, merged: readonly Merged[]): Chart {
  return {
    name: `fan-out-${mode.name}`,
    title: `Deliveries per second of server CPU, 1 stream to 1,000 readers, ${mode.title}`,
    unit: "per CPU-second",
    bars: merged.map(({ label, rate }) => ({ label, value: rate.median, low: rate.low, high: rate.high, ours: label.startsWith("Holdfast") })),
  };
}

export const fanOut: BenchCase = {
  name: "fan-out",
  title: "Fan-out: deliveries per second of server CPU",
  run: async (settings): Promise<CaseResult> => {
    const tables: Table[] = [];
    const charts: Chart[] = [];
    const aims: Aim[] = [];
    const figures: Record<string, number> = {};
    for (const mode of modes) {
      const merged = await runMode(mode, settings);
      tables.push(tableOf(mode, merged));
      charts.push(chartOf(mode, merged));
      for (const { label, rate, toBaseline } of merged) {
        figures[`${mode.name}, ${label}, deliveries per CPU-second`] = rate.median;
        if (label === contenders.holdfast.label) {
          const what = `${mode.title}, times ${contenders[mode.baseline].label}`;
          aims.push({ what, aim: `at least ${mode.ratioMin}`, measured: withSpread(toBaseline), met: toBaseline.median >= mode.ratioMin });
          figures[`${mode.name}, ratio`] = toBaseline.median;
        }
      }
    }
    const notes = settings.peers ? [] : ["Socket.IO is not installed and was left out."];
    return { name: "fan-out", tables, charts, aims, notes, figures };
  },
};

/**
 * What is made of races: each mode is raced several times with fresh processes, and told as a table, a chart and the aims.
 * A case says which contenders take part and what they are compared with; nothing here knows them.
 */
import { type ContenderName, contenders } from "../contenders/list.ts";
import type { Aim, CaseResult, CaseSettings, Chart, Table } from "../lib/result.ts";
import { figure, ratios, type Summary, summarize, withSpread } from "../lib/stats.ts";
import { type Lane, type Racer, type RaceSettings, race } from "./race.ts";

export interface Mode {
  readonly name: string;
  readonly title: string;
  readonly entriesPerRound: number;
  readonly racers: readonly ContenderName[];
  /** Who takes part in a smoke run: those whose code the other mode does not run. */
  readonly smokeRacers: readonly ContenderName[];
  /** What all others are compared with, in the order of the columns. */
  readonly baselines: readonly ContenderName[];
  readonly aims: readonly { readonly of: ContenderName; readonly times: ContenderName; readonly ratioMin: number }[];
}

export interface ModesCase {
  readonly name: string;
  /** The chart's title without the mode. */
  readonly chartTitle: string;
  readonly modes: readonly Mode[];
  /** Names that say more here than a contender's own. */
  readonly labels?: Partial<Readonly<Record<ContenderName, string>>>;
  /** Whose place other checkouts take beside it. */
  readonly against: ContenderName;
}

interface Scale {
  readonly links: number;
  readonly payloadBytes: number;
  readonly warmCpuMs: number;
  readonly turnCpuMs: number;
  readonly turns: number;
  /** Fresh processes so many times: how code is compiled and laid out differs from start to start. */
  readonly races: number;
}
const full: Scale = { links: 1_000, payloadBytes: 100, warmCpuMs: 1_000, turnCpuMs: 120, turns: 12, races: 3 };
const small: Scale = { links: 20, payloadBytes: 100, warmCpuMs: 1, turnCpuMs: 1, turns: 2, races: 1 };

interface Merged {
  readonly name: ContenderName;
  readonly label: string;
  readonly lane: Lane;
  readonly rate: Summary;
  readonly times: ReadonlyMap<ContenderName, Summary>;
}

const perSecond = (lane: Lane): number[] => lane.turns.map((turn) => (turn.deliveries / turn.cpuMs) * 1_000);
const labelOf = ({ labels }: ModesCase, name: ContenderName): string => labels?.[name] ?? contenders[name].label;

function racersOf(of: ModesCase, mode: Mode, { peers, against, smoke }: CaseSettings): Racer[] {
  const named = (smoke ? mode.smokeRacers : mode.racers)
    .filter((name) => peers || !("needsPeers" in contenders[name]))
    .map((name) => ({ label: labelOf(of, name), name }));
  return [...named, ...against.map((tree) => ({ label: `${labelOf(of, of.against)} in ${tree}`, name: of.against, tree }))];
}

async function runMode(of: ModesCase, mode: Mode, settings: CaseSettings): Promise<Merged[]> {
  const { races, ...scale } = settings.smoke ? small : full;
  const racers = racersOf(of, mode, settings);
  const lanes = new Map<string, Lane>();
  const raceSettings: RaceSettings = { ...scale, racers, entriesPerRound: mode.entriesPerRound };
  for (let i = 0; i < races; i++) {
    for (const lane of await race(raceSettings, (step) => settings.progress(`${mode.title}, race ${i + 1} of ${races}: ${step}`))) {
      lanes.set(lane.label, { ...lane, turns: [...(lanes.get(lane.label)?.turns ?? []), ...lane.turns] });
    }
  }
  return racers.map(({ name, label }) => {
    const lane = lanes.get(label) as Lane;
    const times = mode.baselines.map((base) => [base, ratios(perSecond(lane), perSecond(lanes.get(labelOf(of, base)) as Lane))] as const);
    return { name, label, lane, rate: summarize(perSecond(lane)), times: new Map(times) };
  });
}

function tableOf(of: ModesCase, mode: Mode, merged: readonly Merged[]): Table {
  return {
    columns: [
      mode.title,
      "deliveries per CPU-second",
      ...mode.baselines.map((base) => `times ${labelOf(of, base)}`),
      "microseconds per write: own code",
      "kernel",
      "bytes on the wire per entry",
    ],
    rows: merged.map(({ name, label, lane, rate, times }) => {
      const sum = (each: (turn: Lane["turns"][number]) => number): number => lane.turns.reduce((total, turn) => total + each(turn), 0);
      const writes = sum((turn) => turn.deliveries) / (contenders[name].joins ? mode.entriesPerRound : 1);
      const userUs = (sum((turn) => turn.cpuMs - turn.systemMs) * 1_000) / writes;
      const systemUs = (sum((turn) => turn.systemMs) * 1_000) / writes;
      return [label, withSpread(rate), ...[...times.values()].map(withSpread), figure(userUs), figure(systemUs), String(Math.round(lane.wireBytesPerEntry))];
    }),
  };
}

function chartOf({ name, chartTitle }: ModesCase, mode: Mode, merged: readonly Merged[]): Chart {
  return {
    name: `${name}-${mode.name}`,
    title: `${chartTitle}, ${mode.title}`,
    unit: "per CPU-second",
    bars: merged.map(({ label, rate }) => ({ label, value: rate.median, low: rate.low, high: rate.high, ours: label.startsWith("Holdfast") })),
  };
}

function aimsOf(of: ModesCase, mode: Mode, merged: readonly Merged[]): Aim[] {
  return mode.aims.flatMap(({ of: name, times, ratioMin }) => {
    const measured = merged.find((each) => each.name === name)?.times.get(times);
    if (measured === undefined) return []; // A smoke run has fewer contenders.
    const what = `${labelOf(of, name)}, ${mode.title}, times ${labelOf(of, times)}`;
    return [{ what, aim: `at least ${ratioMin}`, measured: withSpread(measured), met: measured.median >= ratioMin }];
  });
}

/** Races every mode and tells what came of it. */
export async function runModes(of: ModesCase, settings: CaseSettings): Promise<CaseResult> {
  const tables: Table[] = [];
  const charts: Chart[] = [];
  const aims: Aim[] = [];
  const figures: Record<string, number> = {};
  for (const mode of of.modes) {
    const merged = await runMode(of, mode, settings);
    tables.push(tableOf(of, mode, merged));
    charts.push(chartOf(of, mode, merged));
    aims.push(...aimsOf(of, mode, merged));
    for (const { label, rate, times } of merged) {
      figures[`${mode.name}, ${label}, deliveries per CPU-second`] = rate.median;
      for (const [base, { median }] of times) figures[`${mode.name}, ${label}, times ${labelOf(of, base)}`] = median;
    }
  }
  const missing = settings.peers ? [] : ["What is installed for the benchmarks alone is not installed, and was left out."];
  return { name: of.name, tables, charts, aims, notes: missing, figures };
}

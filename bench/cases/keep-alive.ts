/**
 * What keep-alive saves: so many small files over a long way, in every combination of kept connections or not, one connection or six,
 * HTTP/1.1 and HTTP/2, plain and TLS, whole and resumed handshakes. Beside each measured time stands the model's: round trips, counted on paper.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openProxy } from "@holdfast/lab";
import { certificates, type Pair } from "../../scripts/test-support/certificates.ts";
import { Child } from "../lib/child.ts";
import type { BenchCase, CaseResult, CaseSettings, Chart, Table } from "../lib/result.ts";
import { type Cell, cells, connectionsOf, nameOf, roundTripsOf, type Security, securities } from "../lib/round-trips/cells.ts";
import { distance } from "../lib/round-trips/distance.ts";
import { fetchFiles, learnSession } from "../lib/round-trips/fetching.ts";
import { figure, type Summary, summarize, withSpread } from "../lib/stats.ts";
import type { FilesCalls } from "../processes/files.ts";

/** All answers of a session have to fit into HTTP/2's first window (64 KiB), and one answer into TCP's (about 14 KB). */
const fileBytes = 500;
/** What the web says that keep-alive gains, and how near the model has to come to it for a cell to be meant. */
const published = 3.8;
const publishedWithin = 0.15;
/** How far a measured time may be from the model's. */
const modelWithin = 0.1;

interface Scale {
  readonly files: number;
  readonly rttMs: number;
  /** Cells that take at most this long are measured three times: a longer one is a sum over a hundred files already. */
  readonly repeatMsMax: number;
  readonly repetitions: number;
  /** Cells at the same time, whatever they take. */
  readonly together?: number;
}
const full: Scale = { files: 100, rttMs: 200, repeatMsMax: 25_000, repetitions: 3 };
const small: Scale = { files: 6, rttMs: 20, repeatMsMax: 0, repetitions: 1, together: 20 };

interface Sample {
  readonly seconds: number;
  /** Round trips on the wire, TCP's own included, for each connection. */
  readonly roundTripsPerConnection: number;
}

interface Measured {
  readonly cell: Cell;
  readonly modelSeconds: number;
  readonly seconds: Summary;
  readonly roundTripsPerConnection: number;
}

type Ports = ReadonlyMap<string, number>;
const portKey = ({ protocol, security }: Cell): string => `${protocol} ${security.version}`;

async function openServers(servers: Child<FilesCalls>, { certFile, keyFile }: Pair): Promise<Ports> {
  const ports = new Map<string, number>();
  for (const cell of cells) {
    if (ports.has(portKey(cell))) continue;
    const { protocol, security } = cell;
    ports.set(portKey(cell), await servers.call("open", { protocol, version: security.version, certFile, keyFile, fileBytes }));
  }
  return ports;
}

/** One cell, on a way of its own. Throws when the connections were not what the cell says. */
async function sample(cell: Cell, port: number, pair: Pair, { files, rttMs }: Scale): Promise<Sample> {
  const { security, protocol } = cell;
  const ca = security.version === null ? "" : pair.cert;
  const session = security.resumed ? await learnSession(port, ca, protocol === "HTTP/2" ? "h2" : "http/1.1") : undefined;
  const way = distance(rttMs);
  await using proxy = await openProxy({ target: { host: "127.0.0.1", port }, bufferBytesMax: 1 << 20 });
  proxy.add(way.fault);
  const startMs = performance.now();
  const seen = await fetchFiles(cell, { port: proxy.port, ca, session }, files);
  const seconds = (performance.now() - startMs) / 1_000;
  const connections = connectionsOf(cell, files);
  const versions = security.version === null ? [] : [security.version];
  const expected = { files, bytes: files * fileBytes, resumed: security.resumed ? connections : 0, versions, opened: connections };
  assert.deepEqual({ ...seen, opened: proxy.counters.opened }, expected, nameOf(cell));
  return { seconds, roundTripsPerConnection: 1 + way.turns() / connections };
}

/** Cells that wait are measured beside others; the shorter one is, the more a neighbour's computing would show in it. */
const besides: readonly { readonly secondsMax: number; readonly cells: number }[] = [
  { secondsMax: 2, cells: 1 },
  { secondsMax: 20, cells: 5 },
  { secondsMax: Number.POSITIVE_INFINITY, cells: 10 },
];

/** Cells that are measured at the same time, those that take as long as each other together: the longest decides. */
function batchesOf({ files, rttMs, together }: Scale): Cell[][] {
  const seconds = (cell: Cell): number => (roundTripsOf(cell, files) * rttMs) / 1_000;
  const batches: Cell[][] = [];
  for (const cell of cells.toSorted((a, b) => seconds(a) - seconds(b))) {
    const room = together ?? (besides.find(({ secondsMax }) => seconds(cell) <= secondsMax)?.cells as number);
    const last = batches.at(-1);
    const isAlike = last?.[0] !== undefined && seconds(cell) < 2 * seconds(last[0]);
    if (last !== undefined && last.length < room && isAlike) last.push(cell);
    else batches.push([cell]);
  }
  return batches;
}

async function measure(ports: Ports, pair: Pair, scale: Scale, progress: (step: string) => void): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const batch of batchesOf(scale)) {
    const modelsMs = batch.map((cell) => roundTripsOf(cell, scale.files) * scale.rttMs);
    const longestMs = Math.max(...modelsMs);
    const repetitions = longestMs <= scale.repeatMsMax ? scale.repetitions : 1;
    const samples = new Map<Cell, Sample[]>();
    for (let i = 0; i < repetitions; i++) {
      progress(`${batch.length} cells at once, ${i + 1} of ${repetitions}, about ${figure(longestMs / 1_000)} s`);
      const taken = await Promise.all(batch.map((cell) => sample(cell, ports.get(portKey(cell)) as number, pair, scale)));
      for (const [j, one] of taken.entries()) samples.set(batch[j] as Cell, [...(samples.get(batch[j] as Cell) ?? []), one]);
    }
    for (const [cell, of] of samples) {
      measured.push({
        cell,
        modelSeconds: (roundTripsOf(cell, scale.files) * scale.rttMs) / 1_000,
        seconds: summarize(of.map(({ seconds }) => seconds)),
        roundTripsPerConnection: Math.max(...of.map(({ roundTripsPerConnection }) => roundTripsPerConnection)),
      });
    }
  }
  return measured;
}

/** The same way with and without kept connections. */
interface Couple {
  readonly on: Measured;
  readonly off: Measured;
}

function couplesOf(measured: readonly Measured[]): Couple[] {
  const find = (cell: Cell): Measured => measured.find((each) => each.cell === cell) as Measured;
  return cells
    .filter(({ keepAlive }) => keepAlive)
    .map((on) => {
      const off = cells.find(
        (cell) => !cell.keepAlive && cell.protocol === on.protocol && cell.connections === on.connections && cell.security === on.security,
      );
      return { on: find(on), off: find(off as Cell) };
    });
}

const gainOf = ({ on, off }: Couple): number => off.seconds.median / on.seconds.median;
const modelGainOf = ({ on, off }: Couple): number => off.modelSeconds / on.modelSeconds;
/** By the model, so that a disturbed machine does not move it; what was measured there stands beside it. */
const isPublished = (couple: Couple): boolean => Math.abs(modelGainOf(couple) - published) <= publishedWithin;

function gainTable(couples: readonly Couple[], { files, rttMs }: Scale): Table {
  const seconds = ({ seconds: measured, modelSeconds }: Measured): string => `${withSpread(measured)} s; ${figure(modelSeconds)}`;
  return {
    columns: [
      `${files} files, ${rttMs} ms`,
      "connections",
      "way",
      "without keep-alive; model",
      "with keep-alive; model",
      "times as fast; model",
      `the published ${published}x`,
    ],
    rows: couples.map((couple) => [
      couple.on.cell.protocol,
      String(couple.on.cell.connections),
      couple.on.cell.security.label,
      seconds(couple.off),
      seconds(couple.on),
      `${figure(gainOf(couple))}; ${figure(modelGainOf(couple))}`,
      isPublished(couple) ? "**here**" : "",
    ]),
  };
}

/** What one first request costs, counted on the wire: TCP's round trip is made by the lab, the answer's is one, the rest is TLS. */
function roundTripTable(measured: readonly Measured[]): Table {
  const first = (security: Security): Measured =>
    measured.find(({ cell }) => cell.security === security && cell.protocol === "HTTP/1.1" && cell.connections === 1 && !cell.keepAlive) as Measured;
  return {
    columns: ["round trips of a request on a new connection", "TCP (made)", "TLS (counted)", "request and answer", "in all", "RFC"],
    rows: securities.map((security) => {
      const { roundTripsPerConnection } = first(security);
      return [security.label, "1", figure(roundTripsPerConnection - 2), "1", figure(roundTripsPerConnection), String(2 + security.roundTrips)];
    }),
  };
}

function chartOf(couples: readonly Couple[], connections: number, { files, rttMs }: Scale): Chart {
  const bars = couples
    .filter(({ on }) => on.cell.connections === connections)
    .flatMap(({ on, off }) =>
      [on, off].map(({ cell, seconds: { median, low, high } }) => ({
        label: `${cell.protocol}, ${cell.security.label}, ${cell.keepAlive ? "kept" : "not kept"}`,
        value: median,
        low,
        high,
        ours: cell.keepAlive,
      })),
    );
  const name = connections === 1 ? "keep-alive-one" : "keep-alive-six";
  return {
    name,
    title: `Seconds for ${files} small files at ${rttMs} ms, ${connections === 1 ? "one connection" : "six connections"} at a time`,
    unit: "s",
    bars,
  };
}

function resultOf(measured: readonly Measured[], scale: Scale): CaseResult {
  const couples = couplesOf(measured);
  const near = measured.filter(({ seconds, modelSeconds }) => Math.abs(seconds.median / modelSeconds - 1) <= modelWithin).length;
  const placed = couples.filter(isPublished);
  const places = placed.map((couple) => `${figure(gainOf(couple))} (${nameOf(couple.on.cell).replace(", on", "")})`).join("; ");
  const { files, rttMs } = scale;
  return {
    name: "keep-alive",
    tables: [gainTable(couples, scale), roundTripTable(measured)],
    charts: [1, 6].map((connections) => chartOf(couples, connections, scale)),
    aims: [
      {
        what: "cells whose time is the model's, a tenth more or less",
        aim: `${cells.length} of ${cells.length}`,
        measured: String(near),
        met: near === cells.length,
      },
      {
        what: `the published ${published}x, in the cell that is meant`,
        aim: `${published}, a tenth more or less`,
        measured: places,
        met: placed.some((couple) => Math.abs(gainOf(couple) / published - 1) <= modelWithin),
      },
    ],
    notes: [
      `${files} files of ${fileBytes} bytes, ${rttMs} ms there and back. Every cell was run with all of its files. Cells that take up to ${scale.repeatMsMax / 1_000} s were run ` +
        `${scale.repetitions} times, longer ones once. Each one's connections were counted, and their versions and resumptions checked.`,
    ],
    figures: Object.fromEntries(couples.map((couple) => [`${nameOf(couple.on.cell).replace(", on", "")}, times as fast`, gainOf(couple)])),
  };
}

export const keepAlive: BenchCase = {
  name: "keep-alive",
  title: "Keep-alive: small files over a long way",
  page: "keep-alive.md",
  run: async ({ smoke, progress }: CaseSettings): Promise<CaseResult> => {
    const scale = smoke ? small : full;
    using made = certificates();
    const pair = made.make("bench");
    const servers = new Child<FilesCalls>(join(import.meta.dirname, "..", "processes", "files.ts"));
    try {
      const ports = await openServers(servers, pair);
      // The first run of each kind compiles its code: it counts for nothing.
      if (!smoke) await measure(ports, pair, small, () => undefined);
      return resultOf(await measure(ports, pair, scale, progress), scale);
    } finally {
      await servers.stop();
    }
  },
};

/**
 * Requests that fail because two ends of a kept connection have timers of their own, or because one end leaves: plain Node and guarded,
 * behind real nginx and HAProxy. Its tables stand in docs/timeouts.md.
 */
import { keepAliveBehind } from "@holdfast/guard";
import { needs } from "../../scripts/test-support/needs.ts";
import { type EdgeName, edgeNames } from "../lib/keep-alive/edge.ts";
import { type LastAnswerResult, runLastAnswers } from "../lib/keep-alive/last-answer.ts";
import { type LeavingResult, runLeaving } from "../lib/keep-alive/leaving.ts";
import { delayMs, type Origins, type RaceResult, type RaceSettings, runRace, startOrigins, type Tally } from "../lib/keep-alive/race.ts";
import type { BenchCase, CaseResult, CaseSettings, Table } from "../lib/result.ts";
import { figure } from "../lib/stats.ts";
import type { OriginSettings } from "../processes/origins.ts";

/** The sender's timer. A real one is 60 s; what decides is the order, not the length. */
const poolIdleMs = 2_000;
/** Pauses are drawn from so long before the edge until so long after it. */
const around = [-40, 20] as const;
/** When guard ends an idle connection, after `keepAliveMs`: its grace, and up to a sweep later. */
const guardEnds = [450, 990] as const;
const seed = 20_261_121;

interface Scale {
  readonly clients: number;
  readonly rounds: number;
  /** Races that run at the same time: they mostly wait. */
  readonly parallel: number;
  readonly connections: number;
  readonly leavingMs: number;
}
const full: Scale = { clients: 120, rounds: 42, parallel: 3, connections: 100, leavingMs: 3_000 };
const small: Scale = { clients: 20, rounds: 1, parallel: 24, connections: 5, leavingMs: 200 };

interface Timer {
  readonly name: string;
  readonly keepAliveMs: number;
  readonly pauseMs: RaceSettings["pauseMs"];
  /** Where guard's own end is another moment. */
  readonly guardPauseMs?: RaceSettings["pauseMs"];
}

const pauseAround = (ms: number): RaceSettings["pauseMs"] => [ms + around[0], ms + around[1]];
const belowMs = poolIdleMs / 2;
const timers: readonly Timer[] = [
  { name: "below", keepAliveMs: belowMs, pauseMs: pauseAround(belowMs), guardPauseMs: [belowMs + guardEnds[0], belowMs + guardEnds[1]] },
  { name: "at", keepAliveMs: poolIdleMs, pauseMs: pauseAround(poolIdleMs) },
  { name: "above", keepAliveMs: poolIdleMs * 1.5, pauseMs: pauseAround(poolIdleMs) },
];
const derived = "as guard derives it";

interface Cell {
  readonly edge: EdgeName;
  readonly timer: string;
  readonly guarded: boolean;
  readonly origin: OriginSettings;
  readonly pauseMs: RaceSettings["pauseMs"];
}

/** HAProxy empties its pool by halves, so it takes several times `pool-purge-delay` until the last one is gone. */
const statedIdleMs = (edge: EdgeName): number => (edge === "haproxy" ? poolIdleMs * 10 : poolIdleMs);

function cellsOf(edge: EdgeName): Cell[] {
  const proxyIdleMs = statedIdleMs(edge);
  return [
    ...timers.flatMap(({ name, keepAliveMs, pauseMs, guardPauseMs = pauseMs }): Cell[] => [
      { edge, timer: name, guarded: false, origin: { plainKeepAliveMs: keepAliveMs }, pauseMs },
      { edge, timer: name, guarded: true, origin: { guarded: { role: "proxy", proxyIdleMs, keepAliveMs } }, pauseMs: guardPauseMs },
    ]),
    { edge, timer: derived, guarded: true, origin: { guarded: { role: "proxy", proxyIdleMs } }, pauseMs: pauseAround(poolIdleMs) },
  ];
}

/** Runs `work` for each, some at the same time. */
async function each<T, R>(items: readonly T[], parallel: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const run = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T);
  };
  await Promise.all(Array.from({ length: parallel }, run));
  return results;
}

type Measured = Cell & { readonly result: RaceResult };

const perTenThousand = ({ sent, failed }: Tally): number => (failed * 10_000) / sent;

function raceTable(measured: readonly Measured[], edges: readonly EdgeName[]): Table {
  const of = (edge: EdgeName, timer: string, guarded: boolean): readonly string[] => {
    const found = measured.find((cell) => cell.edge === edge && cell.timer === timer && cell.guarded === guarded);
    return found === undefined ? ["-", "-"] : [figure(perTenThousand(found.result.after.GET)), figure(perTenThousand(found.result.after.POST))];
  };
  const names = [...timers.map(({ name }) => name), derived];
  return {
    columns: ["failed of 10,000: edge", "receiver's timer against the sender's", "plain, GET", "plain, POST", "guarded, GET", "guarded, POST"],
    rows: edges.flatMap((edge) => names.map((timer) => [edge, timer, ...of(edge, timer, false), ...of(edge, timer, true)])),
  };
}

interface Last {
  readonly guarded: boolean;
  readonly depth: number;
  readonly result: LastAnswerResult;
}

async function runLast(origins: Origins, connections: number): Promise<Last[]> {
  const perConnection = 100;
  const found: Last[] = [];
  for (const guarded of [false, true]) {
    for (const depth of [1, 8]) {
      const { port } = await origins.call("open", guarded ? { guarded: { requestsMax: perConnection } } : { plainRequestsMax: perConnection });
      found.push({ guarded, depth, result: await runLastAnswers({ port, depth, connections, perConnection }) });
      await origins.call("close", port);
    }
  }
  return found;
}

function lastTable(lasts: readonly Last[]): Table {
  return {
    columns: ["last answers: client", "server", "sent", "answered", "503", "not answered, after an announced end", "lost", "connections open 1 s later"],
    rows: lasts.map(({ guarded, depth, result }) => [
      depth === 1 ? "one request at a time" : `${depth} pipelined`,
      guarded ? "guarded, `requestsMax`" : "plain, `maxRequestsPerSocket`",
      ...[result.sent, result.answered, result.refused, result.announced, result.lost, result.leftOpen].map((count) => count.toLocaleString("en-US")),
    ]),
  };
}

interface Leaving {
  readonly edge: EdgeName;
  readonly guarded: boolean;
  readonly result: LeavingResult;
}

async function runLeavings(origins: Origins, edges: readonly EdgeName[], aroundMs: number): Promise<Leaving[]> {
  const found: Leaving[] = [];
  for (const edge of edges.filter((name) => name !== "nginx, no retries")) {
    for (const guarded of [false, true]) {
      const proxyIdleMs = statedIdleMs(edge);
      const origin: OriginSettings = {
        answerMs: 20,
        ...(guarded ? { guarded: { proxyIdleMs, drainMs: 10_000 } } : { plainKeepAliveMs: keepAliveBehind(proxyIdleMs) }),
      };
      const result = await runLeaving(origins, { edge, origin, poolIdleMs, graceMs: Math.max(aroundMs * 2, 1_000), clients: 100, aroundMs, seed });
      found.push({ edge, guarded, result });
    }
  }
  return found;
}

const failedOf = ({ result }: Leaving): number => result.tallies.GET.failed + result.tallies.POST.failed;

function leavingTable(leavings: readonly Leaving[]): Table {
  return {
    columns: ["a server leaves under load: edge", "how", "requests meanwhile", "failed, GET", "failed, POST", "until it had left, ms"],
    rows: leavings.map(({ edge, guarded, result: { tallies, tookMs } }) => [
      edge,
      guarded ? "`guard.drain()`" : "`server.close()`",
      (tallies.GET.sent + tallies.POST.sent).toLocaleString("en-US"),
      String(tallies.GET.failed),
      String(tallies.POST.failed),
      figure(tookMs),
    ]),
  };
}

function resultOf(edges: readonly EdgeName[], measured: readonly Measured[], lasts: readonly Last[], leavings: readonly Leaving[], scale: Scale): CaseResult {
  const sum = (chosen: readonly Measured[]): number => chosen.reduce((total, { result: { after } }) => total + after.GET.failed + after.POST.failed, 0);
  const right = sum(measured.filter(({ guarded, timer }) => guarded && timer === derived));
  const plain = sum(measured.filter(({ guarded, timer }) => !guarded && timer !== "above"));
  const left = leavings.filter(({ guarded }) => guarded).reduce((total, one) => total + failedOf(one), 0);
  const lasting = lasts.filter(({ guarded }) => guarded).reduce((total, { result }) => total + result.refused + result.lost + result.leftOpen, 0);
  const aim = (what: string, count: number) => ({ what, aim: "0", measured: String(count), met: count === 0 });
  return {
    name: "keep-alive-races",
    tables: [raceTable(measured, edges), lastTable(lasts), leavingTable(leavings)],
    charts: [],
    aims: [
      aim("requests failed at a guarded server that is told the sender's timer", right),
      aim("requests refused or lost, connections left open, at guard's last answers", lasting),
      aim("requests failed while a guarded server drains", left),
    ],
    notes: [
      `Sender's timer ${poolIdleMs} ms, ${delayMs} ms from edge to server and as much back. ${(scale.clients * scale.rounds) / 2} requests of each method in each cell (twice as many as guard derives it), ` +
        `drawn evenly from ${-around[0]} ms before to ${around[1]} ms after the moment at which the first of the two timers fires (guarded, below: from the whole ` +
        `${guardEnds[1] - guardEnds[0]} ms in which guard may end a connection), so figures say how bad the edge is, not how often a given service meets it.`,
    ],
    figures: { "failed, told": right, "failed, plain": plain, "failed, drain": left },
  };
}

export const keepAliveRaces: BenchCase = {
  name: "keep-alive-races",
  title: "Keep-alive races: requests that fail because two ends have timers of their own",
  page: "timeouts.md",
  run: async ({ smoke, progress }: CaseSettings): Promise<CaseResult> => {
    const scale = smoke ? small : full;
    const edges = edgeNames.filter((name) => needs(name === "haproxy" ? "haproxy" : "nginx") === false);
    const origins = startOrigins();
    try {
      const cells = edges.flatMap(cellsOf);
      let done = 0;
      const measured = await each(cells, scale.parallel, async (cell): Promise<Measured> => {
        const { edge, origin, pauseMs } = cell;
        // A claim of none needs more than a figure does.
        const rounds = cell.timer === derived ? scale.rounds * 2 : scale.rounds;
        const result = await runRace(origins, { edge, origin, pauseMs, poolIdleMs, clients: scale.clients, rounds, seed });
        progress(`race ${++done} of ${cells.length}: ${edge}, ${cell.timer}, ${cell.guarded ? "guarded" : "plain"}: ${JSON.stringify(result.outcomes)}`);
        return { ...cell, result };
      });
      progress("last answers");
      const lasts = await runLast(origins, scale.connections);
      progress("servers that leave");
      const leavings = await runLeavings(origins, edges, scale.leavingMs);
      return resultOf(edges, measured, lasts, leavings, scale);
    } finally {
      await origins.stop();
    }
  },
};

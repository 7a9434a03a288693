/**
 * A herd: every link of a server is cut at once, and the clients come back as the server advised them to.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "../lib/child.ts";
import { descriptorsMax } from "../lib/machine.ts";
import { openPair, type Pair } from "../lib/pair.ts";
import type { BenchCase, CaseResult, CaseSettings } from "../lib/result.ts";
import { figure, summarize, withSpread } from "../lib/stats.ts";
import type { HerdCalls, HerdStatus } from "../processes/herd.ts";

const payloadBytes = 100;
const entriesPerSecond = 10;
const settleMsMax = 60_000;
const bucketUs = 100_000;
const descriptorsSpare = 200;

interface Scale {
  readonly links: number;
  readonly repetitions: number;
  /** How long publishing goes on after the window is over. */
  readonly afterMs: number;
}
const full: Scale = { links: 10_000, repetitions: 3, afterMs: 3_000 };
const small: Scale = { links: 100, repetitions: 1, afterMs: 500 };

interface Run {
  readonly windowMs: number;
  /** Connections accepted in the busiest 100 ms. */
  readonly peak: number;
  readonly liveMs: number;
  readonly caughtUpMs: number;
  readonly lost: number;
  readonly published: number;
  readonly serverCpuMs: number;
  readonly dialsFailed: number;
}

type Herd = Child<HerdCalls>;

async function until(herd: Herd, what: string, reached: (status: HerdStatus) => boolean): Promise<HerdStatus> {
  const deadlineMs = Date.now() + settleMsMax;
  for (;;) {
    const status = await herd.call("status");
    if (reached(status)) return status;
    if (Date.now() > deadlineMs) throw new Error(`${what} not reached: ${JSON.stringify({ ...status, positions: Object.keys(status.positions).length })}`);
    await sleep(50);
  }
}

function busiest(acceptsUs: readonly number[]): number {
  let most = 0;
  let from = 0;
  for (const [to, atUs] of acceptsUs.entries()) {
    while ((acceptsUs[from] as number) <= atUs - bucketUs) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

async function run(pair: Pair, herd: Herd, links: number, afterMs: number): Promise<Run> {
  const { server, port } = pair;
  await server.call("watchConnections");
  await herd.call("connect", { host: "127.0.0.1", port, links });
  // The first links were advised when there were few; beats bring them the window of today.
  const before = await until(herd, "the same advice at every client", ({ windowMsMin, windowMsMax }) => windowMsMin * 4 >= windowMsMax * 3);
  const usageBefore = await server.call("usage");
  const entries = Math.ceil((entriesPerSecond * (before.windowMsMax + afterMs)) / 1_000);
  const publishing = server.call("pace", { entriesPerSecond, entries, payloadBytes });
  await sleep(500);
  const cut = await server.call("cut");
  if (cut.links !== links) throw new Error(`expected to cut ${links} links, cut ${cut.links}`);
  await publishing;
  const after = await until(
    herd,
    "all live and at the same place",
    (status) => status.cut === links && status.caughtUp === links && Object.keys(status.positions).length === 1,
  );
  const acceptsUs = await server.call("accepts");
  const usageAfter = await server.call("usage");
  return {
    windowMs: before.windowMsMax,
    peak: busiest(acceptsUs),
    liveMs: (after.lastLiveUs - cut.atUs) / 1_000,
    caughtUpMs: (after.lastCaughtUpUs - cut.atUs) / 1_000,
    lost: after.gaps + after.broken,
    published: entries,
    serverCpuMs: usageAfter.cpuMs - usageBefore.cpuMs,
    dialsFailed: after.dialsFailed,
  };
}

export const herd: BenchCase = {
  name: "herd",
  title: "A herd: all links cut at once",
  run: async ({ smoke, progress }: CaseSettings): Promise<CaseResult> => {
    const scale = smoke ? small : full;
    const links = Math.min(scale.links, descriptorsMax() - descriptorsSpare);
    const runs: Run[] = [];
    for (let i = 0; i < scale.repetitions; i++) {
      progress(`repetition ${i + 1} of ${scale.repetitions}: ${links} links connect, learn the window, are cut and come back`);
      const pair = await openPair("holdfast", { links, payloadBytes });
      const clients: Herd = new Child<HerdCalls>(join(import.meta.dirname, "..", "processes", "herd.ts"));
      try {
        runs.push(await run(pair, clients, links, scale.afterMs));
      } finally {
        await Promise.all([clients.stop(), pair.stop()]);
      }
    }
    const of = (pick: (each: Run) => number) => summarize(runs.map(pick));
    const lost = runs.reduce((sum, each) => sum + each.lost, 0);
    if (smoke && lost > 0) throw new Error(`${lost} entries were lost, doubled or out of order`);
    const steady = of((each) => links / (each.windowMs / 100));
    return {
      name: "herd",
      tables: [
        {
          columns: [`${links.toLocaleString("en-US")} links, ${entriesPerSecond} entries per second meanwhile`, ""],
          rows: [
            ["advised window, ms", withSpread(of((each) => each.windowMs))],
            ["accepts in the busiest 100 ms", `${withSpread(of((each) => each.peak))}; evenly spread it would be ${figure(steady.median)}`],
            ["until all links are live again, ms", withSpread(of((each) => each.liveMs))],
            ["until all have what was published meanwhile, ms", withSpread(of((each) => each.caughtUpMs))],
            ["server CPU for all of it, ms", withSpread(of((each) => each.serverCpuMs))],
            ["entries published during it", withSpread(of((each) => each.published))],
            ["dials that failed", withSpread(of((each) => each.dialsFailed))],
            ["entries lost, doubled or out of order, over all links and repetitions", String(lost)],
          ],
        },
      ],
      charts: [],
      aims: [{ what: "entries lost when all links are cut at once", aim: "0", measured: String(lost), met: lost === 0 }],
      notes: links < scale.links ? [`Scaled down from ${scale.links} links: a process here may open ${descriptorsMax()} descriptors.`] : [],
      figures: { "window, ms": of((each) => each.windowMs).median, "all caught up, ms": of((each) => each.caughtUpMs).median, lost },
    };
  },
};

/**
 * One race of two timers, made certain: an edge keeps connections to an origin, both ends have a timer, and requests come when one of them
 * is about to fire.
 *
 *     clients ──keep-alive──▶ edge (nginx, HAProxy) ──pool──▶ lab, some ms of latency ──▶ origin
 *
 * On loopback a FIN and a request hardly ever cross; over a network they cross for a round trip. The lab's latency is that round trip.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createRandom, latency, openProxy } from "@holdfast/lab";
import type { OriginCalls, OriginSettings } from "../../processes/origins.ts";
import { Child } from "../child.ts";
import { EdgeClient, type Method, type Outcome } from "./client.ts";
import { type EdgeName, openEdge } from "./edge.ts";

/** One way between edge and origin. */
export const delayMs = 5;

export interface RaceSettings {
  readonly edge: EdgeName;
  readonly origin: OriginSettings;
  /** The edge's own timer for idle connections. */
  readonly poolIdleMs: number;
  /** Pauses before the requests that count are drawn evenly from here, in ms. */
  readonly pauseMs: readonly [from: number, to: number];
  /** Clients at the same time: half of them GET, half POST. */
  readonly clients: number;
  /** How often each of them pauses and asks. */
  readonly rounds: number;
  readonly seed: number;
}

export interface Tally {
  sent: number;
  /** Answered with an error, or not at all. */
  failed: number;
}

export interface RaceResult {
  readonly after: Readonly<Record<Method, Tally>>;
  /** Requests without a pause before them, which keep the pool full: none of them may fail. */
  readonly between: Tally;
  /** What the failures looked like: `502`, `closed`. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** What the origin said at its start. */
  readonly warnings: readonly string[];
}

export type Origins = Child<OriginCalls>;

export const startOrigins = (): Origins => new Child<OriginCalls>(join(import.meta.dirname, "..", "..", "processes", "origins.ts"));

/** Runs one race. `origins` may serve several at the same time. */
export async function runRace(origins: Origins, settings: RaceSettings): Promise<RaceResult> {
  const { port, warnings } = await origins.call("open", settings.origin);
  const lab = await openProxy({ target: { host: "127.0.0.1", port }, seed: settings.seed });
  lab.add(latency({ delayMs }));
  try {
    await using edge = await openEdge(settings.edge, { origins: [lab.port], idleMs: settings.poolIdleMs });
    return { ...(await runRounds(edge.port, settings)), warnings };
  } finally {
    await lab.close();
    await origins.call("close", port);
  }
}

async function runRounds(port: number, { clients: count, rounds, pauseMs, seed }: RaceSettings): Promise<Omit<RaceResult, "warnings">> {
  const [from, to] = pauseMs;
  const random = createRandom(seed);
  const clients = Array.from({ length: count }, () => new EdgeClient(port));
  const methodOf = (i: number): Method => (i % 2 === 0 ? "GET" : "POST");
  const after = { GET: { sent: 0, failed: 0 }, POST: { sent: 0, failed: 0 } };
  const between = { sent: 0, failed: 0 };
  const outcomes: Record<string, number> = {};
  const note = (tally: Tally, outcome: Outcome): void => {
    tally.sent++;
    if (outcome === 200) return;
    tally.failed++;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  try {
    for (let round = 0; round < rounds; round++) {
      // All at once, so that the pool holds as many connections as there are clients, all idle since the same moment.
      for (const outcome of await Promise.all(clients.map((client, i) => client.send(methodOf(i))))) note(between, outcome);
      const probe = async (client: EdgeClient, i: number): Promise<void> => {
        await sleep(from + random.float() * (to - from));
        note(after[methodOf(i)], await client.send(methodOf(i)));
      };
      await Promise.all(clients.map(probe));
    }
  } finally {
    for (const client of clients) client.close();
  }
  return { after, between, outcomes };
}

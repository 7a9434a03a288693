/**
 * Races of a pool with servers that end its connections: how many requests failed, how often a connection was reused, whether a POST was
 * carried out twice.
 */
import { join } from "node:path";
import type { HostileOriginsCalls } from "../../processes/hostile-origins.ts";
import { Child } from "../child.ts";
import type { HttpContender, Method } from "./contenders.ts";
import type { Ending } from "./hostile-origin.ts";

export interface HostileRace extends Ending {
  readonly clients: number;
  readonly rounds: number;
  /** Bounds of the pause before each request but the first. */
  readonly pauseMs: readonly [number, number];
}

export interface HostileResult {
  readonly sent: Readonly<Record<Method, number>>;
  readonly failed: Readonly<Record<Method, number>>;
  /** Failures by what they were. */
  readonly faults: Readonly<Record<string, number>>;
  /** POSTs that were carried out more than once. */
  readonly twice: number;
  readonly connections: number;
  /** Requests on a used connection, of all that the server saw. */
  readonly reuseRatio: number;
}

const none = { hintSeconds: null, idleMs: null, afterAnswers: null, dropsEach: null };

/** The servers that are tried. */
export const hostileRaces = (clients: number, rounds: number): readonly HostileRace[] => {
  const size = { clients, rounds };
  return [
    { ...none, ...size, name: "at the edge of its timer, announced", hintSeconds: 2, idleMs: 2_000, pauseMs: [1_970, 2_015] },
    { ...none, ...size, name: "in the middle of each 3rd request", dropsEach: 3, pauseMs: [0, 5] },
    { ...none, ...size, name: "after 5 answers, unannounced", afterAnswers: 5, pauseMs: [0, 3] },
    { ...none, ...size, name: "at any idle moment, unannounced", idleMs: 40, pauseMs: [5, 60] },
  ];
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Numbers in [0, 1) that follow from a seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export type HostileOrigins = Child<HostileOriginsCalls>;

export const startHostileOrigins = (): HostileOrigins =>
  new Child<HostileOriginsCalls>(join(import.meta.dirname, "..", "..", "processes", "hostile-origins.ts"));

/** Runs one race. `origins` may serve several at the same time. */
export async function runHostileRace(origins: HostileOrigins, contender: HttpContender, race: HostileRace, seed: number): Promise<HostileResult> {
  const { clients, rounds, pauseMs } = race;
  const port = await origins.call("open", race);
  const sender = contender.open(clients);
  const random = seeded(seed);
  const sent = { GET: 0, POST: 0 };
  const failed = { GET: 0, POST: 0 };
  const faults: Record<string, number> = {};
  const client = async (number: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      if (round > 0) await pause(pauseMs[0] + random() * (pauseMs[1] - pauseMs[0]));
      const method: Method = (number + round) % 2 === 0 ? "GET" : "POST";
      sent[method]++;
      try {
        await sender.send(`http://127.0.0.1:${port}/`, method, `${number}.${round}`);
      } catch (error) {
        failed[method]++;
        const fault = `${method} ${faultOf(error)}`;
        faults[fault] = (faults[fault] ?? 0) + 1;
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  await sender.close();
  const { connections, requests, twice } = await origins.call("close", port);
  return { sent, failed, faults, twice, connections, reuseRatio: 1 - connections / Math.max(1, requests) };
}

/** The code that is furthest in, which says most. */
function faultOf(error: unknown): string {
  const { code, cause, message } = error as { readonly code?: string; readonly cause?: unknown; readonly message?: string };
  return code ?? (cause instanceof Error ? faultOf(cause) : (message ?? String(error)));
}

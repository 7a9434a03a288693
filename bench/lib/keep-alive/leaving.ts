/**
 * One of two origins behind an edge is stopped while requests come all the time: how many of them fail?
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createRandom, type LabProxy, latency, openProxy } from "@holdfast/lab";
import type { OriginSettings } from "../../processes/origins.ts";
import { EdgeClient, type Method } from "./client.ts";
import { type EdgeName, openEdge } from "./edge.ts";
import { delayMs, type Origins, type Tally } from "./race.ts";

export interface LeavingSettings {
  readonly edge: EdgeName;
  readonly origin: OriginSettings;
  readonly poolIdleMs: number;
  /** When what is left of a plain origin is killed. */
  readonly graceMs: number;
  readonly clients: number;
  /** How long requests come before and after the stop; at least until it is over. */
  readonly aroundMs: number;
  readonly seed: number;
}

export interface LeavingResult {
  readonly tallies: Readonly<Record<Method, Tally>>;
  readonly tookMs: number;
}

/** Clients pause up to so long between two requests. */
const pauseMsMax = 60;

async function openBehindLab(origins: Origins, settings: OriginSettings, seed: number): Promise<{ port: number; lab: LabProxy }> {
  const { port } = await origins.call("open", settings);
  const lab = await openProxy({ target: { host: "127.0.0.1", port }, seed });
  lab.add(latency({ delayMs }));
  return { port, lab };
}

export async function runLeaving(origins: Origins, settings: LeavingSettings): Promise<LeavingResult> {
  const { edge: name, origin, poolIdleMs, graceMs, seed, aroundMs } = settings;
  const leaves = await openBehindLab(origins, origin, seed);
  const stays = await openBehindLab(origins, origin, seed);
  try {
    await using edge = await openEdge(name, { origins: [leaves.lab.port, stays.lab.port], idleMs: poolIdleMs });
    const tallies = { GET: { sent: 0, failed: 0 }, POST: { sent: 0, failed: 0 } };
    const load = startLoad(edge.port, settings, tallies);
    await sleep(aroundMs);
    const beganMs = performance.now();
    // The port refuses from the moment at which the origin does; what is open goes on through the lab.
    await Promise.all([leaves.lab.refuse(true), origins.call("leave", { port: leaves.port, graceMs })]);
    const tookMs = performance.now() - beganMs;
    await sleep(aroundMs);
    await load.stop();
    return { tallies, tookMs };
  } finally {
    for (const { lab, port } of [leaves, stays]) {
      await lab.close();
      await origins.call("close", port);
    }
  }
}

function startLoad(port: number, { clients: count, seed }: LeavingSettings, tallies: Record<Method, Tally>): { stop(): Promise<void> } {
  const random = createRandom(seed);
  let isOver = false;
  const run = async (method: Method): Promise<void> => {
    const client = new EdgeClient(port);
    while (!isOver) {
      await sleep(random.float() * pauseMsMax);
      const outcome = await client.send(method);
      tallies[method].sent++;
      if (outcome !== 200) tallies[method].failed++;
    }
    client.close();
  };
  const running = Array.from({ length: count }, (_, i) => run(i % 2 === 0 ? "GET" : "POST"));
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(running);
    },
  };
}

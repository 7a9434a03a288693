/**
 * Two nodes over one log, in one process, of which the first can be drained while entries are published without a pause.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createServer, type HoldfastServer, nodeEnv, type ServerOptions } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { answerCalls } from "../../bench/lib/child.ts";
import { sharedEngine } from "../support/shared-engine.ts";

const encoder = new TextEncoder();
const nodes: HoldfastServer[] = [];
/** When the second node took each of its links, as it took it: what a timer sees of it later, on a busy machine, is other seconds. */
const takenMs: number[] = [];

function noteTaken({ hub }: HoldfastServer): void {
  const { counters } = hub;
  const accept = hub.accept.bind(hub);
  hub.accept = (...link) => {
    const before = counters.linksAccepted;
    const answer = accept(...link);
    if (counters.linksAccepted > before) takenMs.push(performance.now());
    return answer;
  };
}
let published = 0;
let publishing: Promise<void> | null = null;
let isOver = false;

async function publish(everyMs: number): Promise<void> {
  while (!isOver) {
    const { hub } = nodes.at(-1) as HoldfastServer;
    const result = await hub.append({ stream: "news", entries: [{ format: "json", payload: encoder.encode(String(published)) }] });
    if (!result.ok) throw new Error(`append refused: ${result.code}`);
    published++;
    await sleep(everyMs);
  }
}

const calls = {
  open: async ({ options, everyMs }: { readonly options: Partial<ServerOptions>; readonly everyMs: number }) => {
    const engines = sharedEngine(memoryEngine({ env: nodeEnv }), 2);
    for (const engine of engines) nodes.push(createServer({ engine, options: { port: 0, ...options }, guard: { unreadyMs: 1_500 } }));
    const ports: number[] = [];
    for (const node of nodes) ports.push((await node.listen()).port);
    publishing = publish(everyMs);
    return ports;
  },
  links: () => nodes.map((node) => node.stats().links),
  /** Drains the first node; resolves when it is gone, with how long that took. */
  drain: async () => {
    const beganMs = performance.now();
    noteTaken(nodes[1] as HoldfastServer);
    await (nodes[0] as HoldfastServer).close();
    return { tookMs: performance.now() - beganMs };
  },
  /** The most links that the second node took in any second of the drain. */
  peakPerSecond: () => {
    let peak = 0;
    let first = 0;
    for (let last = 0; last < takenMs.length; last++) {
      while ((takenMs[last] as number) - (takenMs[first] as number) >= 1_000) first++;
      peak = Math.max(peak, last - first + 1);
    }
    return peak;
  },
  gaps: () => nodes.reduce((sum, node) => sum + [...node.hub.counters.gaps.values()].reduce((a, b) => a + b, 0), 0),
  ends: () => Object.fromEntries((nodes[0] as HoldfastServer).guard.counters.ended),
  stopPublishing: async () => {
    isOver = true;
    await publishing;
    return published;
  },
};

export type TwoNodesCalls = typeof calls;
answerCalls(calls, async () => {
  isOver = true;
  await Promise.all(nodes.map((node) => node.close()));
});

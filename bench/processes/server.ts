/**
 * The measured process: one contender and nothing else. It works only when asked, and tells what it has used.
 */
import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { constants, PerformanceObserver } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contender, ContenderSettings } from "../contenders/contender.ts";
import { type ContenderName, contenders } from "../contenders/list.ts";
import { answerCalls } from "../lib/child.ts";
import { nowUs, payloadText } from "../lib/payload.ts";
import { settledMemory } from "../lib/settled-memory.ts";

export interface Burst {
  readonly rounds: number;
  readonly entriesPerRound: number;
  readonly payloadBytes: number;
}
export interface Pace {
  readonly entriesPerSecond: number;
  readonly entries: number;
  readonly payloadBytes: number;
}
export interface Usage {
  readonly cpuMs: number;
  /** The kernel's part of it. */
  readonly systemMs: number;
  readonly collectorMs: number;
}

let contender: Contender | null = null;
let collectorMs = 0;
/** Set only where connections are cut: it costs memory per connection. */
let sockets: Set<Socket> | null = null;
let acceptsUs: number[] = [];

new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { kind } = (entry as { detail?: { kind?: number } }).detail ?? {};
    if (kind !== constants.NODE_PERFORMANCE_GC_INCREMENTAL) collectorMs += entry.duration;
  }
}).observe({ entryTypes: ["gc"] });

function opened(): Contender {
  if (contender === null) throw new Error("no contender is open");
  return contender;
}

const calls = {
  open: async ({ name, settings }: { readonly name: ContenderName; readonly settings: ContenderSettings }) => {
    contender = await contenders[name].open(settings);
    return { port: contender.port };
  },
  links: () => opened().links(),

  /** Publishes round after round, each when the one before has been given to all sockets. */
  rounds: async ({ rounds, entriesPerRound, payloadBytes }: Burst) => {
    for (let round = 0; round < rounds; round++) {
      const text = payloadText(payloadBytes, nowUs());
      opened().send(Array.from({ length: entriesPerRound }, () => Buffer.from(text)));
      await opened().sent();
    }
  },

  /** Publishes by the clock. Each entry bears the time at which it was due, so that a server that falls behind cannot hide it. */
  pace: async ({ entriesPerSecond, entries, payloadBytes }: Pace) => {
    const gapUs = 1_000_000 / entriesPerSecond;
    const startUs = nowUs();
    for (let sent = 0; sent < entries; ) {
      while (sent < entries && startUs + sent * gapUs <= nowUs()) {
        opened().send([Buffer.from(payloadText(payloadBytes, startUs + sent * gapUs))]);
        sent++;
      }
      await sleep(Math.max(1, (startUs + sent * gapUs - nowUs()) / 1_000));
    }
    return { tookMs: (nowUs() - startUs) / 1_000 };
  },

  usage: (): Usage => {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1_000, systemMs: system / 1_000, collectorMs };
  },

  memory: settledMemory,

  /** From now on knows its connections, so that they can be cut, and when they came. */
  watchConnections: () => {
    const known = new Set<Socket>();
    sockets = known;
    subscribe("net.server.socket", (message) => {
      const { socket } = message as { readonly socket: Socket };
      acceptsUs.push(nowUs());
      known.add(socket);
      socket.on("close", () => known.delete(socket));
    });
  },
  /** Destroys every connection and forgets when earlier ones came. */
  cut: () => {
    acceptsUs = [];
    const atUs = nowUs();
    const cut = [...(sockets ?? [])];
    for (const socket of cut) socket.destroy();
    return { atUs, links: cut.length };
  },
  /** When connections came since the cut. */
  accepts: () => acceptsUs,
};

export type ServerCalls = typeof calls;

answerCalls(calls, () => contender?.close());

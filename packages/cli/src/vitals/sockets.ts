/**
 * `vitals/sockets`: TCP sockets of this network namespace by state, kernel memory behind them, open descriptors of this process.
 * It must not become a load itself: above `socketsMax` the sockets are counted in total only.
 */
import type { Machine, Vital } from "./vital.ts";

/** Sockets up to which each is looked at. Listing 18,000 took the kernel 40 ms and this process 8 ms, measured: once a second that is felt. */
const socketsMax = 10_000;
const pageBytes = 4096;

/** States by their numbers in /proc/net/tcp. */
const states: Readonly<Record<string, string>> = {
  "01": "established",
  "02": "synSent",
  "03": "synReceived",
  "04": "finWait1",
  "05": "finWait2",
  "06": "timeWait",
  "07": "close",
  "08": "closeWait",
  "09": "lastAck",
  "0A": "listen",
  "0B": "closing",
  "0C": "synReceived", // A request that has no full socket yet.
};

export const socketsVital: Vital = {
  stream: "vitals/sockets",
  read: async (machine) => {
    const [sockstat, sockstat6, descriptors] = await Promise.all([
      machine.readText("/proc/net/sockstat"),
      machine.readText("/proc/net/sockstat6"),
      machine.countNames("/proc/self/fd"),
    ]);
    const totals = sockstat === null ? null : parseSockstat(sockstat, sockstat6 ?? "");
    // Listing the folder holds a descriptor of its own.
    return { tcp: await byState(machine, totals), totals, descriptors: descriptors === null ? null : descriptors - 1 };
  },
};

async function byState(machine: Machine, totals: SocketTotals | null): Promise<Record<string, number> | null> {
  if (totals === null || (totals.inUse ?? 0) + (totals.timeWait ?? 0) > socketsMax) return null;
  const [v4, v6] = await Promise.all([machine.readText("/proc/net/tcp"), machine.readText("/proc/net/tcp6")]);
  return v4 === null && v6 === null ? null : countStates(`${v4 ?? ""}\n${v6 ?? ""}`);
}

/** Sockets by state, out of the text of /proc/net/tcp and tcp6. Every state is there, with 0 when no socket is in it. */
export function countStates(text: string): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries(Object.values(states).map((state) => [state, 0]));
  for (const [, number = ""] of text.matchAll(/^ *\d+: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) /gm)) {
    const state = states[number];
    if (state !== undefined) counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** Null where the kernel did not say. */
export interface SocketTotals {
  readonly inUse: number | null;
  readonly orphaned: number | null;
  readonly timeWait: number | null;
  /** Kernel memory of TCP buffers; resident memory of no process shows it. */
  readonly memoryBytes: number | null;
}

/** The TCP line of /proc/net/sockstat, with the sockets of /proc/net/sockstat6. */
export function parseSockstat(text: string, text6: string): SocketTotals {
  const line = /^TCP: (.*)$/m.exec(text)?.[1] ?? "";
  const fact = (name: string): number | null => {
    const found = new RegExp(`\\b${name} (\\d+)`).exec(line)?.[1];
    return found === undefined ? null : Number(found);
  };
  const inUse = fact("inuse");
  const inUse6 = /^TCP6: inuse (\d+)/m.exec(text6)?.[1];
  const pages = fact("mem");
  return {
    inUse: inUse === null ? null : inUse + Number(inUse6 ?? 0),
    orphaned: fact("orphan"),
    timeWait: fact("tw"),
    memoryBytes: pages === null ? null : pages * pageBytes,
  };
}

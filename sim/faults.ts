/**
 * The faults that a plan may hold, as data, and how they are drawn. What they do is in world/strike.ts.
 */

import type { Cut } from "./net/connection.ts";
import type { Direction } from "./net/path.ts";
import type { Random } from "./random.ts";

export type Fault = { readonly atMs: number } /** The client's present connection ends once so many more bytes have passed in one direction. */ & (
  | { readonly kind: "cut"; readonly client: number; readonly direction: Direction; readonly bytes: number; readonly cut: Cut }
  /** The same, counted from the next part of a large entry that reaches the client. */
  | { readonly kind: "cut-parts"; readonly client: number; readonly bytes: number; readonly cut: Cut }
  /** Nothing passes for a while; `both` or one direction. */
  | { readonly kind: "black-hole"; readonly client: number; readonly directions: readonly Direction[]; readonly forMs: number }
  /** A box forgets the present flow: it goes on in silence for ever, or is answered with RST. */
  | { readonly kind: "forgotten-flow"; readonly client: number; readonly answers: boolean }
  /** The client's system reads nothing for a while. */
  | { readonly kind: "slow-reader"; readonly client: number; readonly forMs: number }
  | { readonly kind: "dial-fault"; readonly client: number; readonly mode: "refused" | "hanging"; readonly forMs: number }
  /** The server's process is killed, and comes up again. */
  | { readonly kind: "crash"; readonly how: "fin" | "reset" | "nothing" | "mixed"; readonly downMs: number }
  /** The same, and an older copy of the store is put in its place. */
  | { readonly kind: "restore"; readonly how: "fin" | "reset" | "nothing" | "mixed"; readonly downMs: number }
  | { readonly kind: "backup" }
  /** The engine under the running hub is replaced, with the same logs or an older copy of them. */
  | { readonly kind: "failover"; readonly restores: boolean }
  /** Clients are moved to another hub; or the server is ended in order, and comes up again. */
  | { readonly kind: "roll" }
  /** `isLedTo`: what is in front of the server leads new connections to it until it is gone. */
  | { readonly kind: "drain"; readonly downMs: number; readonly isLedTo: boolean }
  | { readonly kind: "freeze-server"; readonly forMs: number }
  | { readonly kind: "freeze-client"; readonly client: number; readonly forMs: number }
  | { readonly kind: "sleep"; readonly client: number; readonly forMs: number }
  | { readonly kind: "wall-jump"; readonly client: number; readonly byMs: number }
  /** The client's process is killed, and comes up again with the positions that it had stored. */
  | { readonly kind: "client-crash"; readonly client: number; readonly how: "fin" | "reset" | "nothing"; readonly downMs: number }
  /** A second process of the client starts while the first one is frozen. */
  | { readonly kind: "zombie"; readonly client: number; readonly forMs: number }
  /** A reader leaves, and comes back from where it was. */
  | { readonly kind: "reader-leaves"; readonly client: number; readonly reader: number; readonly by: "abort" | "close"; readonly awayMs: number }
  | { readonly kind: "end-stream"; readonly client: number; readonly stream: string; readonly withEntry: boolean }
);

export type FaultKind = Fault["kind"];
type Drawn<F> = F extends unknown ? Omit<F, "atMs"> : never;

export interface FaultScope {
  readonly safetyMs: number;
  readonly clients: number;
  readonly streams: readonly string[];
}

const ends = ["fin", "reset", "nothing"] as const;

const draws: Readonly<Record<FaultKind, (random: Random, scope: FaultScope) => Drawn<Fault>>> = {
  cut: (random, scope) => ({
    kind: "cut",
    client: someClient(random, scope),
    direction: random.chance(0.7) ? "down" : "up",
    bytes: random.pick([0, 1, 3, 7, 30, 90, 200, 1_000, 20_000]) + random.int(0, 60),
    cut: { client: random.pick(ends), server: random.pick(ends) },
  }),
  "cut-parts": (random, scope) => ({
    kind: "cut-parts",
    client: someClient(random, scope),
    bytes: random.pick([1, 100, 61_000]),
    cut: { client: random.pick(["fin", "reset"] as const), server: random.pick(ends) },
  }),
  "black-hole": (random, scope) => ({
    kind: "black-hole",
    client: someClient(random, scope),
    directions: random.pick([["up"], ["down"], ["up", "down"]] as const),
    forMs: random.pick([300, 3_000, 15_000, 60_000]),
  }),
  "forgotten-flow": (random, scope) => ({ kind: "forgotten-flow", client: someClient(random, scope), answers: random.chance(0.4) }),
  "slow-reader": (random, scope) => ({ kind: "slow-reader", client: someClient(random, scope), forMs: random.pick([200, 3_000, 8_000, 20_000]) }),
  "dial-fault": (random, scope) => ({
    kind: "dial-fault",
    client: someClient(random, scope),
    mode: random.pick(["refused", "hanging"]),
    forMs: random.pick([500, 3_000, 12_000]),
  }),
  crash: (random) => ({ kind: "crash", how: random.pick([...ends, "mixed"] as const), downMs: random.pick([5, 300, 3_000]) }),
  restore: (random) => ({ kind: "restore", how: random.pick([...ends, "mixed"] as const), downMs: random.pick([5, 300, 3_000]) }),
  backup: () => ({ kind: "backup" }),
  failover: (random) => ({ kind: "failover", restores: random.chance(0.75) }),
  roll: () => ({ kind: "roll" }),
  drain: (random) => ({ kind: "drain", downMs: random.pick([5, 1_000]), isLedTo: random.fork("led").chance(0.5) }),
  "freeze-server": (random) => ({ kind: "freeze-server", forMs: random.pick([50, 1_000, 9_000]) }),
  "freeze-client": (random, scope) => ({ kind: "freeze-client", client: someClient(random, scope), forMs: random.pick([50, 3_000, 20_000]) }),
  sleep: (random, scope) => ({ kind: "sleep", client: someClient(random, scope), forMs: random.pick([3_000, 40_000]) }),
  "wall-jump": (random, scope) => ({ kind: "wall-jump", client: someClient(random, scope), byMs: random.pick([-3_600_000, -3_000, 3_000, 86_400_000]) }),
  "client-crash": (random, scope) => ({
    kind: "client-crash",
    client: someClient(random, scope),
    how: random.pick(ends),
    downMs: random.pick([1, 500, 5_000]),
  }),
  zombie: (random, scope) => ({ kind: "zombie", client: someClient(random, scope), forMs: random.pick([1_000, 5_000]) }),
  "reader-leaves": (random, scope) => ({
    kind: "reader-leaves",
    client: someClient(random, scope),
    reader: random.int(0, 3),
    by: random.pick(["abort", "close"] as const),
    awayMs: random.pick([0, 0, 50, 2_000]),
  }),
  "end-stream": (random, scope) => ({
    kind: "end-stream",
    client: someClient(random, scope),
    stream: random.pick(scope.streams),
    withEntry: random.chance(0.5),
  }),
};

/** Every kind of fault. */
export const faultKinds = Object.keys(draws) as FaultKind[];

/** How often a kind strikes in a run that may use it, at most. */
const timesMax: Partial<Record<FaultKind, number>> = {
  cut: 8,
  "reader-leaves": 6,
  restore: 2,
  failover: 3,
  roll: 2,
  drain: 1,
  "end-stream": 1,
  zombie: 1,
  sleep: 2,
};

/** When a kind may strike at the earliest, as a fraction of the time for faults: a restore needs a copy, an end something before it. */
const earliest: Partial<Record<FaultKind, number>> = { restore: 0.25, failover: 0.25, "end-stream": 0.5 };

function someClient(random: Random, scope: FaultScope): number {
  return random.int(0, scope.clients - 1);
}

/** Draws which kinds may strike, and when each does. One run in ten has none at all. */
export function drawFaults(
  random: Random,
  scope: FaultScope,
  without: ReadonlySet<string>,
): { readonly faults: readonly Fault[]; readonly kinds: readonly FaultKind[] } {
  const density = random.pick([0, 0.15, 0.3, 0.3, 0.3, 0.5, 0.5, 0.7]);
  const faults: Fault[] = [];
  const kinds: FaultKind[] = [];
  for (const kind of faultKinds) {
    const own = random.fork(kind);
    const isIn = own.chance(kind === "end-stream" ? density / 3 : density);
    const times = own.int(1, timesMax[kind] ?? 4);
    if (!isIn || without.has(kind)) continue;
    kinds.push(kind);
    for (let i = 0; i < times; i++) {
      const atMs = own.between(earliest[kind] ?? 0, 1) * scope.safetyMs;
      faults.push({ atMs, ...draws[kind](own, scope) } as Fault);
    }
  }
  if ((kinds.includes("restore") || kinds.includes("failover")) && !without.has("backup"))
    faults.push({ atMs: random.between(0, 0.4) * scope.safetyMs, kind: "backup" });
  return { faults: faults.sort((a, b) => a.atMs - b.atMs), kinds };
}

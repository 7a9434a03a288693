/**
 * How each kind of fault that the proxy can lay on a link is done, and what is waited for afterwards. Only connections that are open when
 * a fault begins are hit: what the client dials next gets through, as after a box in the middle has forgotten a flow.
 */
import { bandwidth, blackHole, cut, type Directions, type Fault, latency, type Random, reset, slicer } from "@holdfast/lab";
import type { Clock } from "@holdfast/protocol";
import { kinds } from "./kinds.ts";
import type { Lane } from "./lane.ts";
import type { Outcome } from "./tally.ts";

/** How long may pass until bytes come that can be cut. */
const strikeMs = 3_000;
/** An end that both sides are told of is noticed at once, or passed between two requests. */
const promptMs = 3_000;
const cutBytesMax = 600;

export interface FaultParts {
  readonly lane: Lane;
  readonly clock: Clock;
  readonly random: Random;
  readonly needsMs: number;
  readonly effectMs: number;
  /** Beyond what a kind should take, before it counts as not noticed or not overcome. */
  readonly patienceMs: number;
  readonly stop: AbortSignal;
}

const abandoned: Outcome = { result: "abandoned", noticedMs: null, recoveredMs: null };

/** The kinds that are done by the proxy alone. */
export type ProxyKind = "reset" | "cut" | "half-close" | "black-hole" | "black-hole-to-client" | "black-hole-to-server" | "slow-path" | "squeeze";

/** Does it, waits for what follows, and takes it away again. */
export async function layFault(kind: ProxyKind, parts: FaultParts): Promise<Outcome> {
  if (!(await parts.lane.until(() => parts.lane.isLive, parts.patienceMs, parts.stop))) return abandoned;
  return kinds[kind].breaks ? await breakLink(kind, parts) : await hinder(kind, parts);
}

async function breakLink(kind: ProxyKind, parts: FaultParts): Promise<Outcome> {
  const { lane, clock, stop } = parts;
  const startMs = clock.monoMs();
  const heal = await strike(kind, parts);
  if (heal === null) return abandoned;
  // The proxy tells of a strike a turn after it; the client may know by then.
  const struckMs = clock.monoMs();
  const isDark = kind.startsWith("black-hole");
  const limitMs = isDark ? parts.needsMs + parts.patienceMs : promptMs;
  const isNoticed = await lane.until(() => lane.downMs >= startMs, limitMs, stop);
  const noticedMs = isNoticed ? Math.max(0, lane.downMs - struckMs) : null;
  // Unnoticed is well when things go on: a request that was not under way cannot be broken.
  const isBack = await lane.until(
    () => lane.isLive && lane.carriedMs > (lane.downMs >= startMs ? lane.downMs : struckMs + limitMs / 2),
    parts.patienceMs,
    stop,
  );
  await heal();
  if (stop.aborted && !isBack) return { ...abandoned, noticedMs };
  if (!isBack) return { result: isNoticed ? "unrecovered" : "unnoticed", noticedMs, recoveredMs: null };
  return { result: "done", noticedMs, recoveredMs: noticedMs === null ? null : Math.max(0, lane.carriedMs - struckMs) };
}

/** Does it to the connections that are open, and waits until it has acted. Resolves with the way to let go again, null when it did not act. */
async function strike(kind: ProxyKind, { lane, random, stop }: FaultParts): Promise<(() => Promise<void>) | null> {
  const { proxy } = lane.way;
  const open = proxy.connections.filter(({ state }) => state === "open");
  if (open.length === 0) return null;
  if (kind === "half-close") {
    const side = random.pick(["client", "server"] as const);
    for (const connection of open) connection.end(side);
    return async () => {};
  }
  const ids = new Set(open.map(({ id }) => id));
  const handle = proxy.add(faultOf(kind, random), { direction: directionOf(kind, lane), connections: ({ id }) => ids.has(id) });
  const struck = { yet: false };
  // Removal rejects it, which is how the wait ends when the time is over.
  handle.untilStruck().then(
    () => {
      struck.yet = true;
      lane.look();
    },
    () => {},
  );
  if (await lane.until(() => struck.yet, strikeMs, stop)) return () => handle.remove();
  await handle.remove();
  return null;
}

function faultOf(kind: ProxyKind, random: Random): Fault {
  if (kind === "cut") return cut({ afterBytes: random.integer(1, cutBytesMax), countFrom: "now", ending: random.pick(["reset", "fin"]) });
  return kind === "reset" ? reset() : blackHole();
}

function directionOf(kind: ProxyKind, { role }: Lane): Directions {
  if (kind === "black-hole-to-client") return "to-client";
  if (kind === "black-hole-to-server") return "to-server";
  // A message is cut where most of them pass.
  if (kind === "cut") return role === "publisher" ? "to-server" : "to-client";
  return "both";
}

/** What slows a link without breaking it. Overcome: everything that was held back has come. */
async function hinder(kind: ProxyKind, parts: FaultParts): Promise<Outcome> {
  const { lane, clock, effectMs, stop } = parts;
  const { proxy } = lane.way;
  const downMs = lane.downMs;
  const laid = kind === "squeeze" ? [bandwidth({ bytesPerSecond: 1_500 })] : [latency({ delayMs: 100, jitterMs: 100 }), slicer({ sliceBytes: 7 })];
  const handles = laid.map((fault) => proxy.add(fault));
  await lane.until(() => false, effectMs, stop);
  const healedMs = clock.monoMs();
  await Promise.all(handles.map((handle) => handle.remove()));
  const isBack = await lane.until(() => lane.isLive && lane.carriedMs > healedMs, parts.patienceMs, stop);
  if (!isBack && stop.aborted) return abandoned;
  const noticedMs = lane.downMs > downMs ? Math.max(0, lane.downMs - (healedMs - effectMs)) : null;
  return { result: isBack ? "done" : "unrecovered", noticedMs, recoveredMs: isBack ? lane.carriedMs - healedMs : null };
}

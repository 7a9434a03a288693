/**
 * What one seed plays: sizes, options and faults, each drawn from a random subset (swarm), so that rare things are common in some runs
 * and absent in others. A plan is plain data: printed, it says everything about its run but the interleaving.
 */
import type { ClientOptions } from "@holdfast/client";
import type { ServerOptions } from "@holdfast/server";
import type { EngineOptions, StreamPolicy, Weakness } from "@holdfast/server/engines";
import type { AskedFrom } from "./checker/reader-check.ts";
import { drawFaults, type Fault } from "./faults.ts";
import type { PathRules } from "./net/path.ts";
import { Random } from "./random.ts";
import type { PayloadProfile } from "./world/payloads.ts";

export interface EnginePlan {
  readonly kind: "memory" | "weak";
  readonly weakness: Partial<Weakness>;
  readonly policies: readonly StreamPolicy[];
  readonly options: Partial<EngineOptions>;
}

export interface ReaderPlan {
  readonly stream: string;
  readonly from: Exclude<AskedFrom, { readonly after: string }>;
  /** How long the application takes for one entry; 0 for at once. */
  readonly delayMs: number;
  /** How long it takes to handle a gap. */
  readonly gapMs: number;
  readonly startMs: number;
}

export interface FollowerPlan {
  readonly streams: readonly string[];
  /** Where each stream begins: `first`, `now` or `last:N`. */
  readonly after: readonly string[];
  readonly startMs: number;
}

export interface PublisherPlan {
  readonly stream: string;
  readonly profile: PayloadProfile;
  /** Mean time between bursts. */
  readonly everyMs: number;
  readonly burstMax: number;
  readonly total: number;
  readonly dedupeChance: number;
  readonly abortChance: number;
}

export interface ClientPlan {
  readonly path: PathRules;
  readonly options: ClientOptions;
  /** The producer's identity survives a restart of the client, its epoch growing. */
  readonly keepsProducer: boolean;
  readonly readers: readonly ReaderPlan[];
  readonly publishers: readonly PublisherPlan[];
  /** What reads by `EventSource`, beside the client. */
  readonly follower: FollowerPlan | null;
}

export interface Plan {
  readonly seed: number;
  readonly safetyMs: number;
  readonly engine: EnginePlan;
  readonly server: Partial<ServerOptions>;
  readonly clients: readonly ClientPlan[];
  /** What is appended inside the server, past all links. */
  readonly direct: PublisherPlan | null;
  readonly faults: readonly Fault[];
  /** Kinds of faults that this seed may use. */
  readonly kinds: readonly string[];
  /** After healing nothing more is published: only beats can show what is missing. */
  readonly isQuiet: boolean;
}

/** Draws the plan of a seed. `without` leaves out kinds of faults, to find out which one matters. */
export function drawPlan(seed: number, without: ReadonlySet<string> = new Set()): Plan {
  const random = Random.ofSeed(seed);
  const sizes = random.fork("sizes");
  const safetyMs = sizes.pick([4_000, 8_000, 15_000, 30_000]);
  const streams = ["room/1", "room/2", "logs/app", "ai/42"].slice(0, sizes.int(1, 4));
  const profile = sizes.pick<PayloadProfile>(["tiny", "tiny", "tiny", "mixed", "mixed", "large"]);
  const clientCount = sizes.int(1, 4);
  const publishesMax = profile === "large" ? 60 : sizes.pick([30, 90, 200]);
  const clients = Array.from({ length: clientCount }, (_, i) => drawClient(random.fork(`client ${i}`), streams, profile, safetyMs, publishesMax / clientCount));
  const { faults, kinds } = drawFaults(random.fork("faults"), { safetyMs, clients: clientCount, streams }, without);
  const direct = random.fork("direct");
  return {
    seed,
    safetyMs,
    engine: drawEngine(random.fork("engine")),
    server: drawServer(random.fork("server"), linksNeeded(clients, kinds.includes("zombie"))),
    clients,
    direct: direct.chance(0.4) ? drawPublisher(direct, direct.pick(streams), "tiny", safetyMs, 20) : null,
    faults,
    kinds,
    isQuiet: sizes.chance(0.5),
  };
}

function drawEngine(random: Random): EnginePlan {
  const options: Partial<EngineOptions> = { retentionPassMs: random.pick([50, 1_000]), epochsMax: random.pick([2, 5, 1_000]) };
  const policies: StreamPolicy[] = [];
  if (random.chance(0.6)) {
    const limit = random.pick([{ entriesMax: random.pick([3, 10, 40]) }, { bytesMax: random.pick([300, 3_000]) }, { ageMs: random.pick([1_500, 8_000]) }]);
    policies.push({ pattern: random.pick(["room/*", "logs/**", "room/1"]), ...limit });
  }
  const weakness = {
    busy: random.pick([0, 0, 0.05]),
    unknown: random.pick([0, 0, 0.08]),
    delayMsMax: random.pick([0, 5, 60]),
    staleMsMax: random.pick([20, 200, 2_000]),
  };
  return { kind: random.chance(0.4) ? "memory" : "weak", weakness, policies, options };
}

/**
 * What everybody may hold for good, so that a server with room for no more can still serve all: a client that is carried by requests has one
 * under way for its streams and one for its publishes. A process whose place another one has taken goes on as long as that one. There is no
 * room for a link that is to replace another.
 */
function linksNeeded(clients: readonly ClientPlan[], hasZombie: boolean): number {
  const needs = clients.map(({ options, follower }) => (options.transports?.join() === "websocket" ? 1 : 2) + (follower === null ? 0 : 1));
  return needs.reduce((sum, need) => sum + need, hasZombie ? Math.max(...needs) : 0);
}

function drawServer(random: Random, linksMax: number): Partial<ServerOptions> {
  return {
    heartbeatMs: random.pick([800, 2_000, 2_000, 5_000, 12_000]),
    handshakeMs: random.pick([2_000, 10_000]),
    linksMax: random.pick([linksMax, 20_000]),
    tailBytesMax: random.pick([1_200, 20_000, 67_108_864]),
    pageCacheBytesMax: random.pick([600, 100_000, 33_554_432]),
    pageEntriesMax: random.pick([2, 5, 32, 256]),
    controlBytesMax: random.pick([400, 65_536]),
    publishesInFlightMax: random.pick([1, 4, 256]),
    stallMs: random.pick([600, 3_000, 60_000]),
    drainMs: random.pick([1_500, 10_000]),
    rotateMs: random.pick([3_000, 20_000]),
    entryBytesMax: random.pick([2_000, 55_000, 262_144, 262_144, 262_144]),
  };
}

/** What takes longer to carry than the client waits for an answer would be sent for ever: large entries and long ways need wide windows. */
function drawPath(random: Random, profile: PayloadProfile): PathRules {
  const delayMs = random.pick([0.1, 2, 20, 150]);
  const isWide = profile === "large" || delayMs > 10;
  return {
    delayMs,
    jitterMs: random.pick([0.05, 1, 20]),
    resendChance: random.pick([0, 0, 0.01]),
    windowBytes: isWide ? random.pick([profile === "large" ? 300_000 : 20_000, 1_000_000]) : random.pick([1_500, 8_000, 65_536, 1_000_000]),
    refusesLinks: false,
    holdsStreams: false,
    segmentBytesMax: isWide ? random.pick([1_400, 16_384, 65_536]) : random.pick([300, 1_400, 16_384, 65_536]),
  };
}

function drawClient(random: Random, streams: readonly string[], profile: PayloadProfile, safetyMs: number, publishesMax: number): ClientPlan {
  const options: ClientOptions = {
    probeTimeoutMs: random.pick([800, 5_000]),
    ackTimeoutMs: random.pick([800, 5_000]),
    backoffCapMs: random.pick([2_000, 10_000]),
    dialTimeoutMs: random.pick([2_000, 10_000]),
    handshakeTimeoutMs: random.pick([2_000, 10_000]),
    idleLinkMs: random.pick([0, 10_000]),
    queueEntriesMax: random.pick([2, 8, 1_000]),
    queueBytesMax: random.pick([1_024, 1_048_576]),
    outboxBytesMax: random.pick([4_000, 1_048_576, 1_048_576]),
    outboxAgeMs: random.pick([3_000, 600_000, 600_000]),
    inFlightMax: random.pick([1, 3, 128]),
  };
  const readers = Array.from({ length: random.int(0, 4) }, () => drawReader(random, random.pick(streams), safetyMs));
  const publishers = random.chance(0.7) || readers.length === 0 ? [drawPublisher(random, random.pick(streams), profile, safetyMs, publishesMax)] : [];
  if (random.chance(0.3)) publishers.push(drawPublisher(random, random.pick(streams), "tiny", safetyMs, publishesMax));
  const { path, transports } = drawTransports(random.fork("transports"), drawPath(random, profile));
  const keepsProducer = random.chance(0.5);
  return {
    path,
    options: { ...options, transports },
    keepsProducer,
    readers,
    publishers,
    follower: drawFollower(random.fork("follower"), streams, path, safetyMs),
  };
}

/** None where a hop holds streams back: who knows no other way gets nothing there before the stream ends. */
function drawFollower(random: Random, streams: readonly string[], path: PathRules, safetyMs: number): FollowerPlan | null {
  if (path.holdsStreams || random.chance(0.6)) return null;
  const first = random.int(0, streams.length - 1);
  const count = random.int(1, streams.length);
  const followed = [...streams, ...streams].slice(first, first + count);
  const after = followed.map(() => random.pick(["first", "first", "now", "last:0", "last:3"]));
  return { streams: followed, after, startMs: random.chance(0.5) ? 0 : random.between(0, safetyMs) };
}

/** One transport for good, or all of them with hops on the way that some do not pass. */
function drawTransports(random: Random, path: PathRules): { path: PathRules; transports: string[] } {
  const transports = random.pick([["websocket"], ["websocket"], ["sse"], ["poll"], ["websocket", "sse", "poll"], ["websocket", "sse", "poll"]]);
  if (transports.length === 1) return { path, transports };
  return { path: { ...path, refusesLinks: random.chance(0.5), holdsStreams: random.chance(0.4) }, transports };
}

function drawReader(random: Random, stream: string, safetyMs: number): ReaderPlan {
  return {
    stream,
    from: random.pick(["first", "first", "now", { last: random.pick([0, 1, 3, 20]) }] as const),
    delayMs: random.pick([0, 0, 0, 5, 100, 700]),
    gapMs: random.pick([0, 0, 300]),
    startMs: random.chance(0.5) ? 0 : random.between(0, safetyMs),
  };
}

function drawPublisher(random: Random, stream: string, profile: PayloadProfile, safetyMs: number, totalMax: number): PublisherPlan {
  const total = random.int(1, Math.max(1, Math.ceil(totalMax)));
  const burstMax = random.pick([1, 1, 4, 25]);
  return {
    stream,
    profile,
    everyMs: Math.max(2, (safetyMs * random.pick([0.2, 0.9]) * Math.max(1, burstMax / 2)) / total),
    burstMax,
    total,
    dedupeChance: random.pick([0, 0, 0.2]),
    abortChance: random.pick([0, 0, 0.1]),
  };
}

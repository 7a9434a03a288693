/**
 * The ways in which links are broken: what each is called, whose link it is laid on, and how long it takes. Pure data and the plan that
 * follows from it; how each is done is in faults.ts.
 */

/** Who can suffer a fault: a client that reads, one that publishes, or the one that is left in peace. */
export type Role = "reader" | "publisher" | "quiet";

/** What the durations depend on, in ms. */
export interface Timing {
  /** The server's beat. */
  readonly heartbeatMs: number;
  /** Over which lost links come back. */
  readonly windowMs: number;
  /** The clients' patience with a probe, and with an unanswered publish. */
  readonly probeTimeoutMs: number;
  readonly ackTimeoutMs: number;
  /** A link younger than this is not broken again: clients back off from links that do not last. */
  readonly settleMs: number;
  /** How long a hindrance stays that breaks nothing. */
  readonly effectMs: number;
}

interface KindRow {
  readonly title: string;
  readonly what: string;
  readonly roles: readonly Role[];
  /** Whether the link is expected to be lost. */
  readonly breaks: boolean;
  needsMs(timing: Timing, role: Role): number;
}

/** Back on a new link, and one entry over it. */
const backMs = (timing: Timing): number => timing.windowMs + 1_500;
/** A client hears of silence after 1.1 beats, 2 s and a probe; it comes back within another second. */
const silenceMs = (timing: Timing): number => 1.1 * timing.heartbeatMs + 2_000 + timing.probeTimeoutMs + 1_000 + 1_500;
/** A publisher asks sooner: when its publishes are not answered. */
const unansweredMs = (timing: Timing): number => timing.ackTimeoutMs + timing.probeTimeoutMs + 1_000 + 1_500;
const darkMs = (timing: Timing, role: Role): number => (role === "publisher" ? Math.min(silenceMs(timing), unansweredMs(timing)) : silenceMs(timing));

const both = ["reader", "publisher"] as const;

export const kinds = {
  reset: { title: "reset", what: "RST to both ends", roles: both, breaks: true, needsMs: (t) => 500 + backMs(t) },
  cut: {
    title: "cut in mid-message",
    what: "The stream of bytes ends after a random number of them",
    roles: both,
    breaks: true,
    needsMs: (t) => 1_500 + backMs(t),
  },
  "half-close": { title: "half-close", what: "FIN to one end, nothing to the other", roles: both, breaks: true, needsMs: (t) => 500 + backMs(t) },
  "black-hole": { title: "black hole", what: "Nothing passes any more, both sockets stay open", roles: both, breaks: true, needsMs: darkMs },
  "black-hole-to-client": {
    title: "black hole to client",
    what: "As above, only from the server to the client",
    roles: ["reader"],
    breaks: true,
    needsMs: darkMs,
  },
  "black-hole-to-server": {
    title: "black hole to server",
    what: "As above, only from the client to the server",
    roles: ["publisher"],
    breaks: true,
    needsMs: darkMs,
  },
  "slow-path": {
    title: "latency and slices",
    what: "Everything is late and comes in pieces of seven bytes",
    roles: both,
    breaks: false,
    needsMs: (t) => t.effectMs + 1_000,
  },
  squeeze: { title: "bandwidth squeeze", what: "1,500 bytes a second", roles: both, breaks: false, needsMs: (t) => t.effectMs + 2_500 },
  "idle-pause": {
    title: "idle pause",
    what: "Nothing but beats, then one entry",
    roles: ["quiet"],
    breaks: false,
    needsMs: (t) => 1.5 * t.heartbeatMs + 1_000,
  },
  reopen: {
    title: "close and re-open",
    what: "The client is closed, and another goes on from the stored position",
    roles: ["reader"],
    breaks: false,
    needsMs: () => 1_500,
  },
  "wake-storm": {
    title: "wake storm",
    what: "The client is told 200 times in a second that the network has changed",
    roles: ["reader"],
    breaks: false,
    needsMs: () => 2_000,
  },
  "two-clients": {
    title: "two clients",
    what: "A second client reads the same streams from their beginning while links are reset",
    roles: ["reader"],
    breaks: true,
    needsMs: (t) => 1_500 + backMs(t),
  },
  "slow-iterator": {
    title: "slow iterator",
    what: "A client with a queue of eight entries takes one in 100 ms",
    roles: ["reader"],
    breaks: false,
    needsMs: (t) => t.effectMs + 2_000,
  },
} as const satisfies Record<string, KindRow>;

export type KindName = keyof typeof kinds;
/** A row of the table: a kind, or the time before the first one. */
export type RowName = KindName | "undisturbed";

export const kindNames = Object.keys(kinds) as KindName[];
export const rowNames: readonly RowName[] = ["undisturbed", ...kindNames];
export const titleOf = (row: RowName): string => (row === "undisturbed" ? "undisturbed" : kinds[row].title);

const row = (kind: KindName): KindRow => kinds[kind];

/** How long a kind takes on the link of that role. */
export function needsMs(kind: KindName, timing: Timing, role: Role): number {
  return row(kind).needsMs(timing, role);
}

/** The least time in which a kind can be done at all. */
export function leastMs(kind: KindName, timing: Timing): number {
  return Math.min(...row(kind).roles.map((role) => needsMs(kind, timing, role)));
}

export interface Pick {
  readonly role: Role;
  /** Until the run ends. */
  readonly remainingMs: number;
  /** Until this lane's link has settled. */
  readonly unsettledMs: number;
  /** How often each was begun, by anybody and on links of this role. */
  readonly begun: ReadonlyMap<KindName, number>;
  readonly begunByRole: ReadonlyMap<KindName, number>;
}

/**
 * What a lane does next: of what still fits, what was begun least, and of those what takes longest, because it fits now or never.
 * While a link settles, what breaks nothing goes first. Null: nothing fits any more.
 */
export function nextKind(timing: Timing, pick: Pick): KindName | null {
  const waitOf = (kind: KindName): number => (row(kind).breaks ? Math.max(0, pick.unsettledMs) : 0);
  const fitting = kindNames.filter((kind) => row(kind).roles.includes(pick.role) && waitOf(kind) + needsMs(kind, timing, pick.role) <= pick.remainingMs);
  const rank = (kind: KindName): readonly number[] => [
    pick.begun.get(kind) ?? 0,
    pick.begunByRole.get(kind) ?? 0,
    waitOf(kind),
    -needsMs(kind, timing, pick.role),
  ];
  return fitting.sort((a, b) => compare(rank(a), rank(b)))[0] ?? null;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number);
}

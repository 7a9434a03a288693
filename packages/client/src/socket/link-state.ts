/**
 * The life of one link to a foreign server, as a pure machine: dial, live, probe, wait, over. Both the socket and the event source run on it.
 *
 *      waiting ──due──> dialing ──opened──> live ──silence or wake──> probing ──no answer──> waiting
 *         ^                 └──failed──────────┴──ended──────────────────┘ │ any byte ──> live
 *
 * It must never call a link dead because a timer was late: what held up the timer may have held up the peer's bytes. Probe first, judge after.
 */

/** Why a link ended. Where Holdfast's own table of codes has the meaning, it is the same name. */
export type EndCode =
  | "connect_failed"
  | "connect_timeout"
  | "heartbeat_lost"
  | "network_changed"
  | "remote_closed"
  | "remote_refused"
  | "event_too_large"
  | "closed_by_user";

/** The end of one link. */
export interface Ending {
  readonly code: EndCode;
  /** For people. */
  readonly reason: string;
  /** The close code of a WebSocket or the status of an HTTP answer; null when the peer said nothing. */
  readonly peerCode: number | null;
  /** The peer said not to come back. */
  readonly isFinal: boolean;
  /** Not before this: the peer's advice. */
  readonly afterMs: number;
}

/**
 * How a link shows that it lives: `probe`, it answers when asked; `silence`, it says something at least every `silenceMs`;
 * `none`, it may be silent for ever, so silence proves nothing and is not judged.
 */
export type Proof = "probe" | "silence" | "none";

/** The times of a machine, in ms. */
export interface LinkRules {
  /** Silence after which a link is probed. */
  readonly heartbeatMs: number;
  /** Silence after which a link that cannot be probed is dead; more than `ackMs`. */
  readonly silenceMs: number;
  /** How long an answer to a probe may take. */
  readonly ackMs: number;
  /** How long a dial may take. */
  readonly connectMs: number;
  /** The longest delay between dials, peers' advice apart. */
  readonly backoffCapMs: number;
}

/** The first delay is random below this; it doubles. Ends found on this side are retried within it. */
const backoffBaseMs = 1_000;
/** A link that ended sooner than this counts as a failed dial: else a server that accepts and drops would be dialled without pause. */
const stableMs = 5_000;
/** A timer that fires later than this was held up. */
export const lateMs = 2_000;
/** The longest advice of a peer that is followed. */
const afterMsMax = 3_600_000;

interface Common {
  /** When the machine wants its next `timer`; Infinity for never. */
  readonly dueMs: number;
  /** Dials that failed in a row, links that did not last included. */
  readonly failures: number;
  /** How the link before this one ended, or this one when it is over. */
  readonly cause: Ending | null;
}
interface Waiting extends Common {
  readonly name: "waiting";
  /** No event may bring the dial forward past this. */
  readonly floorMs: number;
}
interface Dialing extends Common {
  readonly name: "dialing";
}
interface Live extends Common {
  readonly name: "live";
  readonly openedMs: number;
  readonly proof: Proof;
}
interface Probing extends Common {
  readonly name: "probing";
  readonly openedMs: number;
  readonly proof: Proof;
  readonly wasLate: boolean;
  /** Bytes are overdue; else the probe is only a question, asked of a quiet link or after a wake. */
  readonly isOverdue: boolean;
}
interface Over extends Common {
  readonly name: "over";
  readonly cause: Ending;
}

export type LinkState = Waiting | Dialing | Live | Probing | Over;

/** What a page or a clock can tell: each is a reason to doubt a link, and to dial sooner. */
export type Poke = "online" | "offline" | "visibilitychange" | "pageshow" | "resume" | "woke";

export type LinkEvent =
  | { readonly name: "timer" | "heard" | "close" }
  | { readonly name: "opened"; readonly proof: Proof }
  | { readonly name: "ended"; readonly ending: Ending }
  | { readonly name: "poke"; readonly why: Poke };

/** What the shell does: dial anew; ask for an answer; let go of the connection at once. */
export type LinkAction = "dial" | "probe" | "destroy";

export interface LinkStep {
  readonly state: LinkState;
  readonly action: LinkAction | null;
}

/** An end found on this side. */
export const localEnding = (code: EndCode, reason: string): Ending => ({ code, reason, peerCode: null, isFinal: false, afterMs: 0 });

/** A link that is to be dialled at once. */
export const unborn = (nowMs: number): LinkState => ({ name: "waiting", dueMs: nowMs, floorMs: nowMs, failures: 0, cause: null });

/** Whether there is a link. */
export const isOpen = ({ name }: LinkState): boolean => name === "live" || name === "probing";

const to = (state: LinkState, action: LinkAction | null = null): LinkStep => ({ state, action });

/** As a moment: not at all. As a time: without end. */
export const never = Number.POSITIVE_INFINITY;

/** One step. `random` is a fraction in [0, 1). Events that a state does not know come too late and change nothing. */
export function stepLink(state: LinkState, event: LinkEvent, nowMs: number, rules: LinkRules, random: number): LinkStep {
  if (state.name === "over") return to(state);
  switch (event.name) {
    case "timer":
      return nowMs < state.dueMs ? to(state) : onDue(state, nowMs, rules, random);
    case "opened": {
      if (state.name !== "dialing") return to(state);
      // The first beat comes at a random point, so that links that were opened together do not ask together for ever.
      const dueMs = nowMs + quietMs(event.proof, rules) * (1 - random / 2);
      return to({ ...state, name: "live", openedMs: nowMs, dueMs, proof: event.proof });
    }
    case "heard":
      if (state.name !== "live" && state.name !== "probing") return to(state);
      return to({ ...state, name: "live", dueMs: nowMs + quietMs(state.proof, rules) });
    case "ended":
      return state.name === "waiting" ? to(state) : lose(state, event.ending, nowMs, rules, random);
    case "poke":
      return onPoke(state, event.why, nowMs, rules, random);
    case "close":
      return to({ ...state, name: "over", dueMs: never, cause: localEnding("closed_by_user", "") });
    default:
      return event satisfies never;
  }
}

function quietMs(proof: Proof, { heartbeatMs, silenceMs, ackMs }: LinkRules): number {
  if (proof === "none") return never;
  return proof === "probe" ? heartbeatMs : silenceMs - ackMs;
}

function onDue(state: Exclude<LinkState, Over>, nowMs: number, rules: LinkRules, random: number): LinkStep {
  switch (state.name) {
    case "waiting":
      return to({ ...state, name: "dialing", dueMs: nowMs + rules.connectMs }, "dial");
    case "dialing":
      return lose(state, localEnding("connect_timeout", "no answer to the dial in time"), nowMs, rules, random, "destroy");
    case "live":
      // To ask a quiet link is routine. Only when half the time for an answer is gone, or when bytes were promised, is it overdue.
      return probe(state, state.proof !== "probe", false, nowMs, rules);
    case "probing":
      // Once only: where every timer is late, as in a hidden tab, nothing would ever be judged.
      if (nowMs - state.dueMs > lateMs && !state.wasLate) return probe(state, state.isOverdue, true, nowMs, rules);
      if (!state.isOverdue) return to({ ...state, isOverdue: true, dueMs: nowMs + rules.ackMs / 2 });
      return lose(state, localEnding("heartbeat_lost", "no proof of life in time"), nowMs, rules, random, "destroy");
    default:
      return state satisfies never;
  }
}

function probe(state: Live | Probing, isOverdue: boolean, wasLate: boolean, nowMs: number, rules: LinkRules): LinkStep {
  return to({ ...state, name: "probing", dueMs: nowMs + rules.ackMs / (isOverdue ? 1 : 2), wasLate, isOverdue }, "probe");
}

type Lost = Dialing | Live | Probing;

function lose(state: Lost, cause: Ending, nowMs: number, rules: LinkRules, random: number, action: LinkAction | null = null): LinkStep {
  if (cause.isFinal) return to({ ...state, name: "over", dueMs: never, cause }, action);
  const lasted = state.name !== "dialing" && nowMs - state.openedMs >= stableMs;
  const failures = lasted ? 0 : state.failures + 1;
  const floorMs = nowMs + Math.min(cause.afterMs, afterMsMax);
  return to({ name: "waiting", dueMs: floorMs + random * backoffMs(failures, rules), floorMs, failures, cause }, action);
}

/** The upper bound of the delay after `failures` failures in a row. */
export function backoffMs(failures: number, { backoffCapMs }: LinkRules): number {
  return Math.min(backoffCapMs, backoffBaseMs * 2 ** Math.max(0, failures - 1));
}

function onPoke(state: LinkState, why: Poke, nowMs: number, rules: LinkRules, random: number): LinkStep {
  if (state.name === "waiting" && why !== "offline") {
    return to({ ...state, dueMs: Math.min(state.dueMs, Math.max(state.floorMs, nowMs + random * backoffBaseMs)) });
  }
  if (state.name !== "live") return to(state);
  if (state.proof === "probe") return probe(state, false, false, nowMs, rules);
  // Nothing can be asked. Another network or a sleep most often ends connections without a word; a new one is the only proof.
  if (why === "offline" || why === "visibilitychange") return to(state);
  return lose(state, localEnding("network_changed", "the network or the machine was away"), nowMs, rules, random, "destroy");
}

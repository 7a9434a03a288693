/**
 * The life of a client's connection as a pure machine: dial, greet, live, probe, move to another link, wait, give up.
 * It never touches a socket, a clock or a random source: what it knows comes in, what is to be done goes out.
 *
 *   idle -> dialing -> greeting -> live <-> probing      live -> moving -> live (the new link; the old one retires)
 *             ^           |         |         |
 *             +-- waiting <---------+---------+          any -> denied (stop code) | closed (final)
 */
import type { Code } from "@holdfast/protocol";
import { backoffMs, type Ending, localEnding, reconnectDelayMs } from "./endings.ts";
import type { ResolvedOptions } from "./options.ts";

/** A link that the server has welcomed. `conn` numbers connections in the order in which they were dialled. */
export interface LiveLink {
  readonly conn: number;
  readonly linkId: string;
  readonly heartbeatMs: number;
  readonly windowMs: number;
  readonly sinceMs: number;
  /** When to send a beat, as a fraction of the heartbeat: 0.9 to 1. */
  readonly beatFraction: number;
  /** Failures in a row before this link; forgotten once it has lasted. */
  readonly failures: number;
}
/** A former link whose last messages are still welcome. */
interface Retiring {
  readonly conn: number;
  readonly untilMs: number;
}
/** The server asked the link to go elsewhere. */
interface Move {
  readonly atMs: number;
  readonly failures: number;
}
interface Up {
  readonly link: LiveLink;
  readonly retiring: Retiring | null;
  readonly move: Move | null;
}
interface Dial {
  readonly conn: number;
  readonly replaces: string | null;
  readonly failures: number;
  readonly deadlineMs: number;
  readonly cause: Ending | null;
}
type Live = { readonly name: "live"; readonly idleAtMs: number | null } & Up;
type Probing = {
  readonly name: "probing";
  /** Whether any byte is enough, or only an answer will do (requests are unanswered while other bytes come in). */
  readonly needs: "bytes" | "answer";
  readonly sinceMs: number;
  readonly deadlineMs: number;
  readonly limitMs: number;
} & Up;
type Moving = { readonly name: "moving"; readonly dial: Dial; readonly greeted: boolean } & Up;
type Dialing = { readonly name: "dialing" | "greeting" } & Dial;
type Waiting = { readonly name: "waiting"; readonly failures: number; readonly untilMs: number; readonly advised: boolean; readonly cause: Ending };

export type ConnectionState =
  | { readonly name: "idle" }
  | Waiting
  | Dialing
  | Live
  | Probing
  | Moving
  | { readonly name: "denied"; readonly cause: Ending }
  | { readonly name: "closed" };

export type ConnectionEvent =
  /** Whether there is anything to carry may have changed (`facts.wanted`). */
  | { readonly type: "demand" }
  | { readonly type: "opened"; readonly conn: number }
  | { readonly type: "welcomed"; readonly conn: number; readonly linkId: string; readonly heartbeatMs: number; readonly windowMs: number }
  | { readonly type: "ended"; readonly conn: number; readonly ending: Ending }
  /** Bytes came. Only needed while probing: otherwise `facts.heardMs` says it. */
  | { readonly type: "heard"; readonly conn: number }
  /** A pong, or the answer to a request. Only needed while probing. */
  | { readonly type: "answered"; readonly conn: number }
  | { readonly type: "advised"; readonly conn: number; readonly windowMs: number }
  | { readonly type: "goaway"; readonly conn: number; readonly afterMs: number }
  /** Nothing depends on the retiring link any more. */
  | { readonly type: "caught-up" }
  /** The network came back, the machine woke, the clock jumped: whatever was believed may be wrong. */
  | { readonly type: "wake" }
  | { readonly type: "timer" }
  | { readonly type: "close" };

export type ConnectionAction =
  | { readonly do: "dial"; readonly conn: number }
  | { readonly do: "hello"; readonly conn: number; readonly replaces: string | null }
  /** The link is live: everything goes over it from now on. */
  | { readonly do: "adopt"; readonly conn: number }
  | { readonly do: "ping" | "beat"; readonly conn: number }
  | { readonly do: "close" | "destroy"; readonly conn: number; readonly code: Code };

/** What the machine is told about the world with every event. Times are of the live link. */
export interface ConnectionFacts {
  readonly options: ResolvedOptions;
  /** In [0, 1). */
  readonly random: number;
  readonly nextConn: number;
  readonly wanted: boolean;
  readonly heardMs: number;
  readonly sentMs: number;
  /** When bytes that waited to be sent were last seen to leave; -Infinity when none did. */
  readonly movedMs: number;
  /** Since when requests (publishes, subscribes) wait without any answer coming in; null when none waits. */
  readonly unansweredSinceMs: number | null;
}

export interface ConnectionStep {
  readonly state: ConnectionState;
  readonly actions: readonly ConnectionAction[];
}

/** A timer that fires later than this was held up, and so may have been the peer's bytes: probe first, judge after. */
export const lateMs = 2_000;
/** A link that ends sooner than this counts as a failure. */
const stableMs = 5_000;
const moveTimeoutMs = 5_000;
const retireMs = 5_000;
const wakeRetryMs = 1_000;
/** What a heartbeat may be, whatever the server announces. */
const heartbeatRangeMs = [500, 300_000] as const;
/** A probe for an answer may be prolonged this many times while other bytes come in. */
const probesMax = 3;

const stay = (state: ConnectionState): ConnectionStep => ({ state, actions: [] });

/** When `timer` is due in this state; null when nothing is. */
export function deadlineOf(state: ConnectionState, facts: ConnectionFacts): number | null {
  switch (state.name) {
    case "waiting":
      return state.untilMs;
    case "dialing":
    case "greeting":
    case "probing":
      return state.deadlineMs;
    case "moving":
      return state.dial.deadlineMs;
    case "live": {
      const due = dueTimes(state, facts);
      return Math.min(due.idle, due.retire, due.silence, due.answer, due.move, due.beat);
    }
    default:
      return null;
  }
}

function dueTimes(state: Live, facts: ConnectionFacts): Record<"idle" | "retire" | "silence" | "answer" | "move" | "beat", number> {
  const { link, retiring, move } = state;
  return {
    idle: state.idleAtMs ?? Infinity,
    retire: retiring?.untilMs ?? Infinity,
    silence: facts.heardMs + link.heartbeatMs * 1.1 + 2_000,
    answer: facts.unansweredSinceMs === null ? Infinity : Math.max(facts.unansweredSinceMs, facts.movedMs) + facts.options.ackTimeoutMs,
    move: move?.atMs ?? Infinity,
    beat: facts.sentMs + link.heartbeatMs * link.beatFraction,
  };
}

/** One step. Events of connections that the state does not know are too late and change nothing. */
export function step(state: ConnectionState, event: ConnectionEvent, nowMs: number, facts: ConnectionFacts): ConnectionStep {
  if (state.name === "closed") return stay(state);
  switch (event.type) {
    case "close":
      return { state: { name: "closed" }, actions: letGo(state, "closed_by_user") };
    case "demand":
      return onDemand(state, nowMs, facts);
    case "opened":
      return onOpened(state, event.conn, nowMs, facts);
    case "welcomed":
      return onWelcomed(state, event, nowMs, facts);
    case "ended":
      return onEnded(state, event.conn, event.ending, nowMs, facts);
    case "heard":
    case "answered": {
      const proves = state.name === "probing" && state.link.conn === event.conn && (event.type === "answered" || state.needs === "bytes");
      return stay(proves ? toLive(state, nowMs, facts) : state);
    }
    case "advised":
      return stay(isUp(state) && state.link.conn === event.conn ? { ...state, link: { ...state.link, windowMs: event.windowMs } } : state);
    case "goaway":
      if (!isUp(state) || state.name === "moving" || state.link.conn !== event.conn || state.move !== null) return stay(state);
      return stay({ ...state, move: { atMs: nowMs + event.afterMs, failures: 0 } });
    case "caught-up":
      if (!isUp(state) || state.retiring === null) return stay(state);
      return { state: { ...state, retiring: null }, actions: retire(state) };
    case "wake":
      return onWake(state, nowMs, facts);
    case "timer":
      return onTimer(state, nowMs, facts);
    default:
      return event satisfies never;
  }
}

const isUp = (state: ConnectionState): state is Live | Probing | Moving => "link" in state;
const upOf = ({ link, retiring, move }: Up): Up => ({ link, retiring, move });

function toLive(up: Up, nowMs: number, facts: ConnectionFacts): Live {
  return { name: "live", ...upOf(up), idleAtMs: facts.wanted ? null : nowMs + facts.options.idleLinkMs };
}

const close = (conn: number, code: Code): ConnectionAction => ({ do: "close", conn, code });
const destroy = (conn: number, code: Code): ConnectionAction => ({ do: "destroy", conn, code });
const retire = ({ retiring }: Up): ConnectionAction[] => (retiring === null ? [] : [close(retiring.conn, "closed_by_user")]);

/** Ends every connection of a state. */
function letGo(state: ConnectionState, code: Code): ConnectionAction[] {
  if (state.name === "dialing" || state.name === "greeting") return [destroy(state.conn, code)];
  if (!isUp(state)) return [];
  const dialled = state.name === "moving" ? [destroy(state.dial.conn, code)] : [];
  return [...dialled, ...retire(state), close(state.link.conn, code)];
}

function dial(nowMs: number, facts: ConnectionFacts, failures: number, cause: Ending | null): ConnectionStep {
  const conn = facts.nextConn;
  const deadlineMs = nowMs + facts.options.dialTimeoutMs;
  return { state: { name: "dialing", conn, replaces: null, failures, deadlineMs, cause }, actions: [{ do: "dial", conn }] };
}

function onDemand(state: ConnectionState, nowMs: number, facts: ConnectionFacts): ConnectionStep {
  if (facts.wanted) {
    if (state.name === "idle") return dial(nowMs, facts, 0, null);
    return stay(state.name === "live" && state.idleAtMs !== null ? { ...state, idleAtMs: null } : state);
  }
  if (state.name === "waiting" || state.name === "dialing" || state.name === "greeting") {
    return { state: { name: "idle" }, actions: letGo(state, "closed_by_user") };
  }
  return stay(state.name === "live" && state.idleAtMs === null ? toLive(state, nowMs, facts) : state);
}

function onOpened(state: ConnectionState, conn: number, nowMs: number, facts: ConnectionFacts): ConnectionStep {
  if (state.name === "dialing" && state.conn === conn) {
    const greeting: Dialing = { ...state, name: "greeting", deadlineMs: nowMs + facts.options.handshakeTimeoutMs };
    return { state: greeting, actions: [{ do: "hello", conn, replaces: state.replaces }] };
  }
  if (state.name === "moving" && state.dial.conn === conn && !state.greeted) {
    return { state: { ...state, greeted: true }, actions: [{ do: "hello", conn, replaces: state.dial.replaces }] };
  }
  return stay(state);
}

function onWelcomed(state: ConnectionState, event: Extract<ConnectionEvent, { type: "welcomed" }>, nowMs: number, facts: ConnectionFacts): ConnectionStep {
  const { conn } = event;
  const greeting = state.name === "greeting" && state.conn === conn;
  const moving = state.name === "moving" && state.dial.conn === conn && state.greeted;
  if (!greeting && !moving) return stay(state);
  const [least, most] = heartbeatRangeMs;
  const link: LiveLink = {
    conn,
    linkId: event.linkId,
    heartbeatMs: Math.min(Math.max(event.heartbeatMs, least), most),
    windowMs: event.windowMs,
    sinceMs: nowMs,
    beatFraction: 0.9 + 0.1 * facts.random,
    failures: state.name === "moving" ? state.dial.failures : state.failures,
  };
  const retiring = moving ? { conn: state.link.conn, untilMs: nowMs + retireMs } : null;
  // An older link that was still retiring has had its time.
  const actions: ConnectionAction[] = moving ? retire(state) : [];
  return { state: toLive({ link, retiring, move: null }, nowMs, facts), actions: [...actions, { do: "adopt", conn }] };
}

function onEnded(state: ConnectionState, conn: number, ending: Ending, nowMs: number, facts: ConnectionFacts): ConnectionStep {
  if (state.name === "dialing" || state.name === "greeting") {
    return state.conn === conn ? afterEnd(state.failures + 1, { ...ending, side: "failed" }, 0, nowMs, facts) : stay(state);
  }
  if (!isUp(state)) return stay(state);
  if (state.retiring?.conn === conn) return stay({ ...state, retiring: null });
  if (state.name === "moving" && state.dial.conn === conn) return moveFailed(state, nowMs, facts, []);
  if (state.link.conn !== conn) return stay(state);
  if (state.name === "moving") {
    // The old link is gone before the new one is there: the new one is now an ordinary dial.
    return { state: { name: state.greeted ? "greeting" : "dialing", ...state.dial, cause: ending }, actions: retire(state) };
  }
  return linkOver(state, ending, nowMs, facts, retire(state));
}

/** The live link is over, and nothing replaces it yet. */
function linkOver(state: Live | Probing, ending: Ending, nowMs: number, facts: ConnectionFacts, actions: readonly ConnectionAction[]): ConnectionStep {
  const { link } = state;
  const lasted = nowMs - link.sinceMs >= stableMs;
  const failures = (lasted ? 0 : link.failures + 1) || (ending.retry === "backoff" ? 1 : 0);
  const next = afterEnd(failures, ending, link.windowMs, nowMs, facts);
  return { state: next.state, actions: [...actions, ...next.actions] };
}

function afterEnd(failures: number, ending: Ending, windowMs: number, nowMs: number, facts: ConnectionFacts): ConnectionStep {
  if (ending.retry === "stop") return stay({ name: "denied", cause: ending });
  if (!facts.wanted) return stay({ name: "idle" });
  const untilMs = nowMs + reconnectDelayMs(ending, failures, windowMs, facts.options, facts.random);
  return stay({ name: "waiting", failures, untilMs, advised: ending.afterMs !== null, cause: ending });
}

/** The replacement did not come about. The old link still serves, so it is kept, and the dial is repeated after a while. */
function moveFailed(state: Moving, nowMs: number, facts: ConnectionFacts, actions: readonly ConnectionAction[]): ConnectionStep {
  const failures = state.dial.failures + 1;
  const move: Move = { atMs: nowMs + facts.random * backoffMs(failures, facts.options), failures };
  return { state: toLive({ ...upOf(state), move }, nowMs, facts), actions };
}

function onWake(state: ConnectionState, nowMs: number, facts: ConnectionFacts): ConnectionStep {
  if (state.name === "live") return probe(state, "bytes", nowMs, facts);
  if (state.name !== "waiting" || state.advised) return stay(state);
  return stay({ ...state, untilMs: Math.min(state.untilMs, nowMs + facts.random * wakeRetryMs) });
}

function probe(state: Live | Probing, needs: Probing["needs"], nowMs: number, facts: ConnectionFacts): ConnectionStep {
  const { probeTimeoutMs } = facts.options;
  const deadlineMs = nowMs + probeTimeoutMs;
  const probing: Probing = { name: "probing", ...upOf(state), needs, sinceMs: nowMs, deadlineMs, limitMs: nowMs + probesMax * probeTimeoutMs };
  return { state: probing, actions: [{ do: "ping", conn: state.link.conn }] };
}

function onTimer(state: ConnectionState, nowMs: number, facts: ConnectionFacts): ConnectionStep {
  const dueMs = deadlineOf(state, facts);
  if (dueMs === null || nowMs < dueMs) return stay(state);
  const late = nowMs - dueMs > lateMs;
  switch (state.name) {
    case "waiting":
      return dial(nowMs, facts, state.failures, state.cause);
    case "dialing":
    case "greeting": {
      if (late) return stay({ ...state, deadlineMs: nowMs + lateMs });
      const ending =
        state.name === "dialing" ? localEnding("connect_timeout", "no connection in time") : localEnding("handshake_timeout", "no welcome in time");
      const next = onEnded(state, state.conn, ending, nowMs, facts);
      return { state: next.state, actions: [destroy(state.conn, ending.code), ...next.actions] };
    }
    case "moving":
      if (late) return stay({ ...state, dial: { ...state.dial, deadlineMs: nowMs + lateMs } });
      return moveFailed(state, nowMs, facts, [destroy(state.dial.conn, "connect_timeout")]);
    case "probing":
      return onProbeDue(state, late, nowMs, facts);
    case "live":
      return onLiveDue(state, nowMs, facts);
    default:
      return stay(state);
  }
}

function onProbeDue(state: Probing, late: boolean, nowMs: number, facts: ConnectionFacts): ConnectionStep {
  if (late) return probe(state, state.needs, nowMs, facts);
  const { probeTimeoutMs } = facts.options;
  if (state.needs === "answer" && facts.movedMs > state.deadlineMs - probeTimeoutMs) {
    // What is to be answered has not all left yet, and it does leave: a slow way out is not a dead one.
    return stay({ ...state, deadlineMs: nowMs + probeTimeoutMs, limitMs: nowMs + probesMax * probeTimeoutMs });
  }
  // A long queue of bytes on a slow path holds the answer back; while bytes come, the path is not dead.
  if (state.needs === "answer" && facts.heardMs > state.deadlineMs - facts.options.probeTimeoutMs && nowMs < state.limitMs) {
    return stay({ ...state, deadlineMs: Math.min(nowMs + facts.options.probeTimeoutMs, state.limitMs) });
  }
  const ending = localEnding("heartbeat_lost", `no answer to a probe for ${Math.round(nowMs - state.sinceMs)} ms`);
  return linkOver(state, ending, nowMs, facts, [destroy(state.link.conn, "heartbeat_lost"), ...retire(state)]);
}

function onLiveDue(state: Live, nowMs: number, facts: ConnectionFacts): ConnectionStep {
  const due = dueTimes(state, facts);
  const { link } = state;
  if (nowMs >= due.idle) return { state: { name: "idle" }, actions: letGo(state, "closed_by_user") };
  if (nowMs >= due.silence) return probe(state, "bytes", nowMs, facts);
  if (nowMs >= due.answer) return probe(state, "answer", nowMs, facts);
  if (nowMs >= due.retire) return { state: { ...state, retiring: null }, actions: retire(state) };
  if (nowMs >= due.move) {
    const conn = facts.nextConn;
    const replacement: Dial = { conn, replaces: link.linkId, failures: state.move?.failures ?? 0, deadlineMs: nowMs + moveTimeoutMs, cause: null };
    return { state: { name: "moving", ...upOf(state), dial: replacement, greeted: false }, actions: [{ do: "dial", conn }] };
  }
  return { state, actions: [{ do: "beat", conn: link.conn }] };
}

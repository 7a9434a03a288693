/**
 * The life of one accepted connection that speaks HTTP/1.1 (or nothing yet), as a pure machine. The shell tells it what happened and
 * does what it says. It judges by times and counts alone and never sees a byte.
 *
 *   opening --bytes--> head --request--> body --complete--> answering --answered--> idle --bytes--> head ...
 *      |                |                  |                    |        \--last--> lingering --> gone
 *      +-- headersMs ---+-- requestMs -----+      stall, idleMs +--upgrade--> tunnel (its own part watches it)
 */
import type { EndCode } from "./ends.ts";
import type { GuardOptions } from "./options.ts";
import type { Look } from "./socket-watch.ts";

export type Phase = ConnectionState["name"];

export type ConnectionState =
  /** Accepted; no byte of a request yet. */
  | { readonly name: "opening"; readonly sinceMs: number }
  /** Between two requests. */
  | { readonly name: "idle"; readonly sinceMs: number }
  /** Bytes of a request have come, its header block is not complete. */
  | { readonly name: "head"; readonly sinceMs: number }
  /** The request is being handled while its body still comes. `answered`: its answer has left already, and only the rest of the body is waited for. */
  | { readonly name: "body"; readonly sinceMs: number; readonly bodySinceMs: number; readonly bytesAt: number; readonly answered?: true }
  /** The request is complete, its answer is not. */
  | { readonly name: "answering"; readonly sinceMs: number }
  /** Upgraded, or HTTP/2: a part of its own watches it. */
  | { readonly name: "tunnel"; readonly sinceMs: number }
  /** Closed for writing; what still comes is read and thrown away, so that no reset destroys the last answer. */
  | { readonly name: "lingering"; readonly sinceMs: number; readonly code: EndCode }
  | { readonly name: "gone" };

export type ConnectionEvent =
  | { readonly type: "request"; readonly bytes: number }
  | { readonly type: "complete" }
  /**
   * The answer has left. `more`: another request of this connection is being handled already (pipelining). `complete`: the request's body has
   * come; what comes of it later is no head of a next one.
   */
  | { readonly type: "answered"; readonly more: boolean; readonly complete: boolean; readonly bytes: number }
  | { readonly type: "upgrade" }
  | { readonly type: "linger"; readonly code: EndCode }
  | { readonly type: "gone" }
  | { readonly type: "check"; readonly facts: Facts };

/** What a sweep saw. */
export interface Facts extends Look {
  /** Whether bytes have come since the last answer (or the accept). */
  readonly fresh: boolean;
  /** Whether the application lets the body wait: then it is not the peer that is slow. */
  readonly held: boolean;
}

/** How to end: `end` is graceful (final words, FIN, lingering), `reset` drops what is queued. */
export interface Verdict {
  readonly do: "end" | "reset";
  readonly code: EndCode;
}

export interface Step {
  readonly state: ConnectionState;
  readonly verdict: Verdict | null;
}

/** Node announces `Keep-Alive: timeout` in whole seconds; the connection must not end before that. */
const keepAliveGraceMs = 500;
/** A body's rate is judged after this long: the first seconds are slow start and nothing else. */
const bodyGraceMs = 10_000;

const stay = (state: ConnectionState): Step => ({ state, verdict: null });

export function openConnection(nowMs: number): ConnectionState {
  return { name: "opening", sinceMs: nowMs };
}

/** The next state, and whether the connection is to end. Events that mean nothing in a state change nothing. */
export function stepConnection(state: ConnectionState, event: ConnectionEvent, options: GuardOptions, nowMs: number): Step {
  if (state.name === "gone") return stay(state);
  switch (event.type) {
    case "gone":
      return stay({ name: "gone" });
    case "linger":
      return stay(state.name === "lingering" ? state : { name: "lingering", sinceMs: nowMs, code: event.code });
    case "check":
      return check(state, event.facts, options, nowMs);
    default:
      return state.name === "lingering" || state.name === "tunnel" ? stay(state) : stay(move(state, event, nowMs));
  }
}

function move(state: ConnectionState, event: Exclude<ConnectionEvent, { type: "gone" | "linger" | "check" }>, nowMs: number): ConnectionState {
  switch (event.type) {
    case "request":
      // Pipelined: the deadlines of the one being answered stay; its successor's begin with the answer.
      if ((state.name === "body" && state.answered !== true) || state.name === "answering") return state;
      return { name: "body", sinceMs: state.name === "head" ? state.sinceMs : nowMs, bodySinceMs: nowMs, bytesAt: event.bytes };
    case "complete":
      return state.name === "body" ? { name: state.answered === true ? "idle" : "answering", sinceMs: nowMs } : state;
    case "answered":
      if (!event.more && !event.complete) {
        return state.name === "body"
          ? { ...state, answered: true }
          : { name: "body", sinceMs: nowMs, bodySinceMs: nowMs, bytesAt: event.bytes, answered: true };
      }
      return event.more ? { name: "answering", sinceMs: nowMs } : { name: "idle", sinceMs: nowMs };
    case "upgrade":
      return { name: "tunnel", sinceMs: nowMs };
    default:
      return event satisfies never;
  }
}

function check(state: ConnectionState, facts: Facts, options: GuardOptions, nowMs: number): Step {
  switch (state.name) {
    case "opening":
    case "head":
      if (nowMs - state.sinceMs >= options.headersMs) return { state, verdict: { do: "end", code: "header_timeout" } };
      return stay(facts.fresh && state.name === "opening" ? { name: "head", sinceMs: state.sinceMs } : state);
    case "idle":
      if (facts.fresh) return stay({ name: "head", sinceMs: nowMs - facts.silentMs });
      return nowMs - state.sinceMs >= options.keepAliveMs + keepAliveGraceMs ? { state, verdict: { do: "end", code: "idle_timeout" } } : stay(state);
    case "body":
      // Whoever has answered and lets the body wait will not read it any more: that has an end too.
      if (facts.held && state.answered === true && nowMs - state.sinceMs >= options.requestMs) return { state, verdict: { do: "end", code: "body_timeout" } };
      return facts.held
        ? { state: { ...state, bodySinceMs: nowMs, bytesAt: facts.bytes }, verdict: openVerdict(facts, options) }
        : { state, verdict: bodyVerdict(state, facts, options, nowMs) };
    case "answering":
      return { state, verdict: openVerdict(facts, options) };
    case "tunnel":
      return { state, verdict: openVerdict(facts, options) };
    case "lingering":
      return nowMs - state.sinceMs >= options.lingerMs ? { state, verdict: { do: "reset", code: state.code } } : stay(state);
    case "gone":
      return stay(state);
    default:
      return state satisfies never;
  }
}

function bodyVerdict(state: Extract<ConnectionState, { name: "body" }>, facts: Facts, options: GuardOptions, nowMs: number): Verdict | null {
  if (nowMs - state.sinceMs >= options.requestMs) return { do: "end", code: "body_timeout" };
  const bodyMs = nowMs - state.bodySinceMs;
  const floor = options.bodyBytesPerSecondMin;
  if (floor !== "never" && bodyMs >= bodyGraceMs && (facts.bytes - state.bytesAt) * 1_000 < floor * bodyMs) return { do: "end", code: "body_too_slow" };
  return openVerdict(facts, options);
}

function openVerdict(facts: Facts, options: GuardOptions): Verdict | null {
  const floor = options.answerBytesPerSecondMin;
  if (facts.stalledMs >= options.stallMs || (floor !== "never" && facts.sentPerSecond < floor)) return { do: "reset", code: "slow_reader" };
  if (options.idleMs !== "never" && facts.motionlessMs >= options.idleMs) return { do: "end", code: "idle_limit" };
  return null;
}

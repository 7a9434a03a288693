/**
 * The end of one guarded WebSocket, as a pure machine: who began it, why, and until when the closing handshake may take. What happens
 * while it is open is not its business.
 *
 *   open --guard closes, `ws` found a fault, the peer's close frame, the host closes--> closing --socket closed--> gone
 *                                                                                         |            ^
 *                                                                                         +--deadline--+
 */
import { type EndCode, ends, type Side } from "../ends.ts";

export type SocketState =
  | { readonly name: "open" }
  | {
      readonly name: "closing";
      readonly code: EndCode;
      readonly side: Side;
      readonly deadlineMs: number;
      /** Bytes that still leave put the deadline off: what the host has sent is to arrive. */
      readonly isPatient: boolean;
    }
  | { readonly name: "gone" };

export type SocketEvent =
  /** Guard ends it; or `ws` has, for a fault that it found. */
  | { readonly type: "close"; readonly code: EndCode }
  | { readonly type: "fault"; readonly code: EndCode }
  /** The peer's close frame, or its end of the connection, while nobody else had begun. */
  | { readonly type: "peer" }
  | { readonly type: "host"; readonly closeMs: number }
  | { readonly type: "check"; readonly isBlind: boolean; readonly hasMoved: boolean }
  | { readonly type: "gone" };

export type SocketAction =
  /** Remember why; `close` sends the frame too. */
  | { readonly do: "record" | "close"; readonly code: EndCode }
  /** The time is up: `reset` throws away what waits, `terminate` leaves to the kernel what it has taken. */
  | { readonly do: "reset" | "terminate"; readonly code: EndCode };

interface Step {
  readonly state: SocketState;
  readonly action: SocketAction | null;
}

export const openSocket: SocketState = { name: "open" };

/** The next state and what to do. Events that mean nothing in a state change nothing. */
export function stepSocket(state: SocketState, event: SocketEvent, closeMs: number, nowMs: number): Step {
  if (event.type === "gone") return { state: { name: "gone" }, action: null };
  switch (state.name) {
    case "open":
      return open(state, event, closeMs, nowMs);
    case "closing":
      return closing(state, event, closeMs, nowMs);
    case "gone":
      return { state, action: null };
    default:
      return state satisfies never;
  }
}

function begin(code: EndCode, deadlineMs: number, isPatient: boolean, sends: boolean): Step {
  const state: SocketState = { name: "closing", code, side: ends[code].side, deadlineMs, isPatient };
  return { state, action: { do: sends ? "close" : "record", code } };
}

function open(state: SocketState, event: Exclude<SocketEvent, { type: "gone" }>, closeMs: number, nowMs: number): Step {
  switch (event.type) {
    case "close":
      return begin(event.code, nowMs + closeMs, event.code === "draining", true);
    case "fault":
      return begin(event.code, nowMs + closeMs, false, false);
    case "peer":
      return begin("peer_closed", nowMs + closeMs, true, false);
    case "host":
      return begin("host_closed", nowMs + event.closeMs, true, false);
    case "check":
      return { state, action: null };
    default:
      return event satisfies never;
  }
}

function closing(state: Extract<SocketState, { name: "closing" }>, event: SocketEvent, closeMs: number, nowMs: number): Step {
  // The close frame itself was at fault, which only shows when it is read.
  if (event.type === "fault" && state.side === "peer") return begin(event.code, state.deadlineMs, false, false);
  // What is decided stays: later reasons are consequences of the first.
  if (event.type !== "check") return { state, action: null };
  if (event.isBlind || (state.isPatient && event.hasMoved)) {
    return { state: { ...state, deadlineMs: Math.max(state.deadlineMs, nowMs + closeMs) }, action: null };
  }
  return { state, action: nowMs < state.deadlineMs ? null : { do: state.isPatient ? "terminate" : "reset", code: state.code } };
}

/**
 * The life of one proxied connection as a pure machine: what is open on which side, and what follows from each event.
 * It must never tell one side of the other's end by itself: it relays into the line, where a fault may hold the news back.
 *
 *      parked ──> dialling ──> open ──> closed
 *         └───────────┴─────────────────> closed
 */

import type { GoneHow } from "./env.ts";
import { otherSide, type Side } from "./fault.ts";

/** Why a connection is over: the first thing that ended it for good. */
export type CloseCause = "ended" | "client-reset" | "server-reset" | "lab-reset" | "client-gave-up" | "dial-failed" | "lingered" | "proxy-closed";

/** One side: it may still send; it has sent FIN; its socket is gone. */
export type SideState = "talking" | "ended" | "gone";

export type ConnectionState =
  | { readonly name: "parked"; readonly sinceMs: number }
  | { readonly name: "dialling"; readonly sinceMs: number; readonly client: "talking" | "ended" }
  | {
      readonly name: "open";
      readonly sinceMs: number;
      readonly client: SideState;
      readonly server: SideState;
      readonly cause: CloseCause | null;
    }
  | { readonly name: "closed"; readonly sinceMs: number; readonly cause: CloseCause };

export type ConnectionEvent =
  | { readonly type: "release" }
  | { readonly type: "dialled" }
  | { readonly type: "dial-failed" }
  | { readonly type: "ended"; readonly side: Side }
  | { readonly type: "gone"; readonly side: Side; readonly how: GoneHow }
  | { readonly type: "linger-over"; readonly busy: boolean }
  | { readonly type: "abandon"; readonly cause: "lab-reset" | "proxy-closed" };

export type ConnectionAction =
  | { readonly type: "dial" }
  | { readonly type: "cancel-dial" }
  | { readonly type: "start" }
  /** Puts a close into the line that comes from `side`. */
  | { readonly type: "relay"; readonly from: Side; readonly what: "end" | "reset" }
  | { readonly type: "reset"; readonly side: Side }
  | { readonly type: "destroy"; readonly side: Side }
  | { readonly type: "arm-linger" }
  | { readonly type: "settle"; readonly cause: CloseCause };

export interface ConnectionStep {
  readonly state: ConnectionState;
  readonly actions: readonly ConnectionAction[];
}

type Open = Extract<ConnectionState, { name: "open" }>;

export function stepConnection(state: ConnectionState, event: ConnectionEvent, nowMs: number): ConnectionStep {
  switch (state.name) {
    case "parked":
    case "dialling":
      return stepBeforeOpen(state, event, nowMs);
    case "open":
      return stepOpen(state, event, nowMs);
    case "closed":
      return stepClosed(state, event);
    default:
      return state satisfies never;
  }
}

function close(cause: CloseCause, nowMs: number, ...actions: ConnectionAction[]): ConnectionStep {
  return { state: { name: "closed", sinceMs: nowMs, cause }, actions: [...actions, { type: "settle", cause }] };
}

function stepBeforeOpen(state: Extract<ConnectionState, { name: "parked" | "dialling" }>, event: ConnectionEvent, nowMs: number): ConnectionStep {
  switch (event.type) {
    case "release":
      if (state.name !== "parked") return { state, actions: [] };
      return { state: { name: "dialling", sinceMs: nowMs, client: "talking" }, actions: [{ type: "dial" }] };
    case "dialled": {
      const client = state.name === "dialling" ? state.client : "talking";
      return { state: { name: "open", sinceMs: nowMs, client, server: "talking", cause: null }, actions: [{ type: "start" }] };
    }
    case "dial-failed":
      // A transparent network would have refused the client's dial; behind an accepted one, RST is the nearest thing.
      return close("dial-failed", nowMs, { type: "reset", side: "client" });
    case "ended":
      // Of a hanging dial the server never hears, so there is nobody to tell that the client hung up.
      if (state.name === "parked") return close("client-gave-up", nowMs, { type: "destroy", side: "client" });
      return { state: { ...state, client: "ended" }, actions: [{ type: "relay", from: "client", what: "end" }] };
    case "gone":
      return close(event.how === "by-lab" ? "lab-reset" : "client-gave-up", nowMs, { type: "cancel-dial" });
    case "abandon": {
      const type = event.cause === "lab-reset" ? "reset" : "destroy";
      return close(event.cause, nowMs, { type: "cancel-dial" }, { type, side: "client" });
    }
    case "linger-over":
      return { state, actions: [] };
    default:
      return event satisfies never;
  }
}

function stepOpen(state: Open, event: ConnectionEvent, nowMs: number): ConnectionStep {
  switch (event.type) {
    case "ended": {
      if (state[event.side] !== "talking") return { state, actions: [] };
      const next: Open = { ...state, [event.side]: "ended" };
      return { state: next, actions: [{ type: "relay", from: event.side, what: "end" }, ...lingerIfQuiet(state, next)] };
    }
    case "gone":
      return stepGone(state, event.side, event.how, nowMs);
    case "linger-over": {
      if (event.busy) return { state, actions: [{ type: "arm-linger" }] };
      return { state: { ...state, cause: state.cause ?? "lingered" }, actions: forRemaining(state, "reset") };
    }
    case "abandon": {
      const type = event.cause === "lab-reset" ? "reset" : "destroy";
      return { state: { ...state, cause: state.cause ?? event.cause }, actions: forRemaining(state, type) };
    }
    case "release":
    case "dialled":
    case "dial-failed":
      return { state, actions: [] };
    default:
      return event satisfies never;
  }
}

function stepGone(state: Open, side: Side, how: GoneHow, nowMs: number): ConnectionStep {
  if (state[side] === "gone") return { state, actions: [] };
  const cause = state.cause ?? causeOf(side, how);
  const next: Open = { ...state, [side]: "gone", cause };
  if (next[otherSide(side)] === "gone") return close(cause ?? "ended", nowMs);
  const relay: ConnectionAction[] = how === "reset" ? [{ type: "relay", from: side, what: "reset" }] : [];
  return { state: next, actions: [...relay, ...lingerIfQuiet(state, next)] };
}

/** A late dial is the only thing that can still come. */
function stepClosed(state: ConnectionState, event: ConnectionEvent): ConnectionStep {
  return { state, actions: event.type === "dialled" ? [{ type: "destroy", side: "server" }] : [] };
}

function causeOf(side: Side, how: GoneHow): CloseCause | null {
  switch (how) {
    case "finished":
      return null;
    case "reset":
      return `${side}-reset`;
    case "by-lab":
      return "lab-reset";
    default:
      return how satisfies never;
  }
}

/** When neither side will send any more, only a fault can keep the sockets open: they are not kept for ever. */
function lingerIfQuiet(before: Open, after: Open): ConnectionAction[] {
  const quiet = (open: Open): boolean => open.client !== "talking" && open.server !== "talking";
  return quiet(after) && !quiet(before) ? [{ type: "arm-linger" }] : [];
}

function forRemaining(state: Open, type: "reset" | "destroy"): ConnectionAction[] {
  const sides: Side[] = ["client", "server"];
  return sides.filter((side) => state[side] !== "gone").map((side) => ({ type, side }));
}

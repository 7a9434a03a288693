/**
 * A replica's side of its lease, as a pure machine: when to ask, over what, and when to stop by itself. The shell tells it what happened,
 * does what it says, and looks again at `wakeAtMs`. It never believes that a lease holds because nothing was heard.
 *
 *   joining --door--> holding <--renewed over a connection of its own--+
 *      |  ^              | \-------- heldMs without an answer --------> lapsed --door--> holding
 *      v  |              v
 *     waiting          leaving --> left        (from anywhere)
 */
import type { LeaseTimes } from "./times.ts";

interface Asking {
  /** When the request began that is under way; null: none is. */
  readonly askedMs: number | null;
  readonly nextMs: number;
  readonly tries: number;
}

export type ReplicaState =
  | (Asking & { readonly name: "joining" | "waiting" | "lapsed"; readonly sinceMs: number })
  | (Asking & {
      readonly name: "holding";
      readonly sinceMs: number;
      readonly ceiling: number;
      readonly granted: number;
      /** The replica's own end of its lease. */
      readonly untilMs: number;
      /** Not before this is asked again, for whatever reason. */
      readonly restMs: number;
    })
  | { readonly name: "leaving"; readonly sinceMs: number }
  | { readonly name: "left"; readonly sinceMs: number };

export type ReplicaEvent =
  /** Time has passed, or something may have changed. */
  | { readonly type: "look"; readonly held: number }
  /** It stands in the ledger: `askedMs` is when the request for it began. */
  | { readonly type: "answered"; readonly askedMs: number; readonly ceiling: number; readonly granted: number }
  | { readonly type: "failed" }
  | { readonly type: "leave" }
  | { readonly type: "left" };

export type ReplicaAction =
  | { readonly do: "ask"; readonly over: "door" | "pool" }
  | { readonly do: "resize"; readonly max: number }
  /** The request that is under way is of no use any more. */
  | { readonly do: "abort" }
  | { readonly do: "farewell" }
  | { readonly do: "say"; readonly what: "lapsed" | "held" | "waiting" };

export interface Step {
  readonly state: ReplicaState;
  readonly actions: readonly ReplicaAction[];
}

/** Moments and chance: `random` is a fraction in [0, 1). */
export interface Now {
  readonly nowMs: number;
  readonly random: number;
}

/** Retries at the door: twice as long each time, up to a whole lease; anywhere in the second half of it. */
function backoffMs(tries: number, { renewMs, ttlMs }: LeaseTimes, random: number): number {
  const whole = Math.min(ttlMs, (renewMs / 8) * 2 ** Math.min(tries, 10));
  return whole * (0.5 + random / 2);
}

/** Starts are spread, so that a deploy does not knock all at once. The door is wide enough if they do. */
const startSpreadMs = ({ ttlMs }: LeaseTimes): number => Math.min(500, ttlMs / 10);

export function beginning(times: LeaseTimes, { nowMs, random }: Now): ReplicaState {
  return { name: "joining", sinceMs: nowMs, askedMs: null, nextMs: nowMs + random * startSpreadMs(times), tries: 0 };
}

/** When the machine wants to look again; null: never. */
export function wakeAtMs(state: ReplicaState, times: LeaseTimes, nowMs: number): number | null {
  if (state.name === "leaving" || state.name === "left") return null;
  if (state.name !== "holding") return state.askedMs === null ? state.nextMs : null;
  const giving = state.granted > state.ceiling ? Math.max(state.restMs, nowMs + times.renewMs / 20) : Number.POSITIVE_INFINITY;
  return Math.min(state.untilMs, state.askedMs === null ? Math.min(state.nextMs, giving) : Number.POSITIVE_INFINITY);
}

/** Whether a connection may be opened at this moment. */
export const mayOpen = (state: ReplicaState, nowMs: number): boolean => state.name === "holding" && nowMs < state.untilMs;

export function step(state: ReplicaState, event: ReplicaEvent, times: LeaseTimes, now: Now): Step {
  if (state.name === "left" || (state.name === "leaving" && event.type !== "left")) return { state, actions: [] };
  switch (event.type) {
    case "look":
      return looked(state, event.held, times, now);
    case "answered":
      return answered(state, event, times, now);
    case "failed":
      return failed(state, times, now);
    case "leave": {
      // One connection is kept to say farewell over, if there is one.
      const actions: ReplicaAction[] = [{ do: "abort" }];
      if (mayOpen(state, now.nowMs)) actions.push({ do: "resize", max: 1 }, { do: "farewell" });
      else actions.push({ do: "resize", max: 0 });
      const isOver = !mayOpen(state, now.nowMs);
      return { state: { name: isOver ? "left" : "leaving", sinceMs: now.nowMs }, actions };
    }
    case "left":
      return { state: { name: "left", sinceMs: now.nowMs }, actions: [{ do: "resize", max: 0 }] };
    default:
      return event satisfies never;
  }
}

function looked(state: ReplicaState, held: number, times: LeaseTimes, { nowMs, random }: Now): Step {
  if (state.name === "leaving" || state.name === "left") return { state, actions: [] };
  if (state.name !== "holding") {
    if (state.askedMs !== null || nowMs < state.nextMs) return { state, actions: [] };
    return { state: { ...state, askedMs: nowMs }, actions: [{ do: "ask", over: "door" }] };
  }
  if (nowMs >= state.untilMs) {
    return {
      state: { name: "lapsed", sinceMs: nowMs, askedMs: null, nextMs: nowMs + random * startSpreadMs(times), tries: 0 },
      actions: [{ do: "abort" }, { do: "resize", max: 0 }, { do: "say", what: "lapsed" }],
    };
  }
  const isGiven = state.granted > state.ceiling && held <= state.ceiling && nowMs >= state.restMs;
  if (state.askedMs !== null || (nowMs < state.nextMs && !isGiven)) return { state, actions: [] };
  return { state: { ...state, askedMs: nowMs }, actions: [{ do: "ask", over: "pool" }] };
}

function answered(state: ReplicaState, answer: Extract<ReplicaEvent, { type: "answered" }>, times: LeaseTimes, now: Now): Step {
  const { nowMs, random } = now;
  const { askedMs, ceiling, granted } = answer;
  const untilMs = askedMs + times.heldMs;
  // It took so long that the lease is over again, or the process stood still meanwhile.
  if (nowMs >= untilMs) return failed(state, times, now);
  if (ceiling === 0) {
    const isNew = state.name !== "waiting";
    const sinceMs = state.name === "waiting" ? state.sinceMs : nowMs;
    const nextMs = nowMs + (times.renewMs / 2) * (0.5 + random / 2);
    const actions: ReplicaAction[] = [{ do: "resize", max: 0 }, ...(isNew ? [{ do: "say", what: "waiting" } as const] : [])];
    return { state: { name: "waiting", sinceMs, askedMs: null, nextMs, tries: 0 }, actions };
  }
  const isFirst = state.name !== "holding";
  // The first share is one connection: what more there is follows soon, and not at the same moment for all who begin.
  const nextMs = nowMs + (isFirst ? times.renewMs * (0.1 + random * 0.1) : times.renewMs * (0.9 + random * 0.1));
  const sinceMs = state.name === "holding" ? state.sinceMs : nowMs;
  const restMs = nowMs + times.renewMs / 10;
  const actions: ReplicaAction[] = [{ do: "resize", max: ceiling }, ...(isFirst ? [{ do: "say", what: "held" } as const] : [])];
  return { state: { name: "holding", sinceMs, ceiling, granted, untilMs, restMs, askedMs: null, nextMs, tries: 0 }, actions };
}

function failed(state: ReplicaState, times: LeaseTimes, now: Now): Step {
  if (state.name === "leaving" || state.name === "left") return { state, actions: [] };
  const tries = state.tries + 1;
  // A holder asks again quickly: it has little time, and what it asks over is its own. Whoever stands at the door does not press.
  const waitMs = state.name === "holding" ? Math.min(backoffMs(tries, times, now.random), times.renewMs / 2) : backoffMs(tries, times, now.random);
  const next = { ...state, askedMs: null, tries, nextMs: now.nowMs + waitMs };
  return looked(next, Number.POSITIVE_INFINITY, times, now);
}

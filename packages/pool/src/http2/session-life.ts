/**
 * How one session lives and ends, as a pure machine. A session that is left finishes what it has and takes nothing new; it never waits
 * for its peer without a deadline.
 *
 *   open ──leave──▶ leaving ──last stream over──▶ closing ──closed──▶ gone
 *     │                └────── leaveMs ──────┐        └─ closeMs ─┐
 *     └────────────── dead ─────────────────▶┴──── destroyed ─────┴──▶ gone
 */
import type { PoolEnd } from "../ends.ts";

export type Life =
  | { readonly name: "open" }
  | { readonly name: "leaving"; readonly code: PoolEnd; readonly deadlineMs: number }
  /** Our GOAWAY is sent, nothing is under way; the connection closes. */
  | { readonly name: "closing"; readonly code: PoolEnd; readonly deadlineMs: number }
  | { readonly name: "gone"; readonly code: PoolEnd };

export type LifeEvent =
  | { readonly type: "leave"; readonly code: PoolEnd; readonly streams: number }
  /** The last stream is over. */
  | { readonly type: "emptied" }
  | { readonly type: "tick" }
  /** It can not be used any more, and what is under way is lost. */
  | { readonly type: "dead"; readonly code: PoolEnd }
  /** Its connection is closed; `code` is what is known of the reason if nobody here had one. */
  | { readonly type: "closed"; readonly code: PoolEnd };

export type LifeAction = "close" | "destroy";

export interface LifeStep {
  readonly life: Life;
  readonly actions: readonly LifeAction[];
}

/** How long an orderly close may take before the socket is destroyed. */
const closeMs = 5_000;

export function stepLife(life: Life, event: LifeEvent, nowMs: number, leaveMs: number): LifeStep {
  if (life.name === "gone") return { life, actions: [] };
  switch (event.type) {
    case "leave": {
      if (life.name !== "open") return { life, actions: [] };
      if (event.streams === 0) return close(event.code, nowMs);
      return { life: { name: "leaving", code: event.code, deadlineMs: nowMs + leaveMs }, actions: [] };
    }
    case "emptied":
      return life.name === "leaving" ? close(life.code, nowMs) : { life, actions: [] };
    case "tick": {
      if (life.name === "open" || nowMs < life.deadlineMs) return { life, actions: [] };
      return { life: { name: "gone", code: life.code }, actions: ["destroy"] };
    }
    case "dead":
      return { life: { name: "gone", code: event.code }, actions: ["destroy"] };
    case "closed":
      return { life: { name: "gone", code: life.name === "open" ? event.code : life.code }, actions: [] };
    default:
      return event satisfies never;
  }
}

function close(code: PoolEnd, nowMs: number): LifeStep {
  return { life: { name: "closing", code, deadlineMs: nowMs + closeMs }, actions: ["close"] };
}

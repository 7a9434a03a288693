/**
 * How an HTTP/2 session ends, as a pure machine (RFC 9113, section 6.8). A session is left in two steps, so that no request
 * is lost to a race, where that is possible; a session that is ended for cause is left in one. In either case the TCP connection
 * really ends. It must never wait for the peer without a deadline.
 *
 *   open ──drain──▶ announced ──answered or announceMs──▶ leaving ──deadline──▶ cancelling
 *     │                                                      └──── destroyed ──────┴────▶ ending ──closed──▶ gone
 *     └───────────────────── cause, or destroyed by Node or the host ─────────────────────▶──┘
 */
import type { EndCode } from "../ends.ts";

/** Where a session is. */
export type SessionPhase =
  | { readonly name: "open" }
  /** GOAWAY(2^31-1) has been sent: the peer opens no further streams once it has read that, and those it opened before are served. */
  | { readonly name: "announced"; readonly code: EndCode; readonly sinceMs: number; readonly deadlineMs: number }
  /** GOAWAY(last stream) has been sent: what was begun is finished. */
  | { readonly name: "leaving"; readonly code: EndCode; readonly deadlineMs: number }
  /** What did not finish in time has been reset; the session is destroyed when those resets have left, or then. */
  | { readonly name: "cancelling"; readonly code: EndCode; readonly deadlineMs: number }
  /** The session is destroyed, and the connection has to end until then. */
  | { readonly name: "ending"; readonly code: EndCode; readonly deadlineMs: number }
  | { readonly name: "gone" };

/** What happens to a session. */
export type SessionEvent =
  /** It shall end without losing a request. `inTwo`: the announcement can be sent. */
  | { readonly type: "drain"; readonly code: EndCode; readonly drainMs: number; readonly inTwo: boolean }
  /** The peer has answered the PING that followed the announcement: it has read it. */
  | { readonly type: "answered" }
  /** It shall end now, because of what the peer did or did not do. */
  | { readonly type: "cause"; readonly code: EndCode }
  /** Node or the host destroyed it. */
  | { readonly type: "destroyed"; readonly code: EndCode }
  | { readonly type: "tick" }
  /** Its connection is closed. */
  | { readonly type: "closed" };

/** What is to be done, in order. */
export type SessionAction = "announce" | "leave" | "cancel" | "destroy" | "end" | "reset";

export interface SessionStep {
  readonly phase: SessionPhase;
  readonly actions: readonly SessionAction[];
}

/** The limits that this machine needs. */
export interface SessionEndLimits {
  readonly announceMs: number;
  readonly errorEndMs: number;
  readonly lingerMs: number;
}

/** Ends for which nobody is to blame: what is under way then gets time to arrive. */
const graceful: ReadonlySet<EndCode> = new Set(["idle_timeout", "age_limit", "requests_limit", "draining", "peer_closed", "host_closed"]);

export function stepSession(phase: SessionPhase, event: SessionEvent, nowMs: number, limits: SessionEndLimits): SessionStep {
  if (phase.name === "gone") return { phase, actions: [] };
  switch (event.type) {
    case "closed":
      return { phase: { name: "gone" }, actions: [] };
    case "drain":
      return drained(phase, event, nowMs);
    case "answered":
      return phase.name === "announced" ? left(phase) : { phase, actions: [] };
    case "cause":
      return phase.name === "ending" ? { phase, actions: [] } : ended(event.code, nowMs, limits, ["destroy", "end"]);
    case "destroyed":
      if (phase.name === "ending") return { phase, actions: [] };
      // Whoever drained a session is why it ends, unless it ended in an error before that.
      return ended(phase.name === "open" || !graceful.has(event.code) ? event.code : phase.code, nowMs, limits, ["end"]);
    case "tick":
      return ticked(phase, nowMs, limits);
  }
}

function drained(phase: SessionPhase, { code, drainMs, inTwo }: Extract<SessionEvent, { type: "drain" }>, nowMs: number): SessionStep {
  const deadlineMs = nowMs + drainMs;
  if (phase.name === "open" && !inTwo) return left({ code, deadlineMs });
  if (phase.name === "open") return { phase: { name: "announced", code, sinceMs: nowMs, deadlineMs }, actions: ["announce"] };
  // A second reason to leave may only shorten the time: a node that goes does not wait for what idleness began.
  if (phase.name === "announced" || phase.name === "leaving") return { phase: { ...phase, deadlineMs: Math.min(phase.deadlineMs, deadlineMs) }, actions: [] };
  return { phase, actions: [] };
}

function left({ code, deadlineMs }: { readonly code: EndCode; readonly deadlineMs: number }): SessionStep {
  return { phase: { name: "leaving", code, deadlineMs }, actions: ["leave"] };
}

function ended(code: EndCode, nowMs: number, limits: SessionEndLimits, actions: readonly SessionAction[]): SessionStep {
  const deadlineMs = nowMs + (graceful.has(code) ? limits.lingerMs : limits.errorEndMs);
  return { phase: { name: "ending", code, deadlineMs }, actions };
}

function ticked(phase: Exclude<SessionPhase, { name: "gone" }>, nowMs: number, limits: SessionEndLimits): SessionStep {
  if (phase.name === "open") return { phase, actions: [] };
  if (phase.name === "ending") return nowMs < phase.deadlineMs ? { phase, actions: [] } : { phase: { name: "gone" }, actions: ["reset"] };
  if (phase.name === "cancelling") return nowMs < phase.deadlineMs ? { phase, actions: [] } : ended(phase.code, nowMs, limits, ["destroy", "end"]);
  if (nowMs >= phase.deadlineMs) return { phase: { name: "cancelling", code: phase.code, deadlineMs: nowMs + limits.errorEndMs }, actions: ["cancel"] };
  if (phase.name === "announced" && nowMs - phase.sinceMs >= limits.announceMs) return left(phase);
  return { phase, actions: [] };
}

/**
 * What a link is worth right now, for people and programs: derived from the machine, with a reason, never "open".
 * A snapshot is frozen and keeps its identity until the next, as `useSyncExternalStore` wants it.
 */
import { type EndCode, isOpen, type LinkState } from "./link-state.ts";

/** The status of a link. Moments are in ms since 1970-01-01 UTC. */
export interface LinkStatus {
  /**
   * `live`: open, and proof of life is not overdue. `stale`: it is overdue, the link is being probed. `offline`: no link; dialling or waiting.
   * `denied`: the server said not to come back; nothing more is tried. `closed`: the application closed it.
   */
  readonly state: "live" | "stale" | "offline" | "denied" | "closed";
  /** Why, when there is a reason to name. */
  readonly code: EndCode | null;
  readonly reason: string;
  /** The close code or HTTP status with which the peer ended the last link. */
  readonly peerCode: number | null;
  /** Since when state and code are what they are. */
  readonly since: number;
  /** Dials that failed in a row, links that lasted less than 5 s included. */
  readonly attempt: number;
  /** When the next dial is due. */
  readonly retryAtMs: number | null;
  /** When bytes last came; brought up to date by every change and every heartbeat. */
  readonly lastProofOfLifeMs: number | null;
}

/** What `useSyncExternalStore` takes. */
export interface LinkStatusSource {
  /** Calls the listener after each change; returns the way to stop that. A listener must not throw. */
  subscribe(listener: () => void): () => void;
  /** The same object until something changes. */
  getSnapshot(): LinkStatus;
}

type Line = readonly [LinkStatus["state"], reason: string];

function lineOf(state: LinkState): Line {
  switch (state.name) {
    case "waiting":
    case "dialing":
      return ["offline", state.cause?.reason ?? "connecting"];
    case "live":
      return ["live", state.proof === "none" ? "nothing proves it: no way to probe" : ""];
    case "probing":
      return state.isOverdue ? ["stale", "silent; probing"] : ["live", ""];
    case "over":
      return [state.cause.code === "closed_by_user" ? "closed" : "denied", state.cause.reason];
    default:
      return state satisfies never;
  }
}

/** What a state of the machine means to a person. `before` is the status until now, `offsetMs` the wall clock's lead over the machine's. */
export function statusOf(from: LinkState, before: LinkStatus | null, wallMs: number, offsetMs: number, lastProofOfLifeMs: number | null): LinkStatus {
  const [state, reason] = lineOf(from);
  const cause = isOpen(from) ? null : from.cause;
  const code = cause?.code ?? null;
  return Object.freeze({
    state,
    code,
    reason,
    peerCode: cause?.peerCode ?? null,
    since: before?.state === state && before.code === code ? before.since : wallMs,
    attempt: from.failures,
    retryAtMs: from.name === "waiting" ? Math.round(from.dueMs + offsetMs) : null,
    lastProofOfLifeMs,
  });
}

/**
 * What the states of the machines mean to people: the derivation of `Status` and `StreamStatus`. Pure.
 * It must never claim more than is proved: `live` needs a link that answers in time.
 */
import { type Code, HoldfastError } from "@holdfast/protocol";
import type { ConnectionState } from "./connection-state.ts";
import type { LineState } from "./status.ts";
import type { Reader } from "./stream.ts";

/** State, code and reason of a status. */
export interface Line {
  readonly state: LineState;
  readonly code: Code | null;
  readonly reason: string;
}

/** What a state of the connection means to a person. */
export function lineOf(state: ConnectionState): Line {
  switch (state.name) {
    case "idle":
      return { state: "offline", code: null, reason: "nothing to carry" };
    case "waiting":
      return { state: "offline", code: state.cause.code, reason: state.cause.reason };
    case "dialing":
    case "greeting":
      return { state: "offline", code: state.cause?.code ?? null, reason: state.cause?.reason ?? "connecting" };
    case "probing":
      if (state.needs === "bytes") return { state: "stale", code: null, reason: "no proof of life in time; probing" };
      return { state: "live", code: null, reason: "" };
    case "live":
    case "moving":
      return { state: "live", code: null, reason: "" };
    case "denied":
      return { state: "denied", code: state.cause.code, reason: state.cause.reason };
    case "closed":
      return { state: "closed", code: "closed_by_user", reason: "" };
    default:
      return state satisfies never;
  }
}

/** What a reader's end means; null while it has none. */
export function outcomeLine({ outcome }: Reader): Line | null {
  if (outcome === null) return null;
  if (outcome.kind === "ended") return { state: "closed", code: null, reason: "the stream has ended" };
  if (outcome.kind === "left") return { state: "closed", code: null, reason: "" };
  const { code, message } = HoldfastError.from(outcome.error);
  return { state: code === "closed_by_user" || code === "aborted" ? "closed" : "denied", code, reason: message };
}

export function streamLine(reader: Reader, line: Line, isCurrent: boolean): Line {
  if (line.state !== "live" || isCurrent) return line;
  return reader.isFull
    ? { state: "catching-up", code: "slow_consumer", reason: "the iterator takes entries more slowly than they come" }
    : { state: "catching-up", code: null, reason: "" };
}

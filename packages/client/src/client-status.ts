/**
 * What the state of a reader means to people: the derivation of `StreamStatus`. Pure.
 * It must never claim more than is proved: `live` needs a link that answers in time, and everything known to be taken.
 */
import { HoldfastError } from "@holdfast/protocol";
import type { Line } from "./status.ts";
import type { Reader } from "./stream.ts";

/** The status of a reader. `line` is that of the client. */
export function streamLine({ outcome, isFull }: Pick<Reader, "outcome" | "isFull">, line: Line, isCurrent: boolean): Line {
  if (outcome === null) {
    if (line.state !== "live") return line;
    return { state: isCurrent ? "live" : "catching-up", code: isFull ? "slow_consumer" : null, reason: "" };
  }
  if (typeof outcome === "string") return { state: "closed", code: null, reason: outcome };
  const { code, detail } = HoldfastError.from(outcome.error);
  return { state: code === "closed_by_user" || code === "aborted" ? "closed" : "denied", code, reason: detail };
}

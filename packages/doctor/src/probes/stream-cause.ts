/**
 * Why events are held back, out of the ways in which they were asked for: each way takes away one cause, and the one that helps names it. Pure.
 */
import type { StreamRow, StreamWay } from "../facts.ts";

/** compression: without it they come live. buffer: they do once the application says `X-Accel-Buffering: no`. deaf: whatever it says. type: only other content types are held back. */
export type StreamCause = "compression" | "buffer" | "deaf" | "type";

export interface StreamBuffering {
  readonly cause: StreamCause;
  /** size: in steps of `bytes`. interval: in steps of `ms`. end: all of it until the end, or beyond what was sent. */
  readonly until: { readonly is: "size"; readonly bytes: number } | { readonly is: "interval"; readonly ms: number } | { readonly is: "end" };
  /** The row that shows it best. */
  readonly row: StreamRow;
}

/** Steps by size come dozens of times faster when the events are large; steps by time do not. */
const muchFaster = 4;

/** Null: nothing is held back, as far as is known. */
export function streamBuffering(rows: readonly StreamRow[]): StreamBuffering | null {
  const of = (way: StreamWay): StreamRow | null => rows.find((row) => row.way === way) ?? null;
  const isHeld = (way: StreamWay): boolean | null => {
    const signature = of(way)?.signature;
    return signature?.known === true ? signature.value !== "live" : null;
  };
  const found = (way: StreamWay, cause: StreamCause, steps: StreamRow | null): StreamBuffering => {
    const row = of(way) as StreamRow;
    return { cause, until: untilOf(row, steps), row };
  };
  if (isHeld("identity") === true) return found("identity", isHeld("accel") === false ? "buffer" : "deaf", of("padded"));
  // Large events alone can be held back by nobody who lets small ones pass.
  if (isHeld("browser") === true && isHeld("identity") === false) return found("browser", "compression", null);
  if (isHeld("ndjson") === true && isHeld("identity") === false) return found("ndjson", "type", null);
  return null;
}

function untilOf(row: StreamRow, padded: StreamRow | null): StreamBuffering["until"] {
  const [stepMs, paddedMs] = [row.stepMs, padded?.stepMs ?? null];
  // By size, large events would come in shorter steps than small ones; by time, in the same.
  if (stepMs !== null && (paddedMs === null || paddedMs * muchFaster > stepMs)) return { is: "interval", ms: stepMs };
  const bytes = padded?.stepBytes ?? row.stepBytes;
  return bytes === null ? { is: "end" } : { is: "size", bytes };
}

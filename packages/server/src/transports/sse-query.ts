/**
 * What `GET /v1/sse` asks for: streams and places from the URL, or from the id of the last event that was received.
 */
import { type Code, type From, limits, parsePosition, streamNameFault } from "@holdfast/protocol";
import type { ServerOptions } from "../options.ts";
import { type Place, parseEventId } from "./event-id.ts";

export interface SseQuery {
  readonly streams: readonly string[];
  /** Where each stream begins, and null for those that have ended. */
  readonly from: readonly (From | null)[];
  /** What the last id said; nothing known without one. */
  readonly places: readonly Place[];
}

export interface QueryFault {
  readonly code: Extract<Code, "bad_request" | "bad_stream_name" | "bad_position" | "too_many_subscriptions">;
  readonly message: string;
}

const count = /^(?:0|[1-9]\d{0,8})$/;
const fault = (code: QueryFault["code"], message: string): QueryFault => ({ code, message });

function fromOf(after: string): From | QueryFault {
  if (after === "first" || after === "now") return after;
  if (after.startsWith("last:")) {
    const last = after.slice("last:".length);
    if (count.test(last) && Number(last) <= limits.lastEntriesMax.value) return { last: Number(last) };
    return fault("bad_request", `expected the N of \`last:N\` to be at most ${limits.lastEntriesMax.value}`);
  }
  if (parsePosition(after) === null) return fault("bad_position", "expected `after` to be a position, first, now or last:N");
  return { after };
}

/** Reads the query and the id that came back, which wins over `after`. */
export function readSseQuery(query: URLSearchParams, lastEventId: string | undefined, options: ServerOptions): SseQuery | QueryFault {
  const streams = query.getAll("stream");
  const streamsMax = Math.min(limits.requestStreamsMax.value, options.subscriptionsMax);
  if (streams.length === 0) return fault("bad_request", "expected `stream` once or more");
  if (streams.length > streamsMax) return fault("too_many_subscriptions", `expected at most ${streamsMax} streams`);
  for (const stream of streams) {
    const nameFault = streamNameFault(stream);
    if (nameFault !== null) return fault("bad_stream_name", nameFault);
  }
  if (new Set(streams).size < streams.length) return fault("bad_request", "expected each stream once");
  const afters = query.getAll("after");
  if (afters.length > 1 && afters.length !== streams.length) return fault("bad_request", "expected `after` once, or once per stream");
  const begins: From[] = [];
  for (let i = 0; i < streams.length; i++) {
    const from = fromOf(afters[afters.length > 1 ? i : 0] ?? "now");
    if (typeof from === "object" && "code" in from) return from;
    begins.push(from);
  }
  const id = lastEventId || query.get("lastEventId") || "";
  if (id === "") return { streams, from: begins, places: streams.map(() => ({ position: "", hasEnded: false })) };
  const places = parseEventId(id, streams);
  if (places === null) return fault("bad_position", "expected the id of an event of this address");
  const from = places.map(({ position, hasEnded }, i) => (hasEnded ? null : position === "" ? (begins[i] as From) : { after: position }));
  return { streams, from, places };
}

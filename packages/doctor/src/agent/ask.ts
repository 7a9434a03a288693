/**
 * Reads what a request to the agent asks for. Pure: an address in, parameters within their bounds out, or one sentence on what is wrong.
 */
import type { AgentOptions } from "./options.ts";
import type { AgentCommand } from "./wire.ts";

type Bounds = Pick<AgentOptions, "everyMsMin" | "eventBytesMax" | "lifeMs">;

export type Asked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** Content types that a stream of events may be given: boxes treat them differently. */
export const streamTypes = ["text/event-stream", "application/x-ndjson", "text/plain", "application/json", "application/octet-stream"] as const;

export interface EventsAsk {
  readonly everyMs: number;
  /** The answer ends after so many; null: it goes on. */
  readonly count: number | null;
  /** Padding of each. */
  readonly bytes: number;
  /** After so many nothing more comes, and the stream stays open. */
  readonly silentAfter: number | null;
  readonly type: (typeof streamTypes)[number];
  /** Asks the hop in front not to buffer, by `X-Accel-Buffering: no`. */
  readonly accelNo: boolean;
  /** Asks every hop not to compress, by `Cache-Control: no-transform`. */
  readonly noTransform: boolean;
  /** Comments instead of events. */
  readonly comment: boolean;
}

/** The part of an address beneath the prefix, and its parameters; null for an address that is none of the agent's. */
export function beneath(prefix: string, url: string | undefined): { readonly name: string; readonly query: URLSearchParams } | null {
  if (url?.startsWith(`${prefix}/`) !== true) return null;
  const [path = "", query = ""] = url.slice(prefix.length + 1).split("?", 2);
  return { name: path, query: new URLSearchParams(query) };
}

/** A whole number of the query; `fallback` where there is none. Throws the sentence, for `reading` to catch. */
function whole<F>(query: URLSearchParams, name: string, least: number, most: number, fallback: F): number | F {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
  if (value < least || value > most) throw new RangeError(`expected ${name} to be a whole number from ${least} to ${most}`);
  return value;
}

function reading<T>(read: () => T): Asked<T> {
  try {
    return { ok: true, value: read() };
  } catch (thrown) {
    if (thrown instanceof RangeError) return { ok: false, message: thrown.message };
    throw thrown;
  }
}

const countMax = 1_000_000;

export function eventsAsk(query: URLSearchParams, { everyMsMin, eventBytesMax, lifeMs }: Bounds): Asked<EventsAsk> {
  return reading(() => {
    const type = streamTypes.find((each) => each === (query.get("type") ?? streamTypes[0]));
    if (type === undefined) throw new RangeError(`expected type to be one of ${streamTypes.join(", ")}`);
    return {
      everyMs: whole(query, "everyMs", everyMsMin, lifeMs, 1_000),
      count: whole(query, "count", 0, countMax, null),
      bytes: whole(query, "bytes", 0, eventBytesMax, 0),
      silentAfter: whole(query, "silentAfter", 0, countMax, null),
      type,
      accelNo: query.get("accel") === "no",
      noTransform: query.get("transform") === "no",
      comment: query.get("comment") === "1",
    };
  });
}

export function holdAsk(query: URLSearchParams, { lifeMs }: Bounds): Asked<{ readonly ms: number }> {
  return reading(() => ({ ms: whole(query, "ms", 0, lifeMs, 0) }));
}

/** A command on the WebSocket, or null for what is none. */
export function commandOf(text: string, { everyMsMin, lifeMs }: Bounds): AgentCommand | null {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof given !== "object" || given === null) return null;
  const { do: what, everyMs, count } = given as Record<string, unknown>;
  if (what === "silent" || what === "echo" || what === "close") return { do: what };
  const every = Number.isSafeInteger(everyMs) && (everyMs as number) >= everyMsMin && (everyMs as number) <= lifeMs ? (everyMs as number) : null;
  if (every === null) return null;
  if (what === "ping") return { do: what, everyMs: every };
  if (what !== "send" || !Number.isSafeInteger(count) || (count as number) < 1 || (count as number) > countMax) return null;
  return { do: what, everyMs: every, count: count as number };
}

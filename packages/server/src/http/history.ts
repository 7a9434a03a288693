/**
 * `GET /v1/streams/NAME`: a page of a stream's log, for curl and for whoever has no client. `GET /v1/streams`: the streams.
 * A position that cannot be honoured is answered 410 with the gap, never with silence.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Cursor, formatPosition, limits, parsePosition, toBase64 } from "@holdfast/protocol";
import { forbiddenText, type Principal } from "../auth/authorizer.ts";
import type { Entry, Head, ReadOptions, ReadResult, StreamInfo } from "../engine.ts";
import { epochOf, locate, positionOf } from "../epochs.ts";
import type { HttpContext } from "./context.ts";
import { refuse, sendJson } from "./respond.ts";
import { whoSent } from "./who.ts";

const pageBytesMax = 1_048_576;
const entriesDefault = 100;
/** Names that one list looks at for those that may be seen. */
const lookedAtMax = 20_000;
const count = /^(?:0|[1-9]\d{0,8})$/;

function entryJson(entry: Entry, prevEpoch: string): string {
  const key = entry.key === undefined ? "" : `"key":${JSON.stringify(entry.key)},`;
  const head = `{"position":"${formatPosition(entry.epoch, entry.seq)}","prev":"${formatPosition(prevEpoch, entry.prev)}","timeMs":${entry.timeMs},${key}`;
  if (entry.format === "bytes") return `${head}"base64":"${toBase64(entry.payload)}"}`;
  return `${head}"data":${Buffer.from(entry.payload.buffer, entry.payload.byteOffset, entry.payload.length).toString("utf8")}}`;
}

interface Asked {
  readonly from: ReadOptions["from"];
  readonly cursor: Cursor | null;
}

/** What `after` asks for, or null when it cannot be read. */
function askedFor(after: string): Asked | null {
  if (after === "first") return { from: { afterSeq: 0 }, cursor: null };
  if (after === "now") return { from: { last: 0 }, cursor: null };
  if (after.startsWith("last:")) {
    const last = after.slice(5);
    return count.test(last) && Number(last) <= limits.lastEntriesMax.value ? { from: { last: Number(last) }, cursor: null } : null;
  }
  const cursor = parsePosition(after);
  return cursor === null ? null : { from: { afterSeq: cursor.seq }, cursor };
}

/** Handles a read of a stream whose name has been checked. */
export async function history(context: HttpContext, request: IncomingMessage, response: ServerResponse, stream: string, query: URLSearchParams): Promise<void> {
  const { counters, gate } = context.hub;
  const principal = await whoSent(request, gate);
  if (!(await gate.may(principal, "read", stream))) return sendForbidden(context, response);
  gate.confirm(principal);
  const asked = askedFor(query.get("after") ?? "first");
  if (asked === null) return refuse(counters, response, "bad_position", "expected `after` to be a position, first, now or last:N");
  const limit = query.get("limit") ?? String(entriesDefault);
  if (!count.test(limit) || Number(limit) < 1 || Number(limit) > context.options.batchEntriesMax) {
    return refuse(counters, response, "bad_request", `expected \`limit\` to be 1 to ${context.options.batchEntriesMax}`);
  }
  const result = await read(context, stream, asked, Number(limit));
  const { head } = result;
  if (head === null) return refuse(counters, response, "stream_not_found");
  if (asked.cursor !== null) {
    const located = locate(head, asked.cursor);
    if (!located.ok) {
      counters.gap(located.reason);
      const gap = {
        reason: located.reason,
        from: query.get("after"),
        after: positionOf(head.epochs, located.continueAfter),
        head: positionOf(head.epochs, head.last),
      };
      return sendJson(response, 410, `${JSON.stringify({ error: { code: "gap", message: `the position cannot be honoured: ${located.reason}` }, gap })}\n`);
    }
  }
  sendPage(response, stream, asked, head, result);
}

function sendForbidden({ hub }: HttpContext, response: ServerResponse): void {
  refuse(hub.counters, response, "forbidden", forbiddenText);
}

async function read(context: HttpContext, stream: string, asked: Asked, limit: number): Promise<ReadResult> {
  if ("last" in asked.from && asked.from.last === 0) return { head: await context.engine.head(stream), entries: [], more: false };
  return await context.engine.read(stream, { from: asked.from, entriesMax: limit, bytesMax: pageBytesMax });
}

function sendPage(response: ServerResponse, stream: string, asked: Asked, head: Head, { entries, more }: ReadResult): void {
  const parts: string[] = [];
  let prevEpoch = epochOf(head.epochs, entries[0]?.prev ?? 0);
  for (const entry of entries) {
    parts.push(entryJson(entry, prevEpoch));
    prevEpoch = entry.epoch;
  }
  const newest = entries.at(-1);
  const start = asked.cursor?.seq ?? ("last" in asked.from ? head.last : head.firstPrev);
  const facts = JSON.stringify({
    next: newest === undefined ? positionOf(head.epochs, start) : formatPosition(newest.epoch, newest.seq),
    head: positionOf(head.epochs, head.last),
    first: positionOf(head.epochs, head.firstPrev),
    more,
    closed: head.closed,
  });
  sendJson(response, 200, `{"stream":${JSON.stringify(stream)},"entries":[${parts.join(",\n")}],${facts.slice(1)}\n`);
}

interface Shown {
  readonly infos: readonly StreamInfo[];
  readonly hasMore: boolean;
}

/**
 * The next streams that may be seen; null when there were too many others before the first of them. A name that may not be seen is never
 * told, not even as the place where to go on.
 */
async function shown({ engine, hub, options }: HttpContext, principal: Principal, prefix: string, after: string, limit: number): Promise<Shown | null> {
  const { gate } = hub;
  if (!gate.isGuarded) {
    const infos = await engine.list({ prefix, after, limit });
    return { infos, hasMore: infos.length === limit };
  }
  const found: StreamInfo[] = [];
  let from = after;
  for (let lookedAt = 0; lookedAt < lookedAtMax; lookedAt += options.batchEntriesMax) {
    const page = await engine.list({ prefix, after: from, limit: options.batchEntriesMax });
    found.push(...page.filter(({ stream }) => gate.shows(principal, stream)));
    if (found.length >= limit) return { infos: found.slice(0, limit), hasMore: true };
    if (page.length < options.batchEntriesMax) return { infos: found, hasMore: false };
    from = page.at(-1)?.stream ?? from;
  }
  return found.length > 0 ? { infos: found, hasMore: true } : null;
}

/** Handles the list of streams: in order of name, paged by `after`. */
export async function list(context: HttpContext, request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> {
  const { gate } = context.hub;
  const prefix = query.get("prefix") ?? "";
  const principal = await whoSent(request, gate);
  if (!(await gate.may(principal, "list", prefix))) return sendForbidden(context, response);
  gate.confirm(principal);
  const limit = query.get("limit") ?? String(entriesDefault);
  if (!count.test(limit) || Number(limit) < 1 || Number(limit) > context.options.batchEntriesMax) {
    return refuse(context.hub.counters, response, "bad_request", `expected \`limit\` to be 1 to ${context.options.batchEntriesMax}`);
  }
  const page = await shown(context, principal, prefix, query.get("after") ?? "", Number(limit));
  if (page === null)
    return refuse(context.hub.counters, response, "bad_request", `expected a longer \`prefix\`: none of the next ${lookedAtMax} names may be seen`);
  const { infos, hasMore } = page;
  const streams = infos.map(({ stream, head }) => ({
    stream,
    head: positionOf(head.epochs, head.last),
    first: positionOf(head.epochs, head.firstPrev),
    entries: head.entries,
    bytes: head.bytes,
    closed: head.closed,
    readers: context.hub.readersOf(stream),
  }));
  const next = hasMore ? (infos.at(-1)?.stream ?? null) : null;
  sendJson(response, 200, `${JSON.stringify({ streams, next })}\n`);
}

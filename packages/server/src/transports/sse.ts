/**
 * Server-sent events (WHATWG HTML, section 9.2) at one address: POST for clients that read responses themselves, GET for native ones.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { HoldfastError, limits } from "@holdfast/protocol";
import { refuse } from "../http/respond.ts";
import { isOver } from "../http/response-version.ts";
import { entryOf } from "../http/who.ts";
import { FlushMemo } from "./chunks.ts";
import { readLines } from "./link-body.ts";
import type { RequestTransport, TransportParts } from "./request-transport.ts";
import { admitNative, type NativeGate } from "./sse-admit.ts";
import { NativeFlushMemo, NativeSseCarrier } from "./sse-get.ts";
import { PostedSseCarrier } from "./sse-post.ts";
import { readSseQuery, type SseQuery } from "./sse-query.ts";
import { wayOutOf } from "./way-out.ts";

/** The longest name, a position, and what is around them. */
const subscribeBytesMax = 1_024;
const hello = '{"type":"hello","protocol":1,"client":"EventSource"}';

/** `POST /v1/sse` and `GET /v1/sse`. */
export function sseTransport(parts: TransportParts, tickets: NativeGate["tickets"] = null): RequestTransport {
  const { hub, options } = parts;
  const bodyBytesMax = Math.max(limits.linkBodyBytesMax.value, options.subscriptionsMax * subscribeBytesMax);
  const memos = { posted: new FlushMemo(), native: new NativeFlushMemo() };

  async function post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const lines = await readLines(request, response, bodyBytesMax, hub.counters);
    const way = wayOutOf(response);
    if (lines === null || way === null) return;
    new PostedSseCarrier(response, way, parts, memos.posted).open(lines, entryOf(request, hub));
  }

  async function get(request: IncomingMessage, response: ServerResponse, search: URLSearchParams): Promise<void> {
    const lastEventId = request.headers["last-event-id"];
    const query = readSseQuery(search, typeof lastEventId === "string" ? lastEventId : undefined, options);
    if ("code" in query) {
      refuse(hub.counters, response, query.code, query.message);
      return;
    }
    const way = wayOutOf(response);
    if (way === null) return;
    if (query.from.every((from) => from === null)) {
      response.writeHead(204, { "Cache-Control": "no-store" }).end();
      return;
    }
    const carrier = new NativeSseCarrier(response, way, parts, memos.native, query);
    let entry = entryOf(request, hub);
    if (hub.gate.isGuarded) {
      try {
        entry = await admitNative({ hub, tickets }, { request, response, query, ticket: search.get("ticket"), entry });
      } catch (thrown) {
        const { code, detail, afterMs } = HoldfastError.from(thrown);
        hub.counters.refuse(code);
        // A client that has left meanwhile is answered nothing.
        if (!isOver(response)) carrier.turnAway(code, detail, afterMs ?? 0);
        return;
      }
      if (isOver(response)) return;
    }
    if (request.method === "HEAD") carrier.showHeaders();
    else carrier.open(messagesOf(query), entry);
  }

  return {
    path: "/v1/sse",
    methods: ["GET", "HEAD", "POST"],
    answer: (request, response, query) => (request.method === "POST" ? post(request, response) : get(request, response, query)),
  };
}

/** What a client would say that asks for this. */
function messagesOf({ streams, from }: SseQuery): string[] {
  const messages = [hello];
  for (const [i, stream] of streams.entries()) {
    if (from[i] !== null) messages.push(JSON.stringify({ type: "subscribe", id: i, stream, from: from[i] }));
  }
  return messages;
}

/**
 * The HTTP interface: which request is answered by whom. Access has been checked before.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { HoldfastError, streamNameFault } from "@holdfast/protocol";
import { readiness } from "../readiness.ts";
import type { HttpContext } from "./context.ts";
import { answerPreflight } from "./cors.ts";
import { history, list } from "./history.ts";
import { publish } from "./publish.ts";
import { ClientLeft, refuse, sendJson } from "./respond.ts";
import { cutOff } from "./response-version.ts";
import { exchange, sessionPath, ticketsPath } from "./tickets.ts";
import { queryFault } from "./who.ts";

const streamsPath = "/v1/streams";
/** What no fallback may take over. */
const ownPaths = /^\/(?:v1|healthz|readyz|metrics)(?:\/|$)/;

/** The stream's name in a path, percent-decoded per segment, or null when it cannot be one. */
export function streamOf(path: string): string | null {
  let name: string;
  try {
    name = path
      .slice(streamsPath.length + 1)
      .split("/")
      .map(decodeURIComponent)
      .join("/");
  } catch {
    return null;
  }
  return streamNameFault(name) === null ? name : null;
}

/** Answers a request; never rejects. */
export async function route(context: HttpContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await answer(context, request, response);
  } catch (thrown) {
    if (thrown instanceof ClientLeft) return;
    const error = HoldfastError.from(thrown);
    if (response.headersSent) {
      context.hub.counters.refuse(error.code);
      cutOff(response);
    } else refuse(context.hub.counters, response, error.code, error.detail, error.afterMs === undefined ? {} : { afterMs: error.afterMs });
  }
}

async function answer(context: HttpContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (answerPreflight(request, response)) return;
  const url = request.url ?? "/";
  const at = url.indexOf("?");
  const path = at < 0 ? url : url.slice(0, at);
  const query = new URLSearchParams(at < 0 ? "" : url.slice(at + 1));
  const { method } = request;
  const { counters } = context.hub;
  const fault = ownPaths.test(path) ? queryFault(path, query) : null;
  if (fault !== null) return refuse(counters, response, "bad_request", fault);
  const reading = method === "GET" || method === "HEAD";
  if (path.startsWith(`${streamsPath}/`)) {
    const stream = streamOf(path);
    if (stream === null) return refuse(counters, response, "bad_stream_name");
    if (method === "POST") return publish(context, request, response, stream);
    return reading
      ? history(context, request, response, stream, query)
      : refuse(counters, response, "method_not_allowed", undefined, { headers: { Allow: "GET, HEAD, POST" } });
  }
  const transport = context.transports.get(path);
  if (transport !== undefined) {
    return transport.methods.includes(method ?? "")
      ? transport.answer(request, response, query)
      : refuse(counters, response, "method_not_allowed", undefined, { headers: { Allow: transport.methods.join(", ") } });
  }
  if (path === ticketsPath || path === sessionPath) {
    return method === "POST"
      ? exchange(context, request, response, path)
      : refuse(counters, response, "method_not_allowed", undefined, { headers: { Allow: "POST" } });
  }
  // Another program's paths take whatever method they like.
  if (!ownPaths.test(path) && context.fallback?.(request, response) === true) return;
  if (!reading) return refuse(counters, response, "method_not_allowed", undefined, { headers: { Allow: "GET, HEAD" } });
  switch (path) {
    case streamsPath:
      return list(context, request, response, query);
    case "/healthz": {
      const health = context.engine.health();
      return sendJson(
        response,
        health.state === "ok" ? 200 : 503,
        `${JSON.stringify({ state: health.state, detail: health.detail, durability: context.engine.caps.durability })}\n`,
      );
    }
    case "/readyz": {
      const state = readiness(context);
      return sendJson(response, state === "ok" ? 200 : 503, `${JSON.stringify({ state })}\n`);
    }
    default:
      return refuse(counters, response, "not_found");
  }
}

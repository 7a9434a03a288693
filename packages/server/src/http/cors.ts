/**
 * What browsers ask before they show our answers to pages of other origins (WHATWG Fetch, section 3.3). Which origins may talk to
 * this server at all has been decided before (access.ts); nothing here allows more.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

const preflightSeconds = 600;
const headersAllowed =
  "Authorization, Content-Type, Last-Event-ID, Holdfast-Key, Holdfast-Producer-Id, Holdfast-Producer-Epoch, Holdfast-Producer-Seq, Holdfast-Dedupe-Key, Holdfast-Close";

/** Lets the page whose origin was admitted read the answer. */
export function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  response.setHeader("Access-Control-Allow-Origin", origin);
  response.setHeader("Access-Control-Expose-Headers", "Retry-After");
  response.setHeader("Vary", "Origin");
}

/** Answers a preflight. False: the request is none. */
export function answerPreflight(request: IncomingMessage, response: ServerResponse): boolean {
  const { origin, "access-control-request-method": asked } = request.headers;
  if (request.method !== "OPTIONS" || origin === undefined || asked === undefined) return false;
  response.writeHead(204, {
    "Access-Control-Allow-Methods": "GET, HEAD, POST",
    "Access-Control-Allow-Headers": headersAllowed,
    "Access-Control-Max-Age": String(preflightSeconds),
    "Content-Length": "0",
  });
  response.end();
  return true;
}

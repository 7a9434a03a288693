/**
 * `POST /v1/tickets`: a ticket for a token. `POST /v1/session`: a cookie for a ticket. For pages whose EventSource cannot send a header.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { HoldfastError } from "@holdfast/protocol";
import type { HttpContext } from "./context.ts";
import { readBody, refuse, sendJson } from "./respond.ts";
import { lastOfConnection } from "./response-version.ts";
import { credentialsOf, sessionCookie } from "./who.ts";

const bodyBytesMax = 8_192;

export const ticketsPath = "/v1/tickets";
export const sessionPath = "/v1/session";

/** Answers a POST to either path. Throws what is to be answered with an error. */
export async function exchange(context: HttpContext, request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
  const { hub, tickets } = context;
  if (tickets === null) return refuse(hub.counters, response, "not_found", "nobody needs a ticket here");
  const body = await readBody(request, bodyBytesMax);
  if (body === null) return refuse(hub.counters, response, "body_too_large", `expected at most ${bodyBytesMax} bytes`, { headers: lastOfConnection(response) });
  if (path === ticketsPath) return sendJson(response, 200, `${JSON.stringify(await tickets.ticketFor(credentialsOf(request, hub.gate)))}\n`);
  const { session, expiresMs } = tickets.redeem(ticketIn(body));
  sendJson(response, 200, `${JSON.stringify({ expiresMs })}\n`, { "Set-Cookie": sessionCookie(session, expiresMs, request) });
}

function ticketIn(body: Buffer): string {
  let ticket: unknown;
  try {
    ({ ticket } = JSON.parse(body.toString("utf8")) as { ticket?: unknown });
  } catch {
    // No object: no ticket.
  }
  if (typeof ticket !== "string" || ticket === "") throw new HoldfastError("bad_request", 'expected {"ticket":"..."}');
  return ticket;
}

/**
 * Who asks for `GET /v1/sse`, and whether they may read all of it: found out before the response begins, because a native client is told
 * by its status. It redeems the ticket of an address that comes for the first time, and gives the cookie that the next time needs.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { HoldfastError } from "@holdfast/protocol";
import { forbiddenText, type Principal } from "../auth/authorizer.ts";
import type { GuardedGate } from "../auth/gate.ts";
import { sessionCookie } from "../http/who.ts";
import type { Hub } from "../hub/hub.ts";
import type { Entry } from "../hub/link-access.ts";
import type { SseQuery } from "./sse-query.ts";

export interface NativeGate {
  readonly hub: Hub;
  readonly tickets: Pick<GuardedGate, "redeem" | "isRedeemed"> | null;
}

export interface NativeRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: SseQuery;
  readonly ticket: string | null;
  /** What the request's headers show. */
  readonly entry: Entry;
}

/** The entry of a link that may read everything it names. Rejects with the HoldfastError to answer with. */
export async function admitNative(parts: NativeGate, asked: NativeRequest): Promise<Entry> {
  const { gate } = parts.hub;
  const { credentials } = asked.entry;
  const principal = redeemed(parts, asked) ?? (await gate.admit(credentials));
  const answers = await Promise.all(asked.query.streams.map((stream) => gate.may(principal, "read", stream)));
  if (answers.includes(false)) throw new HoldfastError("forbidden", forbiddenText);
  return { credentials, principal: gate.confirm(principal) };
}

/** Who the ticket stands for; null when there is none, or the cookie is what it was redeemed into: an EventSource comes back to its first address. */
function redeemed({ tickets }: NativeGate, { request, response, ticket, entry }: NativeRequest): Principal | null {
  const { cookie } = entry.credentials;
  if (ticket === null || tickets === null || (cookie !== null && tickets.isRedeemed(ticket, cookie))) return null;
  // Whoever only looks at the headers must not use up what the stream needs.
  if (request.method === "HEAD") throw new HoldfastError("unauthenticated", "a ticket is redeemed by GET");
  const { principal, session, expiresMs } = tickets.redeem(ticket);
  response.setHeader("Set-Cookie", sessionCookie(session, expiresMs, request));
  return principal;
}

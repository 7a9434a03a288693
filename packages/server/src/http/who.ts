/**
 * What a request shows of whoever sent it: the Authorization header, the cookie, a ticket, and where it comes from.
 * Nothing of it may reach a log or an answer, and a token in an address is refused: addresses are written down everywhere.
 */
import type { IncomingMessage } from "node:http";
import { type Credentials, noCredentials, type Principal } from "../auth/authorizer.ts";
import type { Gate } from "../auth/gate.ts";
import type { Hub } from "../hub/hub.ts";
import { anyEntry, type Entry } from "../hub/link-access.ts";

export const cookieName = "holdfast_session";

/** Names under which tokens are put into addresses elsewhere. */
const tokenNames: ReadonlySet<string> = new Set(["token", "access_token", "id_token", "jwt", "auth", "authorization", "bearer", "api_key"]);
/** Three parts in base64url, of which the first is a JSON object. */
const looksSigned = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;
/** Members of queries that may hold any text. */
const anyText: ReadonlySet<string> = new Set(["stream", "prefix", "after", "lastEventId"]);

/** Why the query is refused, or null. A ticket belongs to an event stream's address alone. */
export function queryFault(path: string, query: URLSearchParams): string | null {
  for (const [name, value] of query) {
    if (tokenNames.has(name.toLowerCase()) || (!anyText.has(name) && looksSigned.test(value)))
      return "expected no token in an address: send it as `Authorization: Bearer`, or in `hello`";
    if (name === "ticket" && path !== "/v1/sse") return "expected a ticket in the address of /v1/sse, or in the body of /v1/session";
  }
  return null;
}

/** The token of an Authorization header; empty when there is one that is not understood. */
function bearerOf(header: string | undefined): string | null {
  return header === undefined ? null : (/^Bearer +([\w.~+/-]+=*) *$/i.exec(header)?.[1] ?? "");
}

function cookieOf(header: string | undefined): string | null {
  for (const part of (header ?? "").split(";")) {
    const at = part.indexOf("=");
    if (at >= 0 && part.slice(0, at).trim() === cookieName) return part.slice(at + 1).trim();
  }
  return null;
}

/** What a request shows. The cookie counts where nothing can be changed: no page can be made to write by it. */
export function credentialsOf(request: IncomingMessage, gate: Gate): Credentials {
  if (!gate.isGuarded) return { ...noCredentials, peer: peerOf(request), origin: request.headers.origin ?? null };
  const { authorization, cookie, origin } = request.headers;
  const isReading = (request.method === "GET" || request.method === "HEAD") && request.headers.upgrade?.toLowerCase() !== "websocket";
  return {
    token: bearerOf(authorization),
    ticket: null,
    cookie: isReading ? cookieOf(cookie) : null,
    peer: peerOf(request),
    origin: origin ?? null,
  };
}

/** What a link's request shows before its hello. Where nobody asks it is not gathered. */
export function entryOf(request: IncomingMessage, hub: Hub): Entry {
  return hub.gate.isGuarded || hub.hooks !== null ? { credentials: credentialsOf(request, hub.gate), principal: null } : anyEntry;
}

const peerOf = (request: IncomingMessage): string => request.socket.remoteAddress ?? "";

/** Who sent a request. Throws or rejects with the HoldfastError to answer with. */
export function whoSent(request: IncomingMessage, gate: Gate): Principal | Promise<Principal> {
  return gate.admit(credentialsOf(request, gate));
}

/** The cookie that holds a session. */
export function sessionCookie(session: string, expiresMs: number, request: IncomingMessage): string {
  const isSecure = (request.socket as { readonly encrypted?: boolean }).encrypted === true || request.headers.origin?.startsWith("https://") === true;
  const seconds = Math.max(0, Math.floor(expiresMs / 1_000));
  return `${cookieName}=${session}; Path=/v1; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure ? "; Secure" : ""}`;
}

/**
 * Who may talk to the admin listener: requests for one of its own names (against DNS rebinding), from no page of another origin, with the
 * token where there is one. Pure. It must never tell an unknown path from a known one to whoever has no token.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { normalizeAddress } from "../identity/address.ts";
import { parseAuthority } from "../identity/authority.ts";
import { headerValues, oneHeader } from "../identity/headers.ts";
import type { HostPolicy } from "../identity/host.ts";

export interface AdminRequest {
  readonly method: string;
  /** As it was sent. */
  readonly target: string;
  /** Name, value, name, value: Node joins or drops repetitions, which another reader may resolve otherwise. */
  readonly rawHeaders: readonly string[];
  /** The address that took it. */
  readonly localAddress: string | undefined;
}

export interface AccessPolicy {
  /** Names to answer to beside the address that took the request. */
  readonly hosts: HostPolicy;
  /** SHA-256 of the token; null: none is needed. */
  readonly tokenDigest: Buffer | null;
}

/** What a path asks for. */
export interface Needs {
  readonly token: boolean;
  /** It changes something. */
  readonly writes: boolean;
}

/** Every way in which a request is turned away, with its HTTP status. */
export const adminFaults = {
  bad_host: 421,
  bad_origin: 403,
  bad_request: 400,
  failed: 500,
  method_not_allowed: 405,
  not_found: 404,
  too_many_connections: 503,
  unauthorized: 401,
} as const;

export type AdminFaultCode = keyof typeof adminFaults;

export interface AdminFault {
  readonly code: AdminFaultCode;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const tokenCharsMin = 16;

const once = ["host", "origin", "authorization", "content-length", "transfer-encoding"];

/** Digests are of one length, so that comparing them takes one time, whatever was sent. */
export function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** Why the request is turned away, or null. */
export function accessFault(request: AdminRequest, policy: AccessPolicy, needs: Needs): AdminFault | null {
  const { rawHeaders } = request;
  for (const name of once) {
    const header = oneHeader(rawHeaders, name);
    if (!header.ok) return { code: header.code, message: header.why };
  }
  const [host] = headerValues(rawHeaders, "host");
  if (host === undefined || !isOwnName(host, request, policy)) return { code: "bad_host", message: "this listener does not answer to that Host" };
  const origin = originFault(request, host, needs);
  if (origin !== null) return origin;
  const [length = "0"] = headerValues(rawHeaders, "content-length");
  if (length !== "0" || headerValues(rawHeaders, "transfer-encoding").length > 0) return { code: "bad_request", message: "expected no body" };
  if (needs.token && policy.tokenDigest !== null && !hasToken(rawHeaders, policy.tokenDigest)) {
    return { code: "unauthorized", message: "expected the token: Authorization: Bearer ...", headers: { "WWW-Authenticate": 'Bearer realm="admin"' } };
  }
  return null;
}

/** A page whose name was made to resolve to this machine sends its own name. An address is no name: what asks for the one that took it is at home. */
function isOwnName(host: string, { localAddress }: AdminRequest, { hosts }: AccessPolicy): boolean {
  if (hosts.check(host).ok) return true;
  // A socket for both families shows IPv4 in IPv6 clothes.
  const own = localAddress === undefined ? null : normalizeAddress(localAddress);
  return own !== null && parseAuthority(host)?.name === (own.includes(":") ? `[${own}]` : own);
}

/** What changes something takes no request of a page at all; browsers say with every such request that it is one. */
function originFault({ rawHeaders }: AdminRequest, host: string, { writes }: Needs): AdminFault | null {
  const [origin] = headerValues(rawHeaders, "origin");
  if (writes && (origin !== undefined || headerValues(rawHeaders, "sec-fetch-site").length > 0)) {
    return { code: "bad_origin", message: "a page may not change anything here" };
  }
  if (origin === undefined || origin === `http://${host.toLowerCase()}`) return null;
  return { code: "bad_origin", message: "that origin has no business here" };
}

function hasToken(rawHeaders: readonly string[], digest: Buffer): boolean {
  const [authorization = ""] = headerValues(rawHeaders, "authorization");
  const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? "";
  return timingSafeEqual(digestOf(token), digest);
}

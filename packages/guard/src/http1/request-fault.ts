/**
 * What is wrong with a request although Node's parser takes it: repetitions that the next reader may resolve otherwise, headers that
 * Node cuts off unseen, upgrades that nobody does. Pure.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { EndCode } from "../ends.ts";
import { tooEarly } from "../tls/too-early.ts";

/** The part of an IncomingMessage that is judged. */
export interface RequestHead {
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly method?: string | undefined;
}

export interface RequestFault {
  readonly code: EndCode;
  readonly status: number;
  readonly message: string;
  /** What the answer must say beside its status. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RequestRules {
  readonly headersCountMax: number;
  /** Whether a request of HTTP/1.1 must name its host. */
  readonly needsHost: boolean;
}

/** Headers of which a second one is an attack or a defect (RFC 9112, section 3.2; RFC 6455, section 4.1; RFC 6454, section 7). */
const once: ReadonlySet<string> = new Set(["host", "origin", "authorization", "sec-websocket-key", "content-length", "content-type"]);

const bad = (message: string): RequestFault => ({ code: "bad_request", status: 400, message });
const unsupported = (status: number, message: string, headers: RequestFault["headers"] = {}): RequestFault => ({
  code: "unsupported",
  status,
  message,
  headers,
});

const earlyFault: RequestFault = { code: "too_early", status: 425, message: "this came as TLS early data; send it again after the handshake" };

/** Why the request is refused, or null. */
export function requestFault(head: RequestHead, { headersCountMax, needsHost }: RequestRules): RequestFault | null {
  const { httpVersionMajor, httpVersionMinor, rawHeaders, headers, method = "" } = head;
  if (httpVersionMajor < 1) return bad("HTTP/0.9 is not spoken here");
  if (rawHeaders.length / 2 > headersCountMax) return { code: "headers_too_large", status: 431, message: `expected at most ${headersCountMax} header lines` };
  if (needsHost && httpVersionMinor > 0 && headers.host === undefined) return bad("expected a host header");
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    if (!once.has(name)) continue;
    if (seen.has(name)) return bad(`expected one ${name} header`);
    seen.add(name);
  }
  return tooEarly(headers, method) ? earlyFault : null;
}

/** Where an application does not look at expectations, none but `100-continue` is met (RFC 9110, section 10.1.1). */
export const expectationFault = unsupported(417, "that expectation is not met here");

/** Where an application makes no tunnels. */
export const tunnelFault = unsupported(405, "no tunnels are made here", { Allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" });

/** An upgrade behind a request that is not answered: what the new protocol says would be taken for that answer. */
export const pipelinedUpgradeFault = bad("expected no upgrade before the answer");

const websocketVersion = "13";
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const space = "[ \\t]*";
const parameter = `${space};${space}${token}(?:${space}=${space}(?:${token}|"${token}"))?`;
const listOf = (item: string): RegExp => new RegExp(`^${item}(?:${space},${space}${item})*$`);
/** RFC 6455, section 9.1. */
const extensionList = listOf(`${token}(?:${parameter})*`);
const tokenList = listOf(token);
/** Sixteen bytes in base64. */
const handshakeKey = /^[+/0-9A-Za-z]{21}[AQgw]==$/;

/** An upgrade as the parser gives it. */
export interface UpgradeHead {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Why an upgrade is refused, or null: it must be to one of `protocols`, and one to WebSocket must be a handshake (RFC 6455, sections 4.2.1
 * and 4.4). Refused upgrades end the connection: a proxy that believes in them would have a tunnel into whatever is parsed next.
 */
export function upgradeFault({ method, headers }: UpgradeHead, protocols: readonly string[]): RequestFault | null {
  // Its method is a safe one, and what comes behind the handshake is not.
  if (tooEarly(headers, "POST")) return earlyFault;
  const protocol = headers.upgrade?.toLowerCase() ?? "";
  if (!protocols.includes(protocol)) return unsupported(426, `expected an upgrade to ${protocols.join(" or ")}`, { Upgrade: protocols.join(", ") });
  if (protocol !== "websocket") return null;
  if (method !== "GET") return unsupported(405, "expected GET", { Allow: "GET" });
  if (headers["sec-websocket-version"] !== websocketVersion) {
    return unsupported(426, `expected version ${websocketVersion}`, { Upgrade: "websocket", "Sec-WebSocket-Version": websocketVersion });
  }
  if (!handshakeKey.test(headers["sec-websocket-key"] ?? "")) return bad("expected a key of 16 bytes");
  const { "sec-websocket-extensions": extensions, "sec-websocket-protocol": subprotocols } = headers;
  if (extensions !== undefined && !extensionList.test(extensions)) return bad("expected a list of extensions");
  return subprotocols !== undefined && !tokenList.test(subprotocols) ? bad("expected a list of subprotocols") : null;
}

/** Offers that are answered as if they had not been made: curl's `--http2` sends this one, and HTTP/1.1 is as good (RFC 9110, section 7.8). */
export const isIgnoredUpgrade = (protocol: string | undefined): boolean => protocol?.toLowerCase() === "h2c";

/** The code for what Node's parser or timers refuse, by the code of Node's error. */
export function parserFault(errorCode: string | undefined): { readonly code: EndCode; readonly status: number } {
  switch (errorCode) {
    case "HPE_HEADER_OVERFLOW":
      return { code: "headers_too_large", status: 431 };
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return { code: "bad_request", status: 413 };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { code: "header_timeout", status: 408 };
    default:
      return { code: "bad_request", status: 400 };
  }
}

/**
 * What makes an origin of a pool: scheme, host, port and the name asked for by SNI. Client certificates and ALPN are the same for all origins
 * of one pool. Pure.
 */
import type { DispatchOptions } from "./origin-pool.ts";

export interface OriginKey {
  readonly key: string;
  /** As a URL names it. */
  readonly origin: string;
  readonly scheme: "http:" | "https:";
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  readonly servername: string;
}

/** Reads an origin; null: it is none that a pool can serve. `servername`: where the request's `Host` names another server than its URL. */
export function originKey(origin: string | URL, servername: string | null = null): OriginKey | null {
  if (!URL.canParse(String(origin))) return null;
  const url = new URL(String(origin));
  const scheme = url.protocol;
  if (scheme !== "http:" && scheme !== "https:") return null;
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const port = url.port === "" ? (scheme === "https:" ? 443 : 80) : Number(url.port);
  const isOther = scheme === "https:" && servername !== null && servername !== host;
  return { key: isOther ? `${url.origin}#${servername}` : url.origin, origin: url.origin, scheme, host, port, servername: isOther ? servername : host };
}

/** The server that the request's own `Host` names, without its port; null: it has none. */
export function namedHost(headers: DispatchOptions["headers"]): string | null {
  if (headers === null || headers === undefined || typeof headers !== "object") return null;
  if (Array.isArray(headers)) {
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = headers[i];
      if (typeof name === "string" && name.length === 4 && name.toLowerCase() === "host") return hostname(String(headers[i + 1]));
    }
    return null;
  }
  const { host, Host = host } = headers as { readonly host?: unknown; readonly Host?: unknown };
  return typeof Host === "string" ? hostname(Host) : null;
}

function hostname(host: string): string {
  if (host.startsWith("[")) return host.slice(1, host.indexOf("]"));
  const colon = host.indexOf(":");
  return colon < 0 ? host : host.slice(0, colon);
}

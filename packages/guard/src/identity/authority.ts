/**
 * The host and port of a `Host` header, an origin or a forwarded host: read strictly, without a URL parser, which would mend what it
 * is given (`0x7f.1`, `LOCALHOST`, a tab) into something that was not sent.
 */
import { formatAddress, parseAddress } from "./address.ts";

export interface Authority {
  /** Lower case; IPv6 canonical and in brackets. */
  readonly name: string;
  /** Null when none is given. */
  readonly port: number | null;
}

/** A name, a colon, five digits. */
const textCharsMax = 255 + 6;

/** A host name as it goes over the wire: ASCII, no user, no path. A dot at its end makes it another name, as in browsers. */
const hostName = /^[a-z0-9_](?:[a-z0-9_-]*(?:\.[a-z0-9_-]+)*)\.?$/;

/** A decimal port, or null. */
function parsePort(text: string): number | null {
  if (!/^\d{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port <= 65_535 ? port : null;
}

/** Reads `name`, `name:port`, `192.0.2.1:port` or `[2001:db8::1]:port`; null for anything else. */
export function parseAuthority(text: string): Authority | null {
  if (text.length === 0 || text.length > textCharsMax) return null;
  const bracket = text.startsWith("[") ? text.indexOf("]") : -1;
  if (text.startsWith("[") && bracket < 0) return null;
  const colon = text.indexOf(":", bracket + 1);
  const host = colon < 0 ? text : text.slice(0, colon);
  const port = colon < 0 ? null : parsePort(text.slice(colon + 1));
  if (colon >= 0 && port === null) return null;
  if (bracket >= 0) {
    const address = host.length === bracket + 1 && !host.includes("%") ? parseAddress(host) : null;
    // An IPv4-mapped address in brackets keeps its form: it is not what a browser writes for the IPv4 address.
    return address === null ? null : { name: address.family === 6 ? `[${formatAddress(address)}]` : host.toLowerCase(), port };
  }
  const name = host.toLowerCase();
  return hostName.test(name) && name.length <= 255 ? { name, port } : null;
}

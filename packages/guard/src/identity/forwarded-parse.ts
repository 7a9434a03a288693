/**
 * One step to the left in `X-Forwarded-For` and `Forwarded` (RFC 7239). Both are read from the right, because only the right end was
 * written by somebody trusted: a quote that a client left open on the left can not swallow what a proxy appended.
 */
import { formatAddress, parseAddress } from "./address.ts";
import { parseAuthority } from "./authority.ts";

/** What one hop says of the one before it. */
export interface ForwardedElement {
  /** Canonical; null when the hop does not know it or hides it (`unknown`, `_name`). */
  readonly address: string | null;
  readonly port: number | null;
  readonly proto: "http" | "https" | null;
  readonly host: string | null;
}

/** The last element of a list and what is left of it, or null when it is garbage. `rest` is null at the left end. */
export interface LastElement {
  readonly element: ForwardedElement | null;
  readonly rest: string | null;
}

const trimmed = (text: string): string => text.replace(/^[ \t]{1,16}/, "").replace(/[ \t]{1,16}$/, "");

/** Schemes of requests; those of WebSockets are the same connection. */
export function parseProto(text: string): "http" | "https" | null {
  const scheme = text.toLowerCase();
  if (scheme === "https" || scheme === "wss") return "https";
  return scheme === "http" || scheme === "ws" ? "http" : null;
}

/** A host for a URL, or null. */
export function parseHost(text: string): string | null {
  const authority = parseAuthority(text);
  if (authority === null) return null;
  return authority.port === null ? authority.name : `${authority.name}:${authority.port}`;
}

function parsePort(text: string): number | null {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : null;
}

type Node = Pick<ForwardedElement, "address" | "port">;

/** `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`, `[2001:db8::1]:80`; `bare` allows IPv6 without brackets, which has no port. */
function parseNode(text: string, bare: boolean): Node | null {
  if (text.includes("%")) return null;
  const afterBracket = text.startsWith("[") ? text.indexOf("]") + 1 : 0;
  if (text.startsWith("[") && afterBracket === 0) return null;
  const colon = text.indexOf(":", afterBracket);
  if (afterBracket === 0 && colon >= 0 && text.includes(":", colon + 1)) {
    const address = bare ? parseAddress(text) : null;
    return address === null ? null : { address: formatAddress(address), port: null };
  }
  const address = parseAddress(colon < 0 ? text : text.slice(0, colon));
  if (address === null) return null;
  if (colon < 0) return { address: formatAddress(address), port: null };
  const portText = text.slice(colon + 1);
  const port = parsePort(portText);
  // RFC 7239 lets a port be hidden as well as a name.
  return port === null && !obfuscated.test(portText) ? null : { address: formatAddress(address), port };
}

const obfuscated = /^_[A-Za-z0-9._-]{1,255}$/;

/** Takes the last entry off `X-Forwarded-For`. An empty entry is garbage: to skip it would count a hop too few. */
export function lastOfXForwardedFor(list: string): LastElement {
  const comma = list.lastIndexOf(",");
  const text = trimmed(list.slice(comma + 1));
  const rest = comma < 0 ? null : list.slice(0, comma);
  if (text.toLowerCase() === "unknown") return { element: { address: null, port: null, proto: null, host: null }, rest };
  const node = parseNode(text, true);
  return { element: node === null ? null : { ...node, proto: null, host: null }, rest };
}

/** Where the last element of a `Forwarded` list begins: behind the last comma outside of quotes, seen from the right. */
function lastElementAt(list: string): number {
  let inQuotes = false;
  for (let at = list.length - 1; at >= 0; at--) {
    const char = list[at];
    if (char === '"') {
      let slashes = 0;
      while (list[at - 1 - slashes] === "\\") slashes++;
      // Within quotes a quote behind an odd number of backslashes is one of the text.
      if (!inQuotes || slashes % 2 === 0) inQuotes = !inQuotes;
    } else if (char === "," && !inQuotes) {
      return at + 1;
    }
  }
  return 0;
}

/** Takes the last element off `Forwarded`. */
export function lastOfForwarded(list: string): LastElement {
  const at = lastElementAt(list);
  return { element: parseElement(trimmed(list.slice(at))), rest: at === 0 ? null : list.slice(0, at - 1) };
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;

/** The pairs of one element, or null: each name once, each value a token or a quoted string. */
function parsePairs(text: string): ReadonlyMap<string, string> | null {
  const pairs = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    const equals = text.indexOf("=", at);
    if (equals < 0) return null;
    const name = trimmed(text.slice(at, equals)).toLowerCase();
    if (!token.test(name) || pairs.has(name)) return null;
    const read = text[equals + 1] === '"' ? quotedAt(text, equals + 1) : plainAt(text, equals + 1);
    if (read === null) return null;
    pairs.set(name, read.value);
    at = read.end;
    while (text[at] === " " || text[at] === "\t") at++;
    if (at === text.length) break;
    if (text[at] !== ";") return null;
    at++;
  }
  return pairs;
}

interface Value {
  readonly value: string;
  readonly end: number;
}

function plainAt(text: string, at: number): Value | null {
  const semicolon = text.indexOf(";", at);
  const end = semicolon < 0 ? text.length : semicolon;
  const value = trimmed(text.slice(at, end));
  return token.test(value) ? { value, end } : null;
}

function quotedAt(text: string, open: number): Value | null {
  let value = "";
  for (let at = open + 1; at < text.length; at++) {
    const char = text[at];
    if (char === '"') return { value, end: at + 1 };
    if (char === "\\") at++;
    value += text[at] ?? "";
  }
  return null;
}

function parseElement(text: string): ForwardedElement | null {
  const pairs = parsePairs(text);
  if (pairs === null) return null;
  const node = pairs.get("for") ?? "unknown";
  const proto = parseProto(pairs.get("proto") ?? "");
  const host = parseHost(pairs.get("host") ?? "");
  // A name that hides the hop may have a port, hidden or not.
  const name = /^([^:[\]]{1,256})(?::(?:\d{1,5}|_[A-Za-z0-9._-]{1,255}))?$/.exec(node)?.[1] ?? "";
  if (name.toLowerCase() === "unknown" || obfuscated.test(name)) return { address: null, port: null, proto, host };
  const parsed = parseNode(node, false);
  return parsed === null ? null : { ...parsed, proto, host };
}

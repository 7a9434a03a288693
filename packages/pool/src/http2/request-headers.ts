/**
 * Headers of a request as HTTP/2 wants them (RFC 9113, sections 8.2 and 8.3): names in lower case, nothing that belongs to one connection.
 * Pure. It never sends what it can not read: a wrong name or value is an error that names it.
 */
import type { OutgoingHttpHeaders } from "node:http2";
import type { Dispatcher } from "undici";

/** What is refused, in one sentence. */
export class HeaderFault extends Error {}

export interface RequestHead {
  readonly headers: OutgoingHttpHeaders;
  /** As RFC 9113 counts a header list: names, values, and 32 for each (section 6.5.2). */
  readonly listBytes: number;
  /** What `content-length` says; null when it is not said. */
  readonly contentLength: number | null;
}

/** What belongs to one connection, and HTTP/2 has no place for (RFC 9113, section 8.2.2). */
const connectionSpecific: ReadonlySet<string> = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings"]);
/** What may stand once only. */
const single: ReadonlySet<string> = new Set(["content-length", "content-type", "host"]);

const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;

export function requestHead(method: string, origin: string | URL, path: string, given: Dispatcher.DispatchOptions["headers"]): RequestHead {
  const url = typeof origin === "string" ? new URL(origin) : origin;
  const lines = [...linesOf(given)].map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const named = new Set(
    lines
      .filter(([name]) => name === "connection")
      .flatMap(([, value]) =>
        value
          .toLowerCase()
          .split(",")
          .map((each) => each.trim()),
      ),
  );
  const headers: OutgoingHttpHeaders = { ":method": method, ":scheme": url.protocol.slice(0, -1), ":authority": url.host, ":path": path };
  for (const [name, value] of lines) {
    check(name, value);
    if (connectionSpecific.has(name) || named.has(name)) continue;
    if (name === "te" && value.toLowerCase() !== "trailers") continue;
    add(headers, name === "host" ? ":authority" : name, value, name);
  }
  const length = headers["content-length"];
  return { headers, listBytes: sizeOf(headers), contentLength: length === undefined ? null : lengthOf(String(length)) };
}

function lengthOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new HeaderFault(`Expected \`content-length\` to be a whole number, got ${JSON.stringify(text)}`);
  return Number(text);
}

function check(name: string, value: string): void {
  if (!tokenPattern.test(name)) throw new HeaderFault(`Expected a header name, got ${JSON.stringify(name)}`);
  if (!valuePattern.test(value)) throw new HeaderFault(`Expected \`${name}\` to be a header value, got ${JSON.stringify(value)}`);
}

function add(headers: OutgoingHttpHeaders, key: string, value: string, name: string): void {
  const before = key === ":authority" ? undefined : headers[key];
  if (before === undefined) headers[key] = value;
  else if (single.has(name)) throw new HeaderFault(`Expected \`${name}\` once`);
  else headers[key] = [...(Array.isArray(before) ? before : [String(before)]), value];
}

/** Every form in which undici takes headers, as lines. */
function* linesOf(given: Dispatcher.DispatchOptions["headers"]): Iterable<readonly [string, string]> {
  if (given === null || given === undefined) return;
  if (Array.isArray(given) && !given.some(Array.isArray)) {
    if (given.length % 2 !== 0) throw new HeaderFault("Expected a list of header names and values, got an odd number of them");
    for (let i = 0; i < given.length; i += 2) yield* values(String(given[i]), given[i + 1]);
    return;
  }
  const pairs = Symbol.iterator in given ? (given as Iterable<[string, unknown]>) : Object.entries(given);
  for (const [name, value] of pairs) yield* values(name, value);
}

function* values(name: string, value: unknown): Iterable<readonly [string, string]> {
  if (value === undefined) return;
  if (Array.isArray(value)) for (const each of value) yield [name, each === null ? "" : String(each)];
  else if (value !== null && typeof value === "object") throw new HeaderFault(`Expected \`${name}\` to be text or a list, got an object`);
  else yield [name, value === null ? "" : String(value)];
}

function sizeOf(headers: OutgoingHttpHeaders): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    for (const each of Array.isArray(value) ? value : [value]) bytes += name.length + String(each).length + 32;
  }
  return bytes;
}

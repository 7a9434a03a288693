/**
 * Which web pages may talk to a server: an allowlist of origins, compared as browsers write them, byte for byte. CORS does not cover
 * WebSockets, so this is what keeps a foreign page from using a visitor's cookies.
 * It must never mend what was sent: browsers write one form only (lower case, punycode, no default port), so any other is not a page's.
 */
import { domainToASCII } from "node:url";
import { parseAuthority } from "./authority.ts";

export interface OriginOptions {
  /**
   * Origins whose pages may connect: `https://app.example.com`, `http://localhost:5173`, `capacitor://localhost`, or
   * `https://*.example.com` for exactly one further label. `"any"` lets every page in, which is refused with `cookieAuth`.
   */
  readonly origins: readonly string[] | "any";
  /** Requests are authorized by a cookie: then a request without Origin is refused, for it can not be told from a page's. @default false */
  readonly cookieAuth?: boolean;
}

export type OriginCheck = { readonly ok: true; readonly origin: string | null } | { readonly ok: false; readonly code: "bad_origin"; readonly why: string };

/** Judges the Origin of a request; `undefined` when it has none. */
export type OriginPolicy = (origin: string | undefined) => OriginCheck;

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443, ws: 80, wss: 443, ftp: 21 };
const scheme = /^([a-z][a-z0-9+.-]{0,31}):\/\/(.*)$/;
/** More than any origin with a name of 255 bytes; longer ones are not looked up. */
const originCharsMax = 300;

const refused = (why: string): OriginCheck => ({ ok: false, code: "bad_origin", why });

/** An entry of the list as browsers would write it. */
function serialized(entry: string): string {
  const [, protocol = "", rest = ""] = scheme.exec(entry.toLowerCase()) ?? [];
  // Only the host of an entry may be written in Unicode; a path, a query or a user would never match and is a mistake.
  const [, host = "", portPart = ""] = /^(\[[^\]]*\]|[^:/?#@\\]*)((?::\d+)?)$/.exec(rest) ?? [];
  // ASCII is taken as it stands: the conversion would also turn `0x7f.1` into an address.
  const ascii = /^[\x21-\x7e]*$/.test(host) ? host : domainToASCII(host);
  const authority = parseAuthority(`${ascii}${portPart}`);
  if (protocol === "" || authority === null) throw new TypeError(`Expected an origin such as "https://app.example.com", got ${JSON.stringify(entry)}`);
  const { name, port } = authority;
  return port === null || port === defaultPorts[protocol] ? `${protocol}://${name}` : `${protocol}://${name}:${port}`;
}

interface Wildcard {
  readonly before: string;
  readonly after: string;
}

function wildcard(entry: string): Wildcard {
  const [, protocol = "", rest = ""] = /^([a-zA-Z][a-zA-Z0-9+.-]{0,31}):\/\/\*\.(.+)$/.exec(entry) ?? [];
  if (rest === "" || rest.includes("*"))
    throw new TypeError(`Expected "*" as the whole left label, as in "https://*.example.com", got ${JSON.stringify(entry)}`);
  const parent = serialized(`${protocol}://${rest}`);
  const at = parent.indexOf("://") + 3;
  const labels = parent.slice(at).replace(/:\d+$/, "").split(".");
  // A whole top-level domain is everybody.
  if (labels.length < 2 || parent[at] === "[" || labels.every((label) => /^\d+$/.test(label))) {
    throw new TypeError(`Expected two labels at least behind "*.", got ${JSON.stringify(entry)}`);
  }
  return { before: parent.slice(0, at), after: `.${parent.slice(at)}` };
}

const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

function matches(origin: string, { before, after }: Wildcard): boolean {
  return origin.startsWith(before) && origin.endsWith(after) && label.test(origin.slice(before.length, origin.length - after.length));
}

/**
 * Makes the policy. Entries are put into the form of browsers here, once; what is sent is compared as it is.
 * @throws {TypeError} for an entry that no browser could send, and for a list that would undo what cookies need
 */
export function originPolicy({ origins, cookieAuth = false }: OriginOptions): OriginPolicy {
  if (origins !== "any" && !Array.isArray(origins)) throw new TypeError(`Expected \`origins\` to be a list or "any", got ${typeof origins}`);
  if (cookieAuth && (origins === "any" || origins.includes("null"))) {
    throw new TypeError('Expected `origins` to name the pages: with cookies, "any" and "null" would let every page act as its visitor');
  }
  const entries: readonly string[] = origins === "any" ? [] : origins;
  const exact = new Set(entries.filter((entry) => !entry.includes("*")).map((entry) => (entry === "null" ? entry : serialized(entry))));
  const wildcards = entries.filter((entry) => entry.includes("*")).map(wildcard);
  return (origin) => {
    if (origin === undefined) {
      return cookieAuth ? refused("no Origin, and a cookie would be the only proof of who sent it") : { ok: true, origin: null };
    }
    if (origins === "any") return { ok: true, origin };
    if (origin.length > originCharsMax) return refused("that Origin is too long to be one");
    if (exact.has(origin) || wildcards.some((each) => matches(origin, each))) return { ok: true, origin };
    return refused("that origin is not on the list");
  };
}

/**
 * Which names a server answers to. A page of `evil.example`, whose name suddenly resolves to 127.0.0.1 (DNS rebinding), still sends its
 * own name as Host: who answers to listed names only is safe from it.
 * It must never take a request without a Host, and never repair one.
 */
import { isLoopback, parseAddress } from "./address.ts";
import { type Authority, parseAuthority } from "./authority.ts";

export interface HostOptions {
  /** Names to answer to: `admin.internal` on any port, `admin.internal:9464` on that one only. */
  readonly hosts?: readonly string[];
  /** Answer to `localhost`, 127.0.0.0/8 and [::1] on any port. @default true */
  readonly loopback?: boolean;
}

export type HostCheck = { readonly ok: true; readonly host: Authority } | { readonly ok: false; readonly code: "bad_host"; readonly why: string };

export interface HostPolicy {
  /** Judges the Host of a request (HTTP/2: `:authority`); `undefined` when it has none. */
  check(host: string | undefined): HostCheck;
  /** Whether a page's origin is this server itself: the scheme and Host of the request, or a listed name on the port that took it. */
  isOwnOrigin(origin: string, request: OwnRequest): boolean;
}

export interface OwnRequest {
  readonly scheme: "http" | "https";
  readonly host: string | undefined;
  /** The port that accepted the connection. It differs from the one in Host where a port is forwarded. */
  readonly localPort: number | undefined;
}

const defaultPort = { http: 80, https: 443 } as const;

function isLoopbackName(name: string): boolean {
  if (name === "localhost") return true;
  const address = parseAddress(name);
  return address !== null && isLoopback(address);
}

const refused = (why: string): HostCheck => ({ ok: false, code: "bad_host", why });

/**
 * Makes the policy.
 * @throws {TypeError} for an entry that is no name, with or without a port
 */
export function hostPolicy({ hosts = [], loopback = true }: HostOptions = {}): HostPolicy {
  const anyPort = new Set<string>();
  const onePort = new Set<string>();
  for (const entry of hosts) {
    const authority = parseAuthority(entry);
    if (authority === null) throw new TypeError(`Expected a host such as "admin.internal" or "admin.internal:9464", got ${JSON.stringify(entry)}`);
    if (authority.port === null) anyPort.add(authority.name);
    else onePort.add(`${authority.name}:${authority.port}`);
  }
  const isOwn = ({ name }: Authority, port: number): boolean => anyPort.has(name) || onePort.has(`${name}:${port}`) || (loopback && isLoopbackName(name));
  const check = (host: string | undefined): HostCheck => {
    if (host === undefined) return refused("no Host");
    const authority = parseAuthority(host);
    if (authority === null) return refused("that Host is none");
    // Without a port it is the scheme's, which is only known to whoever listens: an entry with a port wants it written.
    if (!isOwn(authority, authority.port ?? -1)) return refused("this server does not answer to that Host");
    return { ok: true, host: authority };
  };
  return Object.freeze({
    check,
    isOwnOrigin: (origin: string, { scheme, host, localPort }: OwnRequest): boolean => {
      const prefix = `${scheme}://`;
      if (!origin.startsWith(prefix)) return false;
      const written = origin.slice(prefix.length);
      const page = parseAuthority(written);
      // Browsers write lower case and no default port; what differs from that is not a page's.
      if (page === null || written !== written.toLowerCase() || page.port === defaultPort[scheme]) return false;
      const pagePort = page.port ?? defaultPort[scheme];
      if (!isOwn(page, page.port ?? -1)) return false;
      const asked = parseAuthority(host ?? "");
      if (asked !== null && asked.name === page.name && (asked.port ?? defaultPort[scheme]) === pagePort) return true;
      return pagePort === localPort;
    },
  });
}

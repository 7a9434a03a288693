/**
 * Options of making a connection: each documented once, filled and checked in one place.
 */
import { type Never, type OptionDoc, optionFault, resolveQuantities } from "../option-docs.ts";
import type { Lookup } from "./connector.ts";

export interface ConnectOptions {
  readonly connectTimeoutMs: number;
  readonly attemptDelayMs: number;
  readonly addressesMax: number;
  readonly dnsCacheMs: number;
  readonly tlsSessionsMax: number;
  readonly tcpKeepAliveMs: number | Never;
  /** Names to addresses. Default: the system's resolver. */
  readonly lookup?: Lookup;
}

/** Defaults and meaning; docs/pool.md is made from it. */
export const connectOptionDocs = {
  connectTimeoutMs: { default: 10_000, unit: "ms", what: "Name, TCP and TLS together; then `connect_timeout`" },
  attemptDelayMs: {
    default: 250,
    unit: "ms",
    what: "How long one address is tried before the next is tried beside it (RFC 8305, section 5); a refusal starts the next at once",
  },
  addressesMax: { default: 16, unit: "addresses", what: "Addresses of one name that are tried for one connection; the rest is not" },
  dnsCacheMs: {
    default: 1_000,
    unit: "ms",
    what: "How long an answer of the resolver serves further connections: short, because each new connection is how a change is noticed. Failures are never kept",
  },
  tlsSessionsMax: { default: 100, unit: "sessions", what: "TLS sessions kept for resumption; the one unused for longest leaves" },
  tcpKeepAliveMs: {
    default: 60_000,
    unit: "ms",
    never: true,
    what: "Silence after which the kernel probes (SO_KEEPALIVE). It keeps NAT entries warm; it is no proof of life",
  },
} as const satisfies Record<Exclude<keyof ConnectOptions, "lookup">, OptionDoc>;

/** Fills defaults and checks. */
export function resolveConnectOptions(given: Partial<ConnectOptions> = {}): ConnectOptions {
  const quantities = resolveQuantities(connectOptionDocs, given as Readonly<Record<string, unknown>>);
  if (given.lookup !== undefined && typeof given.lookup !== "function") throw optionFault("lookup", "a function of a name", typeof given.lookup);
  return Object.freeze({ ...quantities, ...(given.lookup === undefined ? {} : { lookup: given.lookup }) }) as unknown as ConnectOptions;
}

/**
 * Options of an HTTP pool: those of Pool<T>, of connecting and of HTTP/1.1, and its own. Each is documented once; what belongs to a part is
 * filled and checked by that part.
 */

import type { PathOptions } from "@holdfast/path";
import type { BackendSpec } from "../backends/balancer.ts";
import type { BackendChange } from "../backends/changes.ts";
import { type BackendOptions, resolveBackendOptions } from "../backends/options.ts";
import type { Connector, TlsOptions } from "../connect/connector.ts";
import { type ConnectOptions, connectOptionDocs, resolveConnectOptions } from "../connect/options.ts";
import { type PoolOptions, poolOptionDocs, resolvePoolOptions } from "../core/index.ts";
import { unhintedIdleMs } from "../expiry.ts";
import { type Http1Options, http1OptionDocs, resolveHttp1Options } from "../http1/options.ts";
import { type Http2Options, resolveHttp2Options } from "../http2/options.ts";
import { type OptionDoc, optionFault, refuseUnknown, resolveQuantities } from "../option-docs.ts";
import { fromPath } from "../path-options.ts";
import type { OnTrace } from "./origin-pool.ts";

/** auto: as ALPN says. only: h2, without TLS by prior knowledge. never: HTTP/1.1. */
export type Http2Choice = "auto" | "only" | "never";

/** What of Pool<T> an HTTP pool has. */
const fromCore = ["max", "idleMax", "queueMax", "acquireTimeoutMs", "backoffMsMax", "idleMs", "keepMsMax", "ageMs", "jitterPercent", "requestsMax"] as const;

export interface HttpPoolOptions extends Pick<PoolOptions, (typeof fromCore)[number]>, ConnectOptions, Http1Options, PathOptions {
  readonly originsMax: number;
  readonly http2: Http2Choice;
  /** Sessions of HTTP/2: docs/pool-http2.md. */
  readonly http2Options?: Partial<Http2Options>;
  /** Origins that several backends serve: each request goes to the least loaded of those that work. `httpPool().setBackends` changes a list. */
  readonly backends?: Readonly<Record<string, readonly (string | BackendSpec)[]>>;
  /** How backends are chosen, ejected and tried again: docs/pool-backends.md. */
  readonly backendOptions?: Partial<BackendOptions>;
  /** Told when a backend is ejected, returns, comes or goes. Must not throw. */
  readonly onBackendChange?: (change: BackendChange) => void;
  /** TLS as Node names it, for all origins: ca, cert, key, ... */
  readonly tls?: TlsOptions;
  /** Told after each request that was answered to its end. Must not throw. */
  readonly onTrace?: OnTrace;
  /** Makes the connections. Default: Node's sockets, with the options above. */
  readonly connector?: Connector;
}

/** Options that are no quantities: passed on as they are. */
const others = ["lookup", "tls", "onTrace", "connector", "http2Options", "backends", "backendOptions", "onBackendChange"] as const;

const core = (name: (typeof fromCore)[number], more: Partial<OptionDoc> = {}): OptionDoc => ({ ...poolOptionDocs[name], ...more });

/** Defaults and meaning of every option; docs/pool.md is made from it. */
export const httpPoolOptionDocs = {
  originsMax: {
    default: 1_000,
    unit: "origins",
    what: "Origins with connections of their own; for one more the idle one that was used longest ago leaves, and where none is idle `too_many_origins`",
  },
  max: core("max", { default: 50, what: "Connections to one origin, open or being opened at once" }),
  idleMax: core("idleMax"),
  queueMax: core("queueMax"),
  acquireTimeoutMs: core("acquireTimeoutMs"),
  idleMs: core("idleMs", {
    default: unhintedIdleMs,
    what: "How long an unused connection may be relied on where the server says nothing: shorter than what common servers keep (Node, Apache and uvicorn 5 s). Where it does say (`Keep-Alive: timeout`), what it says less a margin",
  }),
  keepMsMax: core("keepMsMax"),
  ageMs: core("ageMs"),
  jitterPercent: core("jitterPercent"),
  requestsMax: core("requestsMax"),
  backoffMsMax: core("backoffMsMax"),
  ...connectOptionDocs,
  ...http1OptionDocs,
  http2: {
    default: "auto",
    unit: "auto, only or never",
    what: "auto: as the server chooses by ALPN. only: h2, without TLS by prior knowledge. never: HTTP/1.1",
  },
} as const satisfies Record<Exclude<keyof HttpPoolOptions, (typeof others)[number] | keyof PathOptions>, OptionDoc>;

/** Fills defaults and checks. Throws a PoolError `invalid_option` that names the option and what was expected. */
export function resolveHttpPoolOptions({ path, hop, ...explicit }: Partial<HttpPoolOptions> = {}): HttpPoolOptions {
  const given: Partial<HttpPoolOptions> = { ...fromPath({ path, hop }, explicit, httpPoolOptionDocs), ...explicit };
  const own = Object.fromEntries(Object.entries(given).filter(([name]) => !(others as readonly string[]).includes(name)));
  refuseUnknown(own, httpPoolOptionDocs, "HTTP pools");
  const { http2 = "auto" } = given;
  if (!["auto", "only", "never"].includes(http2)) throw optionFault("http2", '"auto", "only" or "never"', http2);
  const { originsMax } = resolveQuantities({ originsMax: httpPoolOptionDocs.originsMax }, given as Readonly<Record<string, unknown>>);
  resolveHttp2Options(given.http2Options);
  resolveBackendOptions(given.backendOptions);
  const passed = Object.fromEntries(others.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
  return Object.freeze({
    ...resolvePoolOptions(coreOptions(given)),
    ...resolveConnectOptions(given),
    ...resolveHttp1Options(given),
    originsMax: originsMax as number,
    http2,
    ...passed,
  });
}

/** What a Pool<T> of connections is made with. */
export function coreOptions(given: Partial<HttpPoolOptions>): Partial<PoolOptions> {
  const options: Record<string, unknown> = {};
  for (const name of fromCore) {
    const value = given[name] ?? httpPoolOptionDocs[name].default;
    if (value !== "max") options[name] = value;
  }
  options["connectTimeoutMs"] = given.connectTimeoutMs ?? connectOptionDocs.connectTimeoutMs.default;
  return options;
}

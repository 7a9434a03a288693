/**
 * Guard's options: each documented once, filled and checked in one place, then frozen.
 * 0 never means "never" here: what may be switched off is switched off by that word.
 */
import { browserKeepAliveMs, keepAliveBehind, type Role } from "./roles.ts";

export type Never = "never";

export interface GuardOptions {
  readonly role: Role;
  readonly proxyIdleMs: number;
  readonly keepAliveMs: number;
  readonly headersMs: number;
  readonly requestMs: number;
  readonly idleMs: number | Never;
  readonly stallMs: number;
  readonly lingerMs: number;
  readonly requestsMax: number | Never;
  readonly ageMs: number | Never;
  readonly headersCountMax: number;
  readonly bodyBytesPerSecondMin: number | Never;
  readonly answerBytesPerSecondMin: number | Never;
  readonly tcpKeepAliveMs: number | Never;
  readonly connectionsMax: number;
  readonly perAddressMax: number;
  readonly perSubjectMax: number;
  readonly upgradesPerSecond: number | Never;
  readonly pressurePercent: number;
  readonly drainMs: number;
  readonly unreadyMs: number;
}

export interface OptionDoc {
  readonly default: unknown;
  readonly unit: string;
  readonly never?: true;
  readonly what: string;
}

/** Defaults and meaning of every option; docs/guard.md is made from it. */
export const guardOptionDocs = {
  role: { default: "by listener", unit: "browser or proxy", what: "Who connects: TLS listeners face browsers, plain ones face a proxy, unless said otherwise" },
  proxyIdleMs: {
    default: 60_000,
    unit: "ms",
    what: "How long the proxy in front keeps an idle connection in its pool (nginx 60 s, ALB 60 s, Heroku 90 s, GCP 600 s)",
  },
  keepAliveMs: {
    default: "by role",
    unit: "ms",
    what: "How long a connection waits for its next request, announced as `Keep-Alive: timeout`. Browser: 15 s. Proxy: `proxyIdleMs` plus 5 s or a tenth",
  },
  headersMs: {
    default: 10_000,
    unit: "ms",
    what: "From the first byte of a request, or the accept, to the end of its header block; then 408 `header_timeout`",
  },
  requestMs: { default: 300_000, unit: "ms", what: "From the first byte of a request to the end of its body; then 408 `body_timeout`" },
  idleMs: { default: 3_600_000, unit: "ms", never: true, what: "Silence in both directions while an answer or a tunnel is open; then `idle_limit`" },
  stallMs: { default: 30_000, unit: "ms", what: "How long bytes may wait for a peer that takes none; then `slow_reader`, by a reset" },
  lingerMs: {
    default: 5_000,
    unit: "ms",
    what: "After the last answer the connection is closed for writing and read on for so long, because a reset would destroy what the peer has not read yet",
  },
  requestsMax: { default: 10_000, unit: "requests per connection", never: true, what: "The last answer says `Connection: close`, and the connection ends" },
  ageMs: { default: 3_600_000, unit: "ms", never: true, what: "Age from which the next answer is the last, a tenth more or less" },
  headersCountMax: { default: 100, unit: "lines", what: "Header lines of one request; more are refused with 431, never cut off unseen" },
  bodyBytesPerSecondMin: {
    default: 100,
    unit: "bytes per second",
    never: true,
    what: "Slowest body, as a mean after its first 10 s; below it 408 `body_too_slow`",
  },
  answerBytesPerSecondMin: {
    default: 100,
    unit: "bytes per second",
    never: true,
    what: "Slowest reader: the mean over `stallMs` in which bytes waited for it all the time; below it `slow_reader`, by a reset",
  },
  tcpKeepAliveMs: {
    default: 60_000,
    unit: "ms",
    never: true,
    what: "Silence after which the kernel probes (SO_KEEPALIVE). It keeps NAT entries warm; it is no proof of life",
  },
  connectionsMax: {
    default: 20_000,
    unit: "connections",
    what: "Open at once; beyond it 503 `too_many_connections`. Lowered to what `ulimit -n` allows, with a warning",
  },
  perAddressMax: {
    default: 1_000,
    unit: "connections",
    what: "Open at once from one IPv4 address or IPv6 /64; beyond it 429 `too_many_from_address`. Behind a proxy count by PROXY protocol, or raise it",
  },
  perSubjectMax: { default: 100, unit: "connections", what: "Open at once of one subject, where the application names it" },
  upgradesPerSecond: {
    default: 1_000,
    unit: "upgrades per second",
    never: true,
    what: "Upgrades (WebSocket) that are taken in any second; beyond it 503 with a slot of its own in `Retry-After`",
  },
  pressurePercent: {
    default: 80,
    unit: "percent",
    what: "Of `connectionsMax`, of descriptors, of the heap: above it the longest idle connections end, and above all three new ones are refused while the heap is full",
  },
  drainMs: { default: 30_000, unit: "ms", what: "Longest time of a drain; what is left then is reset" },
  unreadyMs: {
    default: 0,
    unit: "ms",
    what: "How long a drain goes on accepting while readiness says no: as long as the balancer in front needs to notice, where nothing else tells it",
  },
} as const satisfies Record<keyof GuardOptions, OptionDoc>;

/** Fills defaults and checks. `isTls` decides the role where it is not given. Throws a TypeError that names the option and what was expected. */
export function resolveGuardOptions(given: Partial<GuardOptions> = {}, isTls = false): GuardOptions {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(guardOptionDocs, name)) throw new TypeError(`Expected a known guard option, got \`${name}\``);
  }
  const role = given.role ?? (isTls ? "browser" : "proxy");
  if (role !== "browser" && role !== "proxy") throw new TypeError(`Expected \`role\` to be "browser" or "proxy", got ${JSON.stringify(role)}`);
  const filled: Record<string, unknown> = { role };
  for (const [name, doc] of Object.entries(guardOptionDocs) as [keyof GuardOptions, OptionDoc][]) {
    if (typeof doc.default === "number") filled[name] = checked(name, given[name] ?? doc.default, doc);
  }
  const byRole = role === "browser" ? browserKeepAliveMs : keepAliveBehind(filled["proxyIdleMs"] as number);
  filled["keepAliveMs"] = checked("keepAliveMs", given.keepAliveMs ?? byRole, guardOptionDocs.keepAliveMs);
  if ((filled["pressurePercent"] as number) > 100) throw new TypeError(`Expected \`pressurePercent\` to be at most 100, got ${filled["pressurePercent"]}`);
  return Object.freeze(filled as unknown as GuardOptions);
}

function checked(name: string, value: unknown, doc: OptionDoc): unknown {
  if (value === "never" && doc.never === true) return value;
  const least = doc.default === 0 ? 0 : 1;
  if (Number.isSafeInteger(value) && (value as number) >= least) return value;
  const or = doc.never === true ? ' or "never"' : "";
  throw new TypeError(`Expected \`${name}\` to be a whole number of ${doc.unit}, at least ${least}${or}, got ${JSON.stringify(value)}`);
}

/** Contradictions between options, one sentence each: nothing is changed, but whoever starts the server is told. */
export function optionWarnings(options: GuardOptions, isByPath = false): string[] {
  const warnings: string[] = [];
  const needed = keepAliveBehind(options.proxyIdleMs);
  if (options.role === "proxy" && options.keepAliveMs < needed && !isByPath) {
    warnings.push(
      `keepAliveMs ${options.keepAliveMs} is too short behind a proxy that reuses connections for ${options.proxyIdleMs} ms: requests will fail by a race; expected at least ${needed}`,
    );
  }
  if (options.headersMs > options.requestMs) warnings.push(`headersMs ${options.headersMs} is above requestMs ${options.requestMs}: it never applies`);
  return warnings;
}

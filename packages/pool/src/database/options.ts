/**
 * The options that the database pools share: each documented once, filled and checked in one place, then frozen. They follow the ladder
 * (docs/timeouts.md): the pool gives an idle connection up before the server or anything between forgets it.
 * 0 never means "never" here: what may be switched off is switched off by that word.
 */

import type { PathOptions } from "@holdfast/path";
import { type PoolOptions, poolOptionDocs } from "../core/options.ts";
import { checkedQuantity, type Never, type OptionDoc } from "../option-docs.ts";
import { fromPath } from "../path-options.ts";
import { PoolError } from "../pool-error.ts";

export interface DatabasePoolOptions extends Omit<PoolOptions, "idleMax">, PathOptions {
  readonly closeMs: number;
  readonly statementTimeoutMs: number | Never;
  readonly tcpKeepAliveMs: number | Never;
}

/** Defaults and meaning of every option; docs/databases.md is made from it. */
export const databaseOptionDocs = {
  max: { ...poolOptionDocs.max, what: "Open, being opened or being closed at once, as the server counts them. `resize` and a budget change it" },
  acquireTimeoutMs: poolOptionDocs.acquireTimeoutMs,
  queueMax: poolOptionDocs.queueMax,
  connectTimeoutMs: { ...poolOptionDocs.connectTimeoutMs, what: "Longest opening of one connection, the log-in included; then `connect_timeout`" },
  backoffMsMax: poolOptionDocs.backoffMsMax,
  idleMs: {
    default: 60_000,
    unit: "ms",
    never: true,
    what: "How long an unused connection is kept; then `idle_limit`. Less where the server says that it ends idle ones sooner (`idle_session_timeout`, `wait_timeout`)",
  },
  keepMsMax: poolOptionDocs.keepMsMax,
  ageMs: poolOptionDocs.ageMs,
  jitterPercent: {
    ...poolOptionDocs.jitterPercent,
    what: "How much sooner, by lot for each connection, `idleMs` and `ageMs` may come: connections of many replicas must not end at one moment",
  },
  requestsMax: poolOptionDocs.requestsMax,
  checkAfterIdleMs: {
    default: 10_000,
    unit: "ms",
    never: true,
    what: "Silence after which a connection is asked whether it still works before it is lent. One that does not is replaced, and the caller sees nothing of it",
  },
  checkTimeoutMs: poolOptionDocs.checkTimeoutMs,
  leakMs: {
    default: 60_000,
    unit: "ms",
    never: true,
    what: "Lent for longer: counted, and told with the stack of the borrower. It is not taken away: its transaction may be under way",
  },
  statementTimeoutMs: {
    default: "never",
    unit: "ms",
    never: true,
    what: "Longest statement: the server is told to end it then. Where nothing answers 2 s later either, the connection is ended",
  },
  tcpKeepAliveMs: {
    default: 60_000,
    unit: "ms",
    never: true,
    what: "Silence after which the kernel probes (SO_KEEPALIVE): firewalls and NAT do not forget the connection, and a dead peer is noticed while nothing is sent",
  },
  closeMs: {
    default: 5_000,
    unit: "ms",
    what: "How long the end of a connection may take, the rest of a statement that its borrower left included; then its socket is destroyed",
  },
} as const satisfies Record<Exclude<keyof DatabasePoolOptions, keyof PathOptions>, OptionDoc>;

/** How long after `statementTimeoutMs` the driver goes on waiting: the server's own error, which says more, has so long to arrive. */
export const statementGraceMs = 2_000;

/**
 * Divides what the caller gave into the pool's options, filled and checked, and the driver's. `renamed` holds the driver's own names of what
 * the pool does itself. Throws a PoolError `invalid_option` that names the option and what was expected.
 */
export function divideOptions(
  given: Readonly<Record<string, unknown>>,
  renamed: Readonly<Record<string, string>>,
): { readonly options: DatabasePoolOptions; readonly driver: Record<string, unknown> } {
  const driver: Record<string, unknown> = {};
  const own: Record<string, unknown> = {};
  const { path, hop, ...explicit } = given as PathOptions & Readonly<Record<string, unknown>>;
  const inPath = fromPath({ path, hop }, explicit, databaseOptionDocs);
  // A path that would bear more is no reason to keep what nobody uses.
  const idleMs = Math.min(inPath.idleMs ?? Number.POSITIVE_INFINITY, databaseOptionDocs.idleMs.default);
  for (const [name, value] of Object.entries({ ...inPath, ...(inPath.idleMs === undefined ? {} : { idleMs }), ...explicit })) {
    if (Object.hasOwn(databaseOptionDocs, name)) own[name] = value;
    else if (Object.hasOwn(renamed, name)) throw new PoolError("invalid_option", `\`${name}\` is the driver's own; here it is ${renamed[name]}`);
    else if (/(Ms|Max|Percent)$/.test(name)) throw new PoolError("invalid_option", `Expected a known option of a database pool, got \`${name}\``);
    else driver[name] = value;
  }
  const filled: Record<string, unknown> = {};
  for (const [name, doc] of Object.entries(databaseOptionDocs)) filled[name] = checkedQuantity(name, own[name] ?? doc.default, doc);
  return { options: Object.freeze(filled as unknown as DatabasePoolOptions), driver };
}

/** What the generic pool is given. */
export function coreOptions(options: DatabasePoolOptions): Partial<PoolOptions> {
  const { closeMs: _close, statementTimeoutMs: _statement, tcpKeepAliveMs: _tcp, ...core } = options;
  return core;
}

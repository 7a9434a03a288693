/**
 * The options of Pool<T>: each documented once, filled and checked in one place, then frozen.
 * 0 never means "never" here: what may be switched off is switched off by that word.
 */
import { checkedQuantity, type Never, type OptionDoc, refuseUnknown } from "../option-docs.ts";

export interface PoolOptions {
  readonly max: number;
  readonly idleMax: number;
  readonly queueMax: number;
  readonly acquireTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly backoffMsMax: number;
  readonly idleMs: number | Never;
  readonly keepMsMax: number | Never;
  readonly ageMs: number | Never;
  readonly jitterPercent: number;
  readonly requestsMax: number | Never;
  readonly checkAfterIdleMs: number | Never;
  readonly checkTimeoutMs: number;
  readonly leakMs: number | Never;
}

/** Defaults and meaning of every option; docs/pool-core.md is made from it. */
export const poolOptionDocs = {
  max: {
    default: 10,
    unit: "connections",
    least: 0,
    what: "Open or being opened at once. `resize` changes it; with 0 nothing is opened until it does",
  },
  idleMax: { default: "max", unit: "connections", least: 0, what: "Kept while nobody uses them; beyond it the one that was used longest ago ends as `shrunk`" },
  queueMax: {
    default: 1_000,
    unit: "calls",
    least: 0,
    what: "Waiting at once with no connection under way for them; one more is refused with `queue_full`",
  },
  acquireTimeoutMs: {
    default: 10_000,
    unit: "ms",
    what: "Longest wait for a connection; then `acquire_timeout`, with who holds the connections and for how long",
  },
  connectTimeoutMs: { default: 10_000, unit: "ms", what: "Longest opening of one connection; then `connect_timeout`" },
  backoffMsMax: {
    default: 5_000,
    unit: "ms",
    what: "After an opening that failed one is tried at a time: after 100 ms, then twice as long each time, up to this; half of it is drawn by lot",
  },
  idleMs: {
    default: 10_000,
    unit: "ms",
    never: true,
    what: "How long an unused connection may be relied on where the server gave no hint (`keepFor`); then `idle_limit`",
  },
  keepMsMax: {
    default: "never",
    unit: "ms",
    never: true,
    what: "Longest time for which an unused connection is relied on, whatever the server says of keeping it: a box between may forget it sooner",
  },
  ageMs: { default: 1_800_000, unit: "ms", never: true, what: "Age from which a connection is not used again; `age_limit`, between two uses" },
  jitterPercent: { default: 10, unit: "percent", least: 0, most: 90, what: "How much sooner, by lot for each connection, `idleMs` and `ageMs` may come" },
  requestsMax: { default: "never", unit: "uses per connection", never: true, what: "Then `requests_limit`" },
  checkAfterIdleMs: {
    default: 5_000,
    unit: "ms",
    never: true,
    what: "Silence after which a connection is asked whether it still works before it is lent. Only where the resource has a `check`",
  },
  checkTimeoutMs: {
    default: 2_000,
    unit: "ms",
    what: "Longest such question; then `check_failed`. One failure makes all others that are silent suspects: they are asked at the same time",
  },
  leakMs: {
    default: "never",
    unit: "ms",
    never: true,
    what: "Lent for longer: reported with the stack of the borrower. Stacks are taken only where this is a number, since each costs some microseconds",
  },
} as const satisfies Record<keyof PoolOptions, OptionDoc>;

/** Fills defaults and checks. Throws a PoolError `invalid_option` that names the option and what was expected. */
export function resolvePoolOptions(given: Partial<PoolOptions> = {}): PoolOptions {
  refuseUnknown(given, poolOptionDocs, "pools");
  const filled: Record<string, unknown> = {};
  for (const [name, doc] of Object.entries(poolOptionDocs) as [keyof PoolOptions, OptionDoc][]) {
    const value = given[name] ?? (doc.default === "max" ? filled["max"] : doc.default);
    filled[name] = checkedQuantity(name, value, doc);
  }
  return Object.freeze(filled as unknown as PoolOptions);
}

/** A limit as a number: `Infinity` where it is switched off. */
export const orInfinity = (value: number | Never): number => (value === "never" ? Number.POSITIVE_INFINITY : value);

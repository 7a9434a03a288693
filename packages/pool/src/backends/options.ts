/**
 * Options of the choice between backends: each documented once, filled and checked in one place, then frozen.
 * 0 never means "never" here: what may be switched off is switched off by that word.
 */

import { checkedQuantity, type Never, type OptionDoc, optionFault, refuseUnknown } from "../option-docs.ts";

export interface BackendOptions {
  readonly slowStartMs: number | Never;
  readonly slowStartPercentMin: number;
  readonly failedInRowMax: number;
  readonly unreachedInRowMax: number;
  readonly failedPercentMax: number | Never;
  readonly failedWindowMs: number;
  readonly failedRequestsMin: number;
  readonly ejectMs: number;
  readonly ejectMsMax: number;
  readonly ejectedPercentMax: number;
  readonly failureStatuses: readonly number[];
  readonly triesMax: number;
  readonly backendsMax: number;
}

/** Defaults and meaning of every option; docs/pool-backends.md is made from it. */
export const backendOptionDocs = {
  slowStartMs: {
    default: 30_000,
    unit: "ms",
    never: true,
    what: "How long a backend that is new or has returned takes to grow into its whole share. An empty node is the least loaded one and would attract every request at once",
  },
  slowStartPercentMin: { default: 10, unit: "percent", most: 100, what: "Of its share, with which a slow start begins" },
  failedInRowMax: { default: 5, unit: "requests", what: "Failures in a row after which a backend is ejected" },
  unreachedInRowMax: { default: 2, unit: "attempts", what: "Attempts in a row that did not even reach it, after which a backend is ejected" },
  failedPercentMax: { default: 50, unit: "percent", most: 100, never: true, what: "Of the requests of `failedWindowMs`: a backend that fails more is ejected" },
  failedWindowMs: { default: 10_000, unit: "ms", least: 100, what: "The time over which `failedPercentMax` is counted" },
  failedRequestsMin: { default: 20, unit: "requests", what: "With fewer in `failedWindowMs` a share of them says nothing" },
  ejectMs: {
    default: 10_000,
    unit: "ms",
    what: "How long a backend is left alone when it is ejected, a tenth more or less; twice as long for each time in a row",
  },
  ejectMsMax: { default: 300_000, unit: "ms", what: "It grows no further" },
  ejectedPercentMax: {
    default: 50,
    unit: "percent",
    most: 100,
    what: "Of all backends that may be out at once, and never the last: a failure that all share is not theirs, and ejecting them would only add to it",
  },
  failureStatuses: { default: [502, 503, 504], unit: "statuses", what: "Answers that count as failures of the backend. Others are the application's" },
  triesMax: { default: 3, unit: "backends", what: "How many are tried for one request, while none of them could be reached and nothing of it was sent" },
  backendsMax: { default: 256, unit: "backends", what: "More are refused with `invalid_option`: every choice looks at all" },
} as const satisfies Record<keyof BackendOptions, OptionDoc>;

/** Fills defaults and checks. Throws a PoolError `invalid_option` that names the option and what was expected. */
export function resolveBackendOptions(given: Partial<BackendOptions> = {}): BackendOptions {
  refuseUnknown(given, backendOptionDocs, "backends");
  const filled: Record<string, unknown> = {};
  for (const [name, doc] of Object.entries(backendOptionDocs) as [keyof BackendOptions, OptionDoc][]) {
    const value = given[name] ?? doc.default;
    filled[name] = name === "failureStatuses" ? statuses(value) : checkedQuantity(name, value, doc);
  }
  const { ejectMs, ejectMsMax } = filled as unknown as BackendOptions;
  if (ejectMsMax < ejectMs) throw optionFault("ejectMsMax", `at least \`ejectMs\` (${ejectMs})`, ejectMsMax);
  return Object.freeze(filled as unknown as BackendOptions);
}

function statuses(value: unknown): readonly number[] {
  if (Array.isArray(value) && value.every((each) => Number.isInteger(each) && each >= 400 && each <= 599)) return Object.freeze([...value]);
  throw optionFault("failureStatuses", "statuses from 400 to 599", value);
}

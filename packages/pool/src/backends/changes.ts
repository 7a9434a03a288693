/**
 * Every change in who gets requests: one table, because events, metrics and the docs must say the same word for the same thing.
 */

export interface BackendChangeRow {
  readonly meaning: string;
}

const row = (meaning: string): BackendChangeRow => ({ meaning });

/** In alphabetical order. */
export const backendChanges = {
  added: row("It is new in the list, and starts slowly"),
  ejected_failing: row("`failedInRowMax` requests in a row failed"),
  ejected_ratio: row("More than `failedPercentMax` of the requests of `failedWindowMs` failed"),
  ejected_unreached: row("`unreachedInRowMax` attempts in a row did not reach it"),
  removed: row("It is not in the list any more; what it has under way is finished"),
  returned: row("The one request that was tried succeeded: it starts slowly"),
  returned_untried: row("The list became so short that fewer may be ejected: the one that was due next came back without a trial"),
  spared: row("It would have been ejected, but `ejectedPercentMax` are out already"),
  trial_failed: row("The one request that was tried failed: it is ejected again, for longer"),
} as const satisfies Readonly<Record<string, BackendChangeRow>>;

export type BackendChangeCode = keyof typeof backendChanges;

/** One change, as it is told. */
export interface BackendChange {
  readonly backend: string;
  readonly code: BackendChangeCode;
  readonly atMs: number;
  /** How long it is out; null when it is not. */
  readonly forMs: number | null;
}

/**
 * What a run comes to, as `--json` prints it: a stable shape, described in docs/verify.md. Members may be added, never renamed.
 */
import type { EndRow } from "./ends.ts";
import type { Finding, LogFault, ReadingFault } from "./judge.ts";
import type { RowName } from "./kinds.ts";
import type { Spread } from "./tally.ts";
import type { TransportName } from "./transports.ts";

export interface FaultRow {
  readonly kind: RowName;
  readonly times: number;
  readonly noticedMs: Spread | null;
  readonly recoveredMs: Spread | null;
  readonly unnoticed: number;
  readonly unrecovered: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly phantom: number;
  readonly changed: number;
  /** Why it was not done; null when it was. */
  readonly notDone: string | null;
}

/**
 * `clean` and `damaged`: compared with the log. `unverified`: it could not be. `refused`: the server does not allow what a run needs.
 * `unreachable`, `absent`: there was no link at all.
 */
export type TransportVerdict = "clean" | "damaged" | "unverified" | "refused" | "unreachable" | "absent";

export interface TransportResult {
  readonly transport: TransportName;
  readonly verdict: TransportVerdict;
  /** Why it is unverified, refused, unreachable or absent; else empty. */
  readonly reason: string;
  /** Whether the run was ended before its time. */
  readonly interrupted: boolean;
  readonly elapsedMs: number;
  readonly heartbeatMs: number | null;
  readonly streams: readonly string[];
  readonly sent: number;
  readonly acknowledged: number;
  /** Publishes that had no answer in the end, though nothing was broken any more. */
  readonly unanswered: number;
  /** Publishes that were refused or given up, by code. */
  readonly failed: Readonly<Record<string, number>>;
  readonly inLog: number;
  readonly delivered: number;
  /** Gaps that the server told; they are no loss in silence. */
  readonly gaps: number;
  /** Entries that the clients found missing, or got twice, and put right themselves. */
  readonly repaired: { readonly holes: number; readonly duplicates: number };
  readonly faults: readonly FaultRow[];
  readonly totals: Readonly<Record<ReadingFault | LogFault, number>>;
  /** At most 100 of them; `totals` counts all. */
  readonly findings: readonly Finding[];
  /** Links that ended although nobody here broke them. */
  readonly ends: readonly EndRow[];
  readonly notes: readonly string[];
}

export interface VerifyResult {
  readonly format: "holdfast-verify";
  readonly version: 1;
  readonly url: string;
  readonly publishUrl: string;
  readonly run: string;
  readonly seed: number;
  readonly startedMs: number;
  readonly elapsedMs: number;
  readonly verdict: "clean" | "damaged" | "unverified" | "refused" | "unreachable";
  readonly interrupted: boolean;
  readonly transports: readonly TransportResult[];
}

/** The worst of the transports, of those that were there. */
export function verdictOf(results: readonly TransportResult[]): VerifyResult["verdict"] {
  const has = (verdict: TransportVerdict): boolean => results.some((result) => result.verdict === verdict);
  if (has("damaged")) return "damaged";
  if (has("refused")) return "refused";
  if (has("unverified")) return "unverified";
  return has("clean") ? "clean" : "unreachable";
}

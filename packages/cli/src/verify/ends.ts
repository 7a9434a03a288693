/**
 * Links that ended although nobody here broke them: counted by code and reason, with what they have in common. Pure.
 * This is where a hop with an idle timeout, or with a greatest age, shows itself.
 */

export interface UnaskedEnd {
  readonly code: string;
  readonly reason: string;
  /** How long the link had been live, and for how long no byte had passed, in ms. */
  readonly ageMs: number;
  readonly idleMs: number;
}

export interface EndRow {
  readonly code: string;
  readonly reason: string;
  readonly times: number;
  readonly ageMs: { readonly min: number; readonly max: number };
  readonly idleMs: { readonly min: number; readonly max: number };
}

/** Distinct rows; what comes beyond is counted under the code alone. */
const rowsMax = 50;

/** One row for each code and reason, the most frequent first. */
export function tallyEnds(ends: readonly UnaskedEnd[]): EndRow[] {
  const rows = new Map<string, EndRow>();
  for (const { code, reason, ageMs, idleMs } of ends) {
    const full = `${code} ${reason}`;
    const isKnown = rows.has(full) || rows.size < rowsMax;
    const key = isKnown ? full : code;
    const before = rows.get(key);
    rows.set(key, {
      code,
      reason: isKnown ? reason : "other reasons",
      times: (before?.times ?? 0) + 1,
      ageMs: widen(before?.ageMs, ageMs),
      idleMs: widen(before?.idleMs, idleMs),
    });
  }
  return [...rows.values()].sort((a, b) => b.times - a.times);
}

const widen = (range: { readonly min: number; readonly max: number } | undefined, value: number): { min: number; max: number } => ({
  min: Math.min(range?.min ?? value, value),
  max: Math.max(range?.max ?? value, value),
});

/** Silence shorter than this says nothing: it is how entries and beats are spaced. */
const idleMsMin = 2_000;

/** What a row says about a hop in between, in one sentence; null when it says nothing. */
export function meaningOf({ times, ageMs, idleMs }: EndRow): string | null {
  const alike = (range: { readonly min: number; readonly max: number }): boolean => range.max <= range.min * 1.1 + 500;
  const about = (range: { readonly max: number }): string => `about ${(range.max / 1_000).toFixed(1)} s`;
  if (idleMs.min >= idleMsMin && alike(idleMs)) return `cut after ${about(idleMs)} without a byte: a hop drops idle links sooner than the beat keeps them`;
  if (times > 1 && ageMs.min >= idleMsMin && alike(ageMs))
    return `cut at the age of ${about(ageMs)}, whatever they carried: a hop limits how long a connection may last`;
  return null;
}

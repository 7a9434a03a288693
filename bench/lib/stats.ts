/**
 * Summaries of repeated measurements. Medians, because one disturbed repetition must not decide; the spread beside them, always.
 */

export interface Summary {
  readonly median: number;
  /** The spread: the lowest and the highest sample; from ten samples on, the 10th and the 90th percentile. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

const percentilesFrom = 10;

/** The value below which `fraction` of the sorted samples lie (nearest rank). */
export function percentile(sorted: ArrayLike<number>, fraction: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * fraction) - 1))] as number;
}

export function summarize(samples: readonly number[]): Summary {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
  const edge = sorted.length < percentilesFrom ? 0 : 0.1;
  return { median: median ?? Number.NaN, low: percentile(sorted, edge), high: percentile(sorted, 1 - edge), count: sorted.length };
}

/** Repetition by repetition: both were measured one after the other, so that what disturbs the machine slowly disturbs both. */
export function ratios(of: readonly number[], to: readonly number[]): Summary {
  return summarize(of.map((value, i) => value / (to[i] ?? Number.NaN)));
}

/** Three significant digits, or whole numbers with separators from 1,000 on. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (Math.abs(value) >= 1_000) return Math.round(Number(value.toPrecision(3))).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** `median (low to high)`. */
export function withSpread({ median, low, high, count }: Summary): string {
  return count < 2 ? figure(median) : `${figure(median)} (${figure(low)} to ${figure(high)})`;
}

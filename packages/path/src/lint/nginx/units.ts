/**
 * Times and sizes as nginx reads them: a bare number is seconds (of a size: bytes), units go from large to small, and `m` is a minute of a time
 * and a mebibyte of a size.
 */

const unitMs: Readonly<Record<string, number>> = {
  y: 31_536_000_000,
  M: 2_592_000_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};
const order = ["y", "M", "w", "d", "h", "m", "s", "ms"];

/** Milliseconds, or null for what nginx refuses and for what a variable will say. */
export function nginxTimeMs(text: string | undefined): number | null {
  if (text === undefined || !/^(\d+(y|M|w|d|h|ms|m|s)? *)+$/.test(text)) return null;
  let [total, last] = [0, -1];
  for (const [, amount, unit] of text.matchAll(/(\d+)(y|M|w|d|h|ms|m|s)?/g)) {
    const rank = unit === undefined ? order.indexOf("s") : order.indexOf(unit);
    if (rank <= last) return null;
    last = rank;
    total += Number(amount) * (unitMs[unit ?? "s"] as number);
  }
  return Number.isSafeInteger(total) ? total : null;
}

/** Whether it is a number without a unit. */
export const isBareNumber = (text: string | undefined): boolean => text !== undefined && /^\d+$/.test(text);

/** A whole number; null for anything else. */
export function nginxCount(text: string | undefined): number | null {
  const value = isBareNumber(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

/**
 * Numbers and times as people read them. Pure: the same everywhere, whatever the browser's language.
 */

const groups = /\B(?=(?:\d{3})+$)/g;

/** 1,284 */
export function whole(value: number): string {
  return String(Math.round(value)).replace(groups, ",");
}

/** "1 entry", "1,284 entries". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** 0.4 ms, 42 ms, 850 ms, 20.2 s, 3 min 5 s. */
export function duration(ms: number): string {
  const least = Math.max(0, ms);
  if (least < 10) return `${least.toFixed(1)} ms`;
  if (least < 1_000) return `${least.toFixed(0)} ms`;
  if (least < 120_000) return `${(least / 1_000).toFixed(1)} s`;
  return `${Math.floor(least / 60_000)} min ${Math.floor((least % 60_000) / 1_000)} s`;
}

/** As `duration`, always in seconds up to two minutes, so that a number that counts up keeps its unit. */
export function seconds(ms: number): string {
  return ms < 1_000 ? `${(Math.max(0, ms) / 1_000).toFixed(1)} s` : duration(ms);
}

/** 512 B, 14.2 KB, 3.1 MB (powers of 1,000). */
export function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  return count < 1_000_000 ? `${(count / 1_000).toFixed(1)} KB` : `${(count / 1_000_000).toFixed(1)} MB`;
}

/** 12:03:10, local time. */
export function clockTime(wallMs: number): string {
  const date = new Date(wallMs);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** A number with as many digits as it deserves: 0.25, 4.2, 180. */
export function short(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 100) return whole(value);
  return String(Number(value.toFixed(size >= 10 ? 1 : 2)));
}

/**
 * Times and sizes as nginx reads them: a bare number is seconds (of a size: bytes), units go from large to small, and `m` is a minute of a time
 * and a mebibyte of a size.
 */
import type { Value } from "../../knob.ts";
import { isBefore } from "./version.ts";

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

/** A time as nginx writes it: `65s`, `1500ms`, `1h`. */
function writeTime(ms: number): string {
  const unit = (["h", "m", "s"] as const).find((each) => ms > 0 && ms % (unitMs[each] as number) === 0);
  const inSeconds = unit === "m" || (unit === "h" && ms < 3_600_000 * 2) ? ms < 600_000 : false;
  return unit === undefined ? `${ms}ms` : inSeconds ? `${ms / 1_000}s` : `${ms / (unitMs[unit] as number)}${unit}`;
}

/** The line that sets a knob of the hop database, with the block where that is not plain. */
export function nginxLine(knob: string, value: Value, version: string | null = null): string {
  // Before it was on by default there was no way to write that it is off, and 0 was refused.
  if (knob === "upstream keepalive" && value === 0 && version !== null && isBefore(version, "1.29.7")) return "no `keepalive` line   # in upstream {}";
  const inUpstream = knob.startsWith("upstream ");
  const inStream = knob.startsWith("stream ");
  const name = inUpstream || inStream ? knob.slice(knob.indexOf(" ") + 1) : knob;
  const isTime = /(_timeout|_time)$/.test(name);
  const text = value === true ? "on" : value === false ? "off" : isTime && typeof value === "number" ? writeTime(value) : value === "" ? '""' : String(value);
  return `${name} ${text};${inUpstream ? "   # in upstream {}" : inStream ? "   # in stream {}" : ""}`;
}

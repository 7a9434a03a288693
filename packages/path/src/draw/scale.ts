/**
 * Time downward, logarithmic: the range that the values need, with ticks at times that people know, and a row of its own for "never".
 */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Drawn wherever the range reaches them; the others where there is room. */
const major = [0.001 * second, 0.01 * second, 0.1 * second, second, 10 * second, minute, 10 * minute, hour, day, 10 * day, 100 * day, 1_000 * day];
const minor = [
  0.5 * second,
  2 * second,
  5 * second,
  20 * second,
  30 * second,
  2 * minute,
  5 * minute,
  30 * minute,
  2 * hour,
  6 * hour,
  12 * hour,
  2 * day,
  5 * day,
];
const all = [...major, ...minor].sort((a, b) => a - b);

/** Room that a tick's label needs, in pixels. */
const tickGap = 19;
/** From the end of the scale down to "never". */
const neverGap = 30;

export interface Tick {
  readonly ms: number;
  readonly y: number;
  readonly isMajor: boolean;
}

export interface Scale {
  readonly top: number;
  /** Where times end. */
  readonly bottom: number;
  readonly neverY: number;
  readonly ticks: readonly Tick[];
  /** Never outside of top and neverY; 0 is at the top. */
  y(value: number | "never"): number;
}

const round = (y: number): number => Number(y.toFixed(1));

/** A scale for these times between two heights. Without any time it goes from a second to an hour. */
export function timeScale(values: readonly (number | "never")[], top: number, height: number): Scale {
  const times = values.filter((value) => typeof value === "number").filter((ms) => ms > 0 && Number.isFinite(ms));
  const least = times.length === 0 ? second : Math.min(...times) * 0.85;
  const most = times.length === 0 ? hour : Math.max(...times) * 1.15;
  const from = all.findLast((ms) => ms <= least) ?? (all[0] as number);
  const to = all.find((ms) => ms >= Math.max(most, from * 10)) ?? (all.at(-1) as number);
  const bottom = top + height - neverGap;
  const place = (ms: number): number => round(top + (Math.log(ms / from) / Math.log(to / from)) * (bottom - top));
  const y = (value: number | "never"): number => {
    if (value === "never") return top + height;
    return value <= from ? top : Math.min(bottom, place(value));
  };
  return { top, bottom, neverY: top + height, ticks: ticksOf(from, to, place), y };
}

function ticksOf(from: number, to: number, place: (ms: number) => number): Tick[] {
  const ticks: Tick[] = [];
  for (const [list, isMajor] of [
    [major, true],
    [minor, false],
  ] as const) {
    for (const ms of list) {
      if (ms < from || ms > to) continue;
      const y = place(ms);
      if (ticks.every((other) => Math.abs(other.y - y) >= tickGap)) ticks.push({ ms, y, isMajor });
    }
  }
  return ticks.sort((a, b) => a.ms - b.ms);
}

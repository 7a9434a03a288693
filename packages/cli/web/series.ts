/**
 * Values over time for a chart that shows the last minutes. Pure. It keeps `pointsMax` points at most; older ones go first.
 */

export interface Point {
  readonly atMs: number;
  /** Null breaks the line: nothing is known from here on. */
  readonly value: number | null;
}

const pointsMax = 6_000;

export class Series {
  #points: Point[] = [];

  get points(): readonly Point[] {
    return this.#points;
  }

  get last(): Point | null {
    return this.#points.at(-1) ?? null;
  }

  /** Adds a point. One that is older than the last is put where it belongs. */
  add(atMs: number, value: number | null): void {
    const points = this.#points;
    let place = points.length;
    while (place > 0 && (points[place - 1] as Point).atMs > atMs) place--;
    points.splice(place, 0, { atMs, value });
    if (points.length > pointsMax) points.splice(0, points.length - pointsMax);
  }

  /** Takes the last point away, if it is of this time. */
  drop(atMs: number): void {
    if (this.last?.atMs === atMs) this.#points.pop();
  }

  /** Adds to the number of things that happened in the second of `atMs`. */
  count(atMs: number): void {
    const second = Math.floor(atMs / 1_000) * 1_000;
    const last = this.last;
    if (last?.atMs === second) this.#points[this.#points.length - 1] = { atMs: second, value: (last.value ?? 0) + 1 };
    else this.add(second, 1);
  }

  /** Forgets what is older, except the last point before, from which a line enters the picture. */
  trim(beforeMs: number): void {
    const from = this.#points.findIndex(({ atMs }) => atMs >= beforeMs);
    if (from > 1) this.#points.splice(0, from - 1);
  }
}

/** A round number at or above `value`, of which the half is round too. */
export function niceMax(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 4, 6, 8, 10].find((each) => each * power >= value * 0.999) ?? 10;
  return factor * power;
}

/** Ticks of an axis from 0 to `max`: its middle and its end. */
export function linearTicks(max: number): number[] {
  return [0, max / 2, max];
}

/** Powers of ten from `min` to `max`, thinned out to four at most. */
export function logTicks(min: number, max: number): number[] {
  const first = Math.round(Math.log10(min));
  const count = Math.round(Math.log10(max)) - first + 1;
  const step = Math.ceil(count / 4);
  return Array.from({ length: count }, (_, i) => i)
    .filter((i) => i % step === 0)
    .map((i) => 10 ** (first + i));
}

/**
 * How much a pool is asked for, over the last minute: arrivals, how long connections are held, how long calls wait. From these follows by
 * Little's law how many connections are needed. It keeps twelve slices of 5 s and never grows.
 */

/** Upper bounds of the histogram of waits, in ms. The first counts those who got one at once. */
export const waitBoundsMs: readonly number[] = [0, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000];

const sliceMs = 5_000;
const slicesMax = 12;

/** The load of the last minute, or since the start when that is less. */
export interface Load {
  readonly windowMs: number;
  readonly arrivalsPerSecond: number;
  /** Mean time for which a connection was lent; 0 when none came back. */
  readonly meanHoldMs: number;
  /** Arrivals per second x mean hold: connections in use on average. */
  readonly needed: number;
  /** The bound of the histogram beneath which 95 % of waits ended; null when nobody got one. */
  readonly waitP95Ms: number | null;
}

interface Slice {
  arrivals: number;
  holds: number;
  holdMs: number;
  readonly waits: number[];
}

const emptySlice = (): Slice => ({ arrivals: 0, holds: 0, holdMs: 0, waits: new Array<number>(waitBoundsMs.length + 1).fill(0) });

export class LoadMeter {
  /** All waits since the start, by bucket; the last bucket is above all bounds. Not cumulative. */
  readonly waits: number[] = new Array<number>(waitBoundsMs.length + 1).fill(0);
  waitMs = 0;
  readonly #slices: Slice[] = Array.from({ length: slicesMax }, emptySlice);
  readonly #startMs: number;
  #slice: Slice;
  #number = 0;
  #nextMs: number;

  constructor(nowMs: number) {
    this.#startMs = nowMs;
    this.#nextMs = nowMs + sliceMs;
    this.#slice = this.#slices[0] as Slice;
  }

  /** Somebody asks for a connection, whatever comes of it. */
  arrived(nowMs: number): void {
    if (nowMs >= this.#nextMs) this.#turn(nowMs);
    this.#slice.arrivals++;
  }

  /** Somebody got one, after so long. */
  served(waitMs: number): void {
    let at = 0;
    if (waitMs > 0) while (at < waitBoundsMs.length && waitMs > (waitBoundsMs[at] as number)) at++;
    this.waits[at] = (this.waits[at] as number) + 1;
    const { waits } = this.#slice;
    waits[at] = (waits[at] as number) + 1;
    this.waitMs += waitMs;
  }

  /** Somebody gave one back, after so long. */
  held(holdMs: number, nowMs: number): void {
    if (nowMs >= this.#nextMs) this.#turn(nowMs);
    this.#slice.holds++;
    this.#slice.holdMs += holdMs;
  }

  load(nowMs: number): Load {
    if (nowMs >= this.#nextMs) this.#turn(nowMs);
    const beforeMs = Math.min(this.#number, slicesMax - 1) * sliceMs;
    const windowMs = Math.max(1, beforeMs + nowMs - (this.#nextMs - sliceMs));
    const sum = (pick: (slice: Slice) => number): number => this.#slices.reduce((total, slice) => total + pick(slice), 0);
    const holds = sum(({ holds }) => holds);
    const meanHoldMs = holds === 0 ? 0 : sum(({ holdMs }) => holdMs) / holds;
    const arrivalsPerSecond = (sum(({ arrivals }) => arrivals) * 1_000) / windowMs;
    const waits = waitBoundsMs.map((_, at) => sum((slice) => slice.waits[at] as number));
    const above = sum((slice) => slice.waits[waitBoundsMs.length] as number);
    return { windowMs, arrivalsPerSecond, meanHoldMs, needed: (arrivalsPerSecond * meanHoldMs) / 1_000, waitP95Ms: p95(waits, above) };
  }

  #turn(nowMs: number): void {
    const passed = Math.floor((nowMs - this.#startMs) / sliceMs) - this.#number;
    for (let i = 1; i <= Math.min(passed, slicesMax); i++) this.#slices[(this.#number + i) % slicesMax] = emptySlice();
    this.#number += passed;
    this.#nextMs = this.#startMs + (this.#number + 1) * sliceMs;
    // Whatever was jumped over is empty, the one that begins included.
    this.#slices[this.#number % slicesMax] = this.#slice = emptySlice();
  }
}

function p95(counts: readonly number[], above: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, above);
  if (total === 0) return null;
  let sofar = 0;
  for (const [at, count] of counts.entries()) {
    sofar += count;
    if (sofar >= total * 0.95) return waitBoundsMs[at] as number;
  }
  return Number.POSITIVE_INFINITY;
}

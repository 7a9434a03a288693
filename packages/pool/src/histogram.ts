/**
 * A histogram with fixed bounds, as Prometheus counts: each bucket holds what is at most its bound. It never grows.
 */

export class Histogram {
  readonly bounds: readonly number[];
  /** One more than bounds: the last is for what is above all of them. Not cumulative. */
  readonly counts: number[];
  sum = 0;
  count = 0;

  /** `bounds` ascend. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  add(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] as number)) at++;
    this.counts[at] = (this.counts[at] as number) + 1;
    this.sum += value;
    this.count++;
  }
}

/**
 * How long requests took, as histograms: what traces say one by one, for all. Numbers only.
 */
import { Histogram } from "../histogram.ts";

/** Upper bounds, in ms. */
const boundsMs: readonly number[] = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];

export class RequestTimes {
  /** Until the first byte was sent: queue, name, TCP and TLS. */
  readonly before = new Histogram(boundsMs);
  readonly wait = new Histogram(boundsMs);
  readonly body = new Histogram(boundsMs);

  add(beforeMs: number, waitMs: number, bodyMs: number): void {
    this.before.add(beforeMs);
    this.wait.add(waitMs);
    this.body.add(bodyMs);
  }
}

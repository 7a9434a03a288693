/**
 * Spikes of durations over what stands around them: what people do is spread over any time, what a timer does has one value. Pure.
 */

/** So many lasted from `fromMs` on and less than `toMs`. Buckets ascend and do not overlap. */
export interface DurationBucket {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

export interface Spike {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
  /** Of all durations, from 0 to 1. */
  readonly share: number;
}

export interface SpikeLimits {
  /** Fewer durations say nothing. */
  readonly totalMin: number;
  /** A spike has at least so many, and at least this share of all. */
  readonly countMin: number;
  readonly shareMin: number;
  /** How many times as dense it is as what stands on each side. */
  readonly ratioMin: number;
  /** No spike begins below: everything that ends at once does so there. */
  readonly fromMsMin: number;
}

export const spikeLimits: SpikeLimits = { totalMin: 20, countMin: 10, shareMin: 0.1, ratioMin: 4, fromMsMin: 1_000 };

const spikesMax = 5;

/** How wide a spike may be: timers are looked at twice a second, or less often the longer they are. */
const widthMsMax = (atMs: number): number => Math.max(1_500, atMs * 0.04);

/** The spikes, the largest first. */
export function findSpikes(buckets: readonly DurationBucket[], limits: SpikeLimits = spikeLimits): Spike[] {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  if (total < limits.totalMin) return [];
  const spikes: Spike[] = [];
  let left = buckets.filter(({ count }) => count > 0);
  while (spikes.length < spikesMax) {
    const best = largest(left, total, limits);
    if (best === null) break;
    spikes.push(best);
    left = left.filter(({ fromMs, toMs }) => toMs <= best.fromMs || fromMs >= best.toMs);
  }
  return spikes;
}

function largest(buckets: readonly DurationBucket[], total: number, limits: SpikeLimits): Spike | null {
  let best: Spike | null = null;
  for (const [i, { fromMs }] of buckets.entries()) {
    if (fromMs < limits.fromMsMin) continue;
    let count = 0;
    for (let j = i; j < buckets.length; j++) {
      const { toMs, count: more } = buckets[j] as DurationBucket;
      if (toMs - fromMs > widthMsMax(fromMs)) break;
      count += more;
      if (count < limits.countMin || count < limits.shareMin * total || (best !== null && count <= best.count)) continue;
      const spike = { fromMs, toMs, count, share: count / total };
      if (standsOut(spike, buckets, limits.ratioMin)) best = spike;
    }
  }
  return best;
}

/** On both sides: a slope that begins with many is not a spike. */
function standsOut({ fromMs, toMs, count }: Spike, buckets: readonly DurationBucket[], ratio: number): boolean {
  const width = toMs - fromMs;
  // What lies right beside it belongs to it: clocks are not exact.
  const beside = Math.min(width / 2, fromMs / 4);
  const expected = Math.max(within(buckets, fromMs / 2, fromMs - beside), within(buckets, toMs + beside, toMs * 2)) * width;
  return count >= expected * ratio && count - expected >= 3 * Math.sqrt(expected);
}

/** How many per ms, between two times; a bucket that lies across a border counts by its share. */
function within(buckets: readonly DurationBucket[], fromMs: number, toMs: number): number {
  let count = 0;
  for (const bucket of buckets) {
    const overlap = Math.min(bucket.toMs, toMs) - Math.max(bucket.fromMs, fromMs);
    if (overlap > 0) count += (bucket.count * overlap) / (bucket.toMs - bucket.fromMs);
  }
  return toMs > fromMs ? count / (toMs - fromMs) : 0;
}

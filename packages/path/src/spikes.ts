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
  /** The mean of it. */
  readonly middleMs: number;
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
  let best: readonly DurationBucket[] = [];
  let most = 0;
  for (const [i, { fromMs }] of buckets.entries()) {
    if (fromMs < limits.fromMsMin) continue;
    let count = 0;
    for (let j = i; j < buckets.length; j++) {
      const { toMs, count: more } = buckets[j] as DurationBucket;
      if (toMs - fromMs > widthMsMax(fromMs)) break;
      count += more;
      if (count < limits.countMin || count < limits.shareMin * total || count <= most) continue;
      if (!standsOut({ fromMs, toMs, count }, buckets, limits.ratioMin)) continue;
      best = buckets.slice(i, j + 1);
      most = count;
    }
  }
  return best.length === 0 ? null : spikeOf(trimmed(best, most), total);
}

/** What lies at its edges by chance does not move its middle. */
function trimmed(buckets: readonly DurationBucket[], count: number): readonly DurationBucket[] {
  const isEdge = (bucket: DurationBucket | undefined): boolean => bucket !== undefined && bucket.count < count * 0.1;
  let [from, to] = [0, buckets.length];
  while (to - from > 1 && isEdge(buckets[from])) from++;
  while (to - from > 1 && isEdge(buckets[to - 1])) to--;
  return buckets.slice(from, to);
}

function spikeOf(buckets: readonly DurationBucket[], total: number): Spike {
  const count = buckets.reduce((sum, each) => sum + each.count, 0);
  const middleMs = buckets.reduce((sum, each) => sum + (each.count * (each.fromMs + each.toMs)) / 2, 0) / count;
  return { fromMs: buckets[0]?.fromMs ?? 0, toMs: buckets.at(-1)?.toMs ?? 0, middleMs, count, share: count / total };
}

/** On both sides: a slope that begins with many is not a spike. */
function standsOut({ fromMs, toMs, count }: DurationBucket, buckets: readonly DurationBucket[], ratio: number): boolean {
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

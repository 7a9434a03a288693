/**
 * For how long nothing had moved on connections when their peer or the network ended them: a spike of it is somebody's timer. It counts at
 * the end of a connection and nowhere else, and never grows. What guard or the host ended is not in it: that is no hop's doing.
 */
import { type DurationBucket, explainSilence, type Silenced, type SilenceSpike } from "@holdfast/path";

/** Narrow enough to tell a minute from 59 s; guard looks at sockets twice a second, so narrower would be pretence. */
const steps = [
  { toMs: 60_000, widthMs: 500 },
  { toMs: 600_000, widthMs: 1_000 },
  { toMs: 3_600_000, widthMs: 10_000 },
  { toMs: 90_000_000, widthMs: 600_000 },
] as const;

/** From where to where each bucket reaches. */
const borders: readonly (readonly [number, number])[] = (() => {
  const all: [number, number][] = [];
  let fromMs = 0;
  for (const { toMs, widthMs } of steps) for (; fromMs < toMs; fromMs += widthMs) all.push([fromMs, fromMs + widthMs]);
  return all;
})();

/** A silence is measured from a look at the socket on, which comes up to this much after the last byte. */
const earlyMs = 500;

const kinds: readonly Silenced[] = ["stream", "idle"];

export class Silences {
  readonly #counts: Readonly<Record<Silenced, Uint32Array>> = { stream: new Uint32Array(borders.length), idle: new Uint32Array(borders.length) };
  #total = 0;
  #learned: { readonly total: number; readonly spikes: readonly SilenceSpike[] } | null = null;

  /** Ends counted so far. */
  get total(): number {
    return this.#total;
  }

  add(of: Silenced, ms: number): void {
    const counts = this.#counts[of];
    const at = Math.min(indexOf(ms), counts.length - 1);
    counts[at] = (counts[at] ?? 0) + 1;
    this.#total++;
  }

  buckets(of: Silenced): DurationBucket[] {
    const counts = this.#counts[of];
    return borders.flatMap(([fromMs, toMs], i) => (counts[i] ? [{ fromMs, toMs, count: counts[i] }] : []));
  }

  /** What they tell by now, of streams first. Worked out when somebody asks, and again only after further ends. */
  get spikes(): readonly SilenceSpike[] {
    if (this.#learned?.total !== this.#total) {
      this.#learned = { total: this.#total, spikes: kinds.flatMap((of) => explainSilence({ of, buckets: this.buckets(of), earlyMs })) };
    }
    return this.#learned.spikes;
  }
}

function indexOf(ms: number): number {
  let [fromMs, index] = [0, 0];
  for (const { toMs, widthMs } of steps) {
    if (ms < toMs) return index + Math.floor((Math.max(0, ms) - fromMs) / widthMs);
    index += (toMs - fromMs) / widthMs;
    fromMs = toMs;
  }
  return index;
}

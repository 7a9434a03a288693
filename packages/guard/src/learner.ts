/**
 * Says once what the ends of connections have come to tell. It looks after enough further ends, never at each, and remembers what it said.
 */
import type { Finding, SilenceSpike } from "@holdfast/path";
import type { Silences } from "./silences.ts";

const everyMs = 1_000;
/** Looked at again when there are so many more: a twentieth. */
const growth = 1.05;
/** More timers than this stand on no path. */
const saidMax = 20;

export class Learner {
  readonly #silences: Silences;
  readonly #found: (finding: Finding) => void;
  readonly #said: SilenceSpike[] = [];
  #lookedMs = Number.NEGATIVE_INFINITY;
  #total = 0;

  constructor(silences: Silences, found: (finding: Finding) => void) {
    this.#silences = silences;
    this.#found = found;
  }

  check(nowMs: number): void {
    const { total } = this.#silences;
    if (nowMs - this.#lookedMs < everyMs || total === this.#total || total < this.#total * growth) return;
    this.#lookedMs = nowMs;
    this.#total = total;
    for (const each of this.#silences.spikes) {
      if (this.#said.length >= saidMax || this.#said.some((said) => isSame(said, each))) continue;
      this.#said.push(each);
      this.#found(each.finding);
    }
  }
}

/** The same timer, however much its share has changed. */
function isSame(a: SilenceSpike, b: SilenceSpike): boolean {
  return a.of === b.of && Math.abs(a.spike.middleMs - b.spike.middleMs) <= Math.max(1_000, b.spike.middleMs * 0.05);
}

/**
 * What was received, compared with what is in the log. Pure. It believes neither the client that received nor the numbers in the entries:
 * the order of positions in the log is the only truth, and what has not been compared is never called good.
 */

/** What the comparisons have found so far. */
export interface Verdict {
  /** Entries that were compared. */
  readonly compared: number;
  /** In the log, before the newest that was received, and not received. */
  readonly lost: number;
  readonly duplicated: number;
  /** Received after an entry that follows it in the log. */
  readonly reordered: number;
  /** Received, and not in the log. */
  readonly unknown: number;
  /** Gaps that were announced: entries that the log no longer had. */
  readonly gaps: number;
}

/** Positions that are kept to recognise one that comes again. */
const recentMax = 4_096;

export class Ledger {
  /** Received since the last comparison, in the order of reception. */
  #fresh: string[] = [];
  /** Compared before: the newest of them. */
  readonly #recent = new Set<string>();
  /** Where the next comparison begins: everything up to here has been compared. Null before the first entry. */
  #from: string | null = null;
  #counts = { compared: 0, lost: 0, duplicated: 0, reordered: 0, unknown: 0, gaps: 0 };

  get verdict(): Verdict {
    return { ...this.#counts };
  }

  /** Entries that wait for a comparison. */
  get waiting(): number {
    return this.#fresh.length;
  }

  /** The position after which the log has to be read for a comparison; null while there is nothing to compare. */
  get from(): string | null {
    return this.#fresh.length === 0 ? null : this.#from;
  }

  /** Reading begins after this position. */
  begin(position: string): void {
    this.#from ??= position;
  }

  received(position: string): void {
    this.#fresh.push(position);
  }

  /** The server said that the log no longer has what follows; delivery goes on after `after`. */
  gap(after: string): void {
    this.#counts.gaps++;
    this.#forget(this.#fresh.length);
    this.#from = after;
  }

  /**
   * Takes the log after `from`, in order, and compares the `count` entries that had been received before the log was read; what came since
   * may be newer than the reading. Returns whether the reading was enough: when the last of them is not in it, the log has to be read
   * further, or the entry is `unknown` (`isWhole`: the reading reached the end of the log).
   */
  compare(log: readonly string[], isWhole: boolean, count: number): boolean {
    const places = new Map(log.map((position, place) => [position, place]));
    const fresh = this.#fresh.slice(0, count);
    const newest = fresh.at(-1);
    if (newest === undefined) return true;
    if (!isWhole && !places.has(newest)) return false;
    const seen = new Set<number>();
    let furthest = -1;
    for (const position of fresh) {
      const place = places.get(position);
      if (place === undefined) {
        if (this.#recent.has(position)) this.#counts.duplicated++;
        else this.#counts.unknown++;
      } else if (seen.has(place)) this.#counts.duplicated++;
      else {
        if (place < furthest) this.#counts.reordered++;
        seen.add(place);
        furthest = Math.max(furthest, place);
      }
    }
    this.#counts.compared += seen.size;
    this.#counts.lost += furthest + 1 - seen.size;
    if (furthest >= 0) this.#from = log[furthest] as string;
    this.#forget(fresh.length);
    return true;
  }

  #forget(count: number): void {
    for (const position of this.#fresh.splice(0, count)) this.#recent.add(position);
    for (const position of this.#recent) {
      if (this.#recent.size <= recentMax) return;
      this.#recent.delete(position);
    }
  }
}

/** Whether the log was met exactly. */
export function isClean({ lost, duplicated, reordered, unknown }: Verdict): boolean {
  return lost + duplicated + reordered + unknown === 0;
}

/**
 * Which transport to dial next. Down after two dials in a row that were not welcomed, or at once when the reason is certain; up again by one
 * trial of a better one whenever a link has to be dialled anew. Pure; it must never keep a client on a transport that does not work.
 */
import type { Ending } from "./endings.ts";

const missesMax = 2;

export class Fallback {
  readonly #count: number;
  /** What worked last, or is believed to. */
  #base = 0;
  #misses = 0;
  #trials = 0;
  /** The index of the transport for the next dial. */
  next = 0;
  /** Why the first one is not used; null while it is. */
  cause: Ending | null = null;

  constructor(count: number) {
    this.#count = count;
  }

  /** A dial was not welcomed. Returns whether another transport is to be tried at once. */
  missed(ending: Ending): boolean {
    const isTrial = this.next < this.#base;
    if (!isTrial && ++this.#misses < missesMax && ending.code !== "response_buffered") return false;
    this.#misses = 0;
    this.cause = ending;
    if (isTrial) {
      this.next = this.#base;
      return true;
    }
    this.next = this.#base = (this.#base + 1) % this.#count;
    return this.next > 0;
  }

  /** The server welcomed a link over the transport `index`. */
  worked(index: number): void {
    this.#base = this.next = index;
    this.#misses = 0;
    if (index === 0) this.cause = null;
  }

  /** A link that worked is to be replaced. */
  again(): void {
    if (this.#base > 0) this.next = this.#trials++ % this.#base;
  }
}

/**
 * Bounds what has been read and not been acknowledged: the reader of the input waits here, so the input itself feels it.
 * It must never let the counts pass their bounds by more than the one entry that is let in.
 */

/** At most so many entries and bytes between input and acknowledgement. */
export interface WindowLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

export const publishWindow: WindowLimits = { entriesMax: 1_000, bytesMax: 1_048_576 };

/** Counts entries in flight. Used by one reader: only one call of `room` may wait at a time. */
export class Window {
  readonly #limits: WindowLimits;
  #entries = 0;
  #bytes = 0;
  #waiting: (() => void) | null = null;

  constructor(limits: WindowLimits) {
    this.#limits = limits;
  }

  get entries(): number {
    return this.#entries;
  }

  /** Resolves once another entry may be read. */
  async room(): Promise<void> {
    while (this.#isFull()) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  /** Resolves once nothing is in flight. */
  async empty(): Promise<void> {
    while (this.#entries > 0) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  enter(bytes: number): void {
    this.#entries++;
    this.#bytes += bytes;
  }

  leave(bytes: number): void {
    this.#entries--;
    this.#bytes -= bytes;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  }

  #isFull(): boolean {
    return this.#entries >= this.#limits.entriesMax || (this.#entries > 0 && this.#bytes >= this.#limits.bytesMax);
  }
}

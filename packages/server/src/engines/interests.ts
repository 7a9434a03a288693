/**
 * Which streams' live events are wanted, counted: a stream is wanted until the last of its interests is closed.
 */
import type { Interest } from "../engine.ts";

export class Interests {
  readonly #counts = new Map<string, number>();

  /** Whether anybody wants this stream's events. */
  has(stream: string): boolean {
    return this.#counts.has(stream);
  }

  /** Registers one more wish. Closing it twice does nothing. */
  add(stream: string): Interest {
    this.#counts.set(stream, (this.#counts.get(stream) ?? 0) + 1);
    let open = true;
    return {
      close: () => {
        if (!open) return;
        open = false;
        const left = (this.#counts.get(stream) ?? 1) - 1;
        if (left === 0) this.#counts.delete(stream);
        else this.#counts.set(stream, left);
      },
    };
  }

  /** Forgets all wishes. */
  clear(): void {
    this.#counts.clear();
  }
}

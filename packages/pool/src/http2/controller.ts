/** What a handler of undici steers its request with. */
import type { Dispatcher } from "undici";

/** What the request does when it is steered. */
export interface Levers {
  readonly abort: (reason: Error) => void;
  readonly aborted: () => Error;
  readonly pause: () => void;
  readonly resume: () => void;
}

export class Controller implements Dispatcher.DispatchController {
  rawHeaders: string[] | null = null;
  rawTrailers: Record<string, string | string[]> | null = null;
  readonly #levers: Levers;
  #paused = false;
  #reason: Error | null = null;

  constructor(levers: Levers) {
    this.#levers = levers;
  }

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  abort(reason?: Error): void {
    if (this.#reason !== null) return;
    this.#reason = reason ?? this.#levers.aborted();
    this.#levers.abort(this.#reason);
  }

  pause(): void {
    this.#paused = true;
    this.#levers.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#levers.resume();
  }
}

/**
 * The places that connections take at the server. A place is taken before a connection is opened and given back when its socket is closed,
 * not when the pool lets go of it: a server counts a connection until then, and whoever opens the next one sooner is one too many.
 */

interface Entering {
  readonly enter: () => void;
}

export class Room {
  #max: number;
  #held = 0;
  #entering: Entering[] = [];
  #mayOpen: () => boolean = () => true;
  #whenEmpty: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Connections that are open, being opened or being closed. */
  get held(): number {
    return this.#held;
  }

  resize(max: number): void {
    this.#max = max;
    this.retry();
  }

  /** Asked at the moment at which a place would be taken. Whoever says no calls `retry` when it would say yes. */
  askFirst(mayOpen: () => boolean): void {
    this.#mayOpen = mayOpen;
    this.retry();
  }

  /** Resolves with a place, in the order of arrival; the call it resolves with gives it back, once. Rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const left = (): void => {
        this.#entering = this.#entering.filter((each) => each !== entering);
        reject(signal.reason);
      };
      const entering: Entering = {
        enter: () => {
          signal.removeEventListener("abort", left);
          resolve(this.#take());
        },
      };
      signal.addEventListener("abort", left, { once: true });
      this.#entering.push(entering);
      this.retry();
    });
  }

  /** Resolves when nobody has a place. */
  emptied(): Promise<void> {
    return this.#held === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Lets in whoever may enter now. */
  retry(): void {
    while (this.#entering.length > 0 && this.#held < this.#max && this.#mayOpen()) this.#entering.shift()?.enter();
  }

  #take(): () => void {
    let taken = true;
    this.#held++;
    return () => {
      if (!taken) return;
      taken = false;
      this.#held--;
      this.retry();
      if (this.#held > 0) return;
      for (const resolve of this.#whenEmpty.splice(0)) resolve();
    };
  }
}

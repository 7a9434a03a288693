/**
 * Connections that were silent for long and are being asked whether they still work. Each question has an end: an answer, a failure, or its time.
 */
import type { Clock } from "@holdfast/protocol";
import type { Held } from "./held.ts";

export class Checks<T> {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #ask: (value: T, signal: AbortSignal) => Promise<boolean>;
  readonly #answered: (held: Held<T>, works: boolean) => void;
  #size = 0;
  /** Since the start. */
  asked = 0;

  constructor(clock: Clock, timeoutMs: number, ask: (value: T, signal: AbortSignal) => Promise<boolean>, answered: (held: Held<T>, works: boolean) => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#ask = ask;
    this.#answered = answered;
  }

  /** Under way. */
  get size(): number {
    return this.#size;
  }

  /** Takes one that is in no list, and answers unless it was taken away meanwhile. */
  begin(held: Held<T>): void {
    const abort = new AbortController();
    let over = false;
    held.place = "checking";
    this.#size++;
    this.asked++;
    const settle = (works: boolean): void => {
      if (over) return;
      over = true;
      timer.cancel();
      if (!works) abort.abort();
      if (held.place !== "checking") return;
      this.takeAway(held);
      this.#answered(held, works);
    };
    const timer = this.#clock.after(this.#timeoutMs, () => settle(false));
    const asked = async (): Promise<boolean> => this.#ask(held.value, abort.signal);
    asked().then(
      (works) => settle(works === true),
      () => settle(false),
    );
  }

  /** It is not asked any more, whatever it says. */
  takeAway(held: Held<T>): void {
    if (held.place !== "checking") return;
    held.place = "idle";
    this.#size--;
  }
}

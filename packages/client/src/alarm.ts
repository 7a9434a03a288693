/**
 * One timer over all that is due: it is armed for what comes first, and looks again when it fires, since deadlines move.
 * It must keep no timer while nothing is due: a process would wait for it.
 */
import type { Clock, Timer } from "@holdfast/protocol";

/** When something is due by `monoMs`, Infinity for never, and what to do then. */
export type Due = readonly [atMs: number, act: (isLate: boolean) => void];

/** A timer that fires later than this was held up, and so may have been the peer's bytes: probe first, judge after. */
export const lateMs = 2_000;

const never: Due = [Infinity, () => {}];

export class Alarm {
  readonly #clock: Clock;
  readonly #dues: () => readonly Due[];
  #timer: Timer | undefined;
  #atMs = Infinity;

  constructor(clock: Clock, dues: () => readonly Due[]) {
    this.#clock = clock;
    this.#dues = dues;
  }

  #first(): Due {
    return this.#dues().reduce((first, due) => (due[0] < first[0] ? due : first), never);
  }

  /** To be called when something is due earlier than before, or nothing is due any more. */
  arm(): void {
    const [atMs] = this.#first();
    if (atMs === this.#atMs) return;
    this.#timer?.cancel();
    this.#atMs = atMs;
    if (atMs < Infinity) this.#timer = this.#clock.after(Math.max(0, atMs - this.#clock.monoMs()), () => this.#fired());
  }

  #fired(): void {
    this.#atMs = Infinity;
    const [atMs, act] = this.#first();
    const behindMs = this.#clock.monoMs() - atMs;
    if (behindMs >= 0) act(behindMs > lateMs);
    this.arm();
  }
}

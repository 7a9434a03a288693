/**
 * How many PINGs a peer may send. What its keepalive needs is far below the budget; what it sends to measure a path along which it is given
 * data may be above it, so a PING that follows data of ours counts a tenth (gRPC's servers forgive it altogether, proposal A8). It must never
 * take answers to PINGs for data.
 */
import { Budget } from "./budget.ts";

/** The share of a PING that follows data. */
const measuringShare = 0.1;

/** The PINGs of one session. */
export class PingBudget {
  readonly #budget: Budget;
  readonly #answerBytes: number;
  #answers = 0;
  /** The most that has ever been sent beside answers. */
  #sentMax = 0;

  /** `answerBytes`: what an answer takes on the wire, at the most. */
  constructor(max: number, answerBytes: number) {
    this.#budget = new Budget(max);
    this.#answerBytes = answerBytes;
  }

  /** Spends one; false when this goes beyond the budget. `takenBytes`: what the kernel has taken of all that was sent. */
  spend(nowMs: number, takenBytes: number): boolean {
    const sent = takenBytes - this.#answers;
    this.#answers += this.#answerBytes;
    const isMeasuring = sent > this.#sentMax;
    this.#sentMax = Math.max(this.#sentMax, sent);
    return this.#budget.spend(nowMs, isMeasuring ? measuringShare : 1);
  }
}

/**
 * When a session is asked whether it lives, and when it is given up. Pure: it is told the time and how many bytes have come. It must never
 * judge by a timer that was held up: what came meanwhile may not have been read yet.
 */

/** A look that comes later than this after the deadline asks once more. */
const lateMs = 2_000;

export interface KeepaliveTimes {
  readonly keepAliveMs: number;
  readonly keepAliveAckMs: number;
}

export class Keepalive {
  readonly #times: KeepaliveTimes;
  #bytes = 0;
  #heardMs: number;
  /** When it was asked; null when no answer is awaited. */
  #askedMs: number | null = null;

  constructor(times: KeepaliveTimes, nowMs: number) {
    this.#times = times;
    this.#heardMs = nowMs;
  }

  /** Whether an answer is awaited: nothing has come since something was doubtful. */
  get isDoubted(): boolean {
    return this.#askedMs !== null;
  }

  /** How often to look, so that silence is noticed within a sixth of its time. */
  get lookMs(): number {
    const { keepAliveMs, keepAliveAckMs } = this.#times;
    return Math.max(1, Math.ceil(Math.min(keepAliveMs / 6, keepAliveAckMs)));
  }

  /** What is to be done now. `bytes`: all that has come so far. */
  look(nowMs: number, bytes: number): "nothing" | "ping" | "dead" {
    const { keepAliveMs, keepAliveAckMs } = this.#times;
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#heardMs = nowMs;
      this.#askedMs = null;
    }
    if (this.#askedMs !== null) {
      const lateByMs = nowMs - this.#askedMs - keepAliveAckMs;
      if (lateByMs < 0) return "nothing";
      if (lateByMs <= lateMs) return "dead";
    } else if (nowMs - this.#heardMs < keepAliveMs) return "nothing";
    this.#askedMs = nowMs;
    return "ping";
  }

  /** Something makes it doubtful now. True: it is to be asked. */
  doubt(nowMs: number, bytes: number): boolean {
    if (this.look(nowMs, bytes) === "ping") return true;
    if (this.isDoubted) return false;
    this.#askedMs = nowMs;
    return true;
  }
}

/**
 * When the peer of a session is asked by PING whether it is there, and when it is taken for gone. Pure. Any byte that arrives is proof of
 * life. A late timer is not a dead peer: who was late himself looks again before he judges.
 */
import type { Never } from "../option-docs.ts";

export interface PingLimits {
  readonly pingMs: number | Never;
  readonly pingIdleMs: number | Never;
  readonly pingTimeoutMs: number;
  readonly proveAfterMs: number | Never;
}

/** What is to be done: nothing, ask now, look again when what has arrived has been read, or end the session. */
export type PingVerdict = "fine" | "ask" | "look_again" | "dead";

/** However often a server has complained. */
const slowestMs = 7_200_000;
/** A look that comes so much after it was due says that this process was late. */
const lateMs = 1_000;

/** How often an origin may be asked: shared by its sessions, because what one server has said holds for the next session too. */
export class PingPace {
  #factor = 1;

  get factor(): number {
    return this.#factor;
  }

  /** The server said that it is asked too often. */
  complained(): void {
    this.#factor *= 2;
  }

  /** An interval as it is now; null: never. */
  paced(ms: number | Never): number | null {
    return ms === "never" ? null : Math.min(ms * this.#factor, Math.max(ms, slowestMs));
  }
}

/** Proof of life of one session. */
export class PingClock {
  readonly #limits: PingLimits;
  readonly #pace: PingPace;
  #provedMs: number;
  #bytesRead = 0;
  #asked: { readonly atMs: number; dueMs: number; again: boolean } | null = null;

  constructor(limits: PingLimits, pace: PingPace, nowMs: number) {
    this.#limits = limits;
    this.#pace = pace;
    this.#provedMs = nowMs;
  }

  /** When something last arrived, as far as is known. */
  get provedMs(): number {
    return this.#provedMs;
  }

  /** A PING of this clock is unanswered. */
  get isAsking(): boolean {
    return this.#asked !== null;
  }

  /** Something has arrived. */
  proved(nowMs: number): void {
    this.#provedMs = nowMs;
    this.#asked = null;
  }

  /** Whether a session without streams has to answer before it gets a request. */
  mustProve(nowMs: number): boolean {
    const { proveAfterMs } = this.#limits;
    return proveAfterMs !== "never" && nowMs - this.#provedMs >= proveAfterMs;
  }

  /** A PING has been sent. What had arrived before is no answer to it. */
  asked(nowMs: number, bytesRead: number): void {
    this.#bytesRead = bytesRead;
    this.#asked ??= { atMs: nowMs, dueMs: nowMs + this.#limits.pingTimeoutMs, again: false };
  }

  /** `bytesRead`: all that has arrived on the connection so far. */
  look(nowMs: number, streams: number, bytesRead: number): PingVerdict {
    if (bytesRead !== this.#bytesRead) {
      this.#bytesRead = bytesRead;
      this.proved(nowMs);
    }
    const asked = this.#asked;
    if (asked !== null) {
      if (nowMs < asked.dueMs) return "fine";
      if (asked.again) return "dead";
      asked.again = nowMs - asked.dueMs < lateMs;
      if (asked.again) return "look_again";
      // Nobody looked for a while: the answer has as long again as the lateness shows that this process needs.
      asked.dueMs = nowMs + this.#limits.pingTimeoutMs;
      return "fine";
    }
    const everyMs = this.#everyMs(streams);
    return everyMs !== null && nowMs - this.#provedMs >= everyMs ? "ask" : "fine";
  }

  /** When to look next; infinite when there is nothing to see. */
  dueMs(streams: number): number {
    if (this.#asked !== null) return this.#asked.dueMs;
    const everyMs = this.#everyMs(streams);
    return everyMs === null ? Number.POSITIVE_INFINITY : this.#provedMs + everyMs;
  }

  #everyMs(streams: number): number | null {
    return this.#pace.paced(streams > 0 ? this.#limits.pingMs : this.#limits.pingIdleMs);
  }
}

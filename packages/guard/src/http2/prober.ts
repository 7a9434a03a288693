/**
 * When a session is asked by PING whether its peer is there. Asked is whoever owes something: who has streams open, and who has
 * sent bytes that nothing explains, which is what an unfinished header block looks like: nothing else may follow before its end
 * (RFC 9113, section 6.10), the answer to a PING included. A session that owes nothing is left alone, so that nothing is kept awake for it.
 */

export interface ProbeLimits {
  readonly pingAfterMs: number;
  readonly pingAckMs: number;
  readonly progressBytesMin: number;
}

/** Proof of life of one session. */
export class Prober {
  readonly #limits: ProbeLimits;
  #provedMs: number;
  #explainedBytes = 0;
  #asked: { readonly atMs: number; readonly bytesRead: number } | null = null;

  constructor(limits: ProbeLimits, nowMs: number) {
    this.#limits = limits;
    this.#provedMs = nowMs;
  }

  /** Something whole has arrived, and with it all bytes so far. */
  explained(nowMs: number, bytesRead: number): void {
    this.#provedMs = nowMs;
    this.#explainedBytes = bytesRead;
    this.#asked = null;
  }

  /** "ask": a PING is due. "dead": none came back. */
  check(nowMs: number, hasStreams: boolean, bytesRead: number): "fine" | "ask" | "dead" {
    const { pingAfterMs, pingAckMs, progressBytesMin } = this.#limits;
    if (this.#asked !== null) {
      if (nowMs - this.#asked.atMs < pingAckMs) return "fine";
      // The answer may stand in a queue behind an upload; then the upload is the proof, if it moves.
      if (bytesRead - this.#asked.bytesRead < progressBytesMin) return "dead";
      this.#asked = { atMs: nowMs, bytesRead };
      return "fine";
    }
    const owes = hasStreams || bytesRead !== this.#explainedBytes;
    if (!owes || nowMs - this.#provedMs < pingAfterMs) return "fine";
    this.#asked = { atMs: nowMs, bytesRead };
    return "ask";
  }
}

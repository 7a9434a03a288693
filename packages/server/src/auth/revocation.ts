/**
 * Subjects whose access was taken away: what was issued to them before a moment proves nothing any more. Kept on this node, for a time;
 * what must hold on all nodes is revoked on each of them. It must never let a revocation go in silence.
 */
import { type Clock, isKey } from "@holdfast/protocol";
import type { Principal } from "./authorizer.ts";

export interface RevocationRules {
  readonly revocationsMax: number;
  /** How long one is remembered. What was issued with a longer life would be good again after it. */
  readonly revocationMs: number;
}

/** Whose access to take away. */
export interface Revocation {
  readonly subject: string;
  /** Only what was issued before it, in ms since 1970-01-01 UTC. Default: now. */
  readonly beforeMs?: number;
}

interface Kept {
  readonly beforeMs: number;
  readonly untilMs: number;
}

export class Revocations {
  readonly #rules: RevocationRules;
  readonly #clock: Clock;
  /** The oldest are in front. */
  readonly #kept = new Map<string, Kept>();
  /** Those that had to go before their time, because there were too many. */
  dropped = 0;

  constructor(rules: RevocationRules, clock: Clock) {
    this.#rules = rules;
    this.#clock = clock;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Throws a TypeError for what is no subject: a revocation that means nobody must not pass for done. */
  add({ subject, beforeMs = this.#clock.wallMs() }: Revocation): void {
    if (!isKey(subject) || !Number.isFinite(beforeMs)) throw new TypeError("Expected `subject` to be 1 to 255 bytes and `beforeMs` a time");
    const nowMs = this.#clock.monoMs();
    for (const [known, { untilMs }] of this.#kept) {
      if (untilMs > nowMs) break;
      this.#kept.delete(known);
    }
    // A later word about a subject must not weaken an earlier one.
    const former = this.#kept.get(subject)?.beforeMs ?? Number.NEGATIVE_INFINITY;
    this.#kept.delete(subject);
    this.#kept.set(subject, { beforeMs: Math.max(former, beforeMs), untilMs: nowMs + this.#rules.revocationMs });
    if (this.#kept.size <= this.#rules.revocationsMax) return;
    const [oldest] = this.#kept.keys();
    this.#kept.delete(oldest as string);
    this.dropped++;
  }

  /** Whether what proves this principal was revoked. When it was issued must be known for it to survive. */
  covers({ subject, issuedMs = null }: Pick<Principal, "subject" | "issuedMs">): boolean {
    const kept = this.#kept.get(subject);
    if (kept === undefined || kept.untilMs <= this.#clock.monoMs()) return false;
    return issuedMs === null || issuedMs < kept.beforeMs;
  }
}

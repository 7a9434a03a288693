/**
 * The one error class of pools. Its `code` is a row of codes.ts; nothing ever matches its message.
 */
import { type PoolCode, poolCodes } from "./codes.ts";

/**
 * What is known of the call that failed. `not_sent`: nothing of it left this process, so repeating it is harmless. `unknown`: it may have
 * been carried out.
 */
export type Outcome = "not_sent" | "unknown";

/** What an error may carry beside its code. */
export interface PoolErrorDetails {
  readonly cause?: unknown;
  /** Default: `not_sent`. */
  readonly outcome?: Outcome;
}

/** A failure of a pool. The message begins with the code, because consoles often show the message alone. */
export class PoolError extends Error {
  override readonly name = "PoolError";
  readonly code: PoolCode;
  readonly outcome: Outcome;

  constructor(code: PoolCode, detail: string, { cause, outcome = "not_sent" }: PoolErrorDetails = {}) {
    super(`[${code}] ${detail}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.outcome = outcome;
  }

  /** Whether the same call, unchanged, can succeed later. */
  get retryable(): boolean {
    return poolCodes[this.code].retryable;
  }
}

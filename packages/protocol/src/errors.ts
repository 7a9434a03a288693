/**
 * The one error class. Its `code` is a row of the table of codes; nothing ever matches its message.
 */
import type { Code } from "./code-rules.ts";
import { retryOf } from "./retry.ts";

/** What an error may carry beside its code. */
export interface ErrorDetails {
  readonly cause?: unknown;
  /** When to try again, in ms from now, when the server said so. */
  readonly afterMs?: number;
  /** The stream concerned. */
  readonly stream?: string;
}

/**
 * A failure with a code. The message begins with it, because consoles often show the message alone; what the code means, and what to do,
 * is in docs/codes.md, and in `codes` for programs that print it: browsers are not made to download it.
 */
export class HoldfastError extends Error {
  declare readonly code: Code;
  /** What there is to say beside the code; possibly empty. */
  declare readonly detail: string;
  declare readonly afterMs: number | undefined;
  declare readonly stream: string | undefined;

  constructor(code: Code, detail = "", details: ErrorDetails = {}) {
    super(`[${code}] ${detail}`.trim(), details);
    const { afterMs, stream } = details;
    Object.assign(this, { name: "HoldfastError", code, detail, afterMs, stream });
  }

  /** Whether trying again, unchanged, can help. */
  get retryable(): boolean {
    return retryOf(this.code) !== "stop";
  }

  /** Anything caught, as a HoldfastError: itself when it is one, else wrapped as `internal`. */
  static from(thrown: unknown): HoldfastError {
    if (thrown instanceof HoldfastError) return thrown;
    return new HoldfastError("internal", String((thrown as Error | null)?.message ?? thrown), { cause: thrown });
  }
}

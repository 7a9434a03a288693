/**
 * The one error class. Its `code` is a row of the table of codes; nothing ever matches its message.
 */
import { type Code, codes } from "./codes.ts";

/** What an error may carry beside its code. */
export interface ErrorDetails {
  readonly cause?: unknown;
  /** When to try again, in ms from now, when the server said so. */
  readonly afterMs?: number;
  /** The stream concerned. */
  readonly stream?: string;
}

/** A failure with a code. The message is prefixed with it, because consoles often show the message alone. */
export class HoldfastError extends Error {
  readonly code: Code;
  /** The message without the code in front. */
  readonly detail: string;
  readonly afterMs: number | undefined;
  readonly stream: string | undefined;

  constructor(code: Code, message?: string, details: ErrorDetails = {}) {
    const detail = message ?? codes[code].meaning;
    super(`[${code}] ${detail}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "HoldfastError";
    this.code = code;
    this.detail = detail;
    this.afterMs = details.afterMs;
    this.stream = details.stream;
  }

  /** Whether trying again, unchanged, can help. */
  get retryable(): boolean {
    return codes[this.code].retry !== "stop";
  }

  /** Anything caught, as a HoldfastError: itself when it is one, else wrapped as `internal`. */
  static from(thrown: unknown): HoldfastError {
    if (thrown instanceof HoldfastError) return thrown;
    return new HoldfastError("internal", thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
}

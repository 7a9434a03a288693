/**
 * What is known of a statement that failed. Errors of drivers are passed on as they are; this says what they mean for whoever wants to repeat
 * the call. It reads codes and never texts.
 */
import { type Outcome, PoolError } from "../pool-error.ts";

/** `answered`: the server said that it did not do it. `not_sent`: nothing of it left this process. `unknown`: it may have been carried out. */
export type StatementOutcome = Outcome | "answered";

interface Coded {
  readonly code?: unknown;
  readonly sqlState?: unknown;
}

const isSqlState = (value: unknown): value is string => typeof value === "string" && /^[0-9A-Z]{5}$/.test(value);

/** Whether a server answered with this error: PostgreSQL's are codes of five characters, MySQL's have `sqlState` beside. */
export function isAnswer(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, sqlState } = error as Coded;
  if (isSqlState(sqlState)) return true;
  return isSqlState(code) && code !== "EPIPE";
}

/** What is known of the call that rejected with `error`. A COMMIT that the server did not answer is `unknown`. */
export function outcomeOf(error: unknown): StatementOutcome {
  if (error instanceof PoolError) return error.outcome;
  return isAnswer(error) ? "answered" : "unknown";
}

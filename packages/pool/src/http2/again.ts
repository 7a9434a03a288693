/**
 * Whether a request whose stream is gone may be sent again (RFC 9113, section 8.7; RFC 9110, section 9.2.2). Pure.
 */

/**
 * What became of it. `unprocessed`: it did not leave, or the server said that it did nothing with it: refused, or above the last stream
 * of a GOAWAY. `unknown`: the connection is gone. `reset`: the server ended this one stream, so it has seen it.
 */
export type Loss = "unprocessed" | "unknown" | "reset";

export interface Tried {
  /** Something of the answer has come. */
  readonly answered: boolean;
  /** Repeating it is harmless. */
  readonly idempotent: boolean;
  /** Its body can be sent from the start. */
  readonly replayable: boolean;
  /** How often it was sent again so far: because it was not processed, and because that was not known. */
  readonly unprocessed: number;
  readonly unknown: number;
}

export function maySendAgain(loss: Loss, tried: Tried, resendsMax: number): boolean {
  if (tried.answered || !tried.replayable || loss === "reset") return false;
  if (loss === "unprocessed") return tried.unprocessed < resendsMax;
  return tried.idempotent && tried.unknown === 0;
}

/** Methods that may be repeated (RFC 9110, section 9.2.2; QUERY is safe by its own specification). */
const idempotentMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"]);

export const isIdempotent = (method: string, said: boolean | undefined): boolean => said ?? idempotentMethods.has(method);

/**
 * When a request may be sent again without its caller (RFC 9110, section 9.2.2; RFC 9112, section 9.3.1). Pure. Repeating what was carried
 * out is worse than failing: when in doubt, it says no.
 */

/** Methods that mean the same when they come twice. */
const idempotentMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"]);

/** Whether it is harmless if it arrives twice. The caller knows better than the method: an idempotency key makes a POST harmless. */
export function isIdempotent(method: string, declared: boolean | null | undefined): boolean {
  return declared ?? idempotentMethods.has(method);
}

/** Whether the same bytes can be sent again. A stream has been read by then, or may have been. */
export function isReplayable(body: unknown): boolean {
  return body === null || body === undefined || typeof body === "string" || ArrayBuffer.isView(body) || body instanceof ArrayBuffer;
}

/** What is known when a connection ended under a request. */
export interface Failed {
  /** Nothing of the request left this process. */
  readonly unsent: boolean;
  /** The connection had carried a request, or lain idle before this one, so that its end may have been on its way already. */
  readonly reused: boolean;
  /** Anything of an answer came. */
  readonly answered: boolean;
  readonly idempotent: boolean;
  readonly replayable: boolean;
  /** How often it was repeated before. */
  readonly repeats: number;
}

/**
 * What to do: `move` to another connection, since nothing was sent; `repeat` on a new connection, once; or `fail`. A connection that was
 * made for this request and ends at once says that the server does not want us: then nothing is tried again.
 */
export function afterLoss({ unsent, reused, answered, idempotent, replayable, repeats }: Failed): "move" | "repeat" | "fail" {
  if (!reused) return "fail";
  if (unsent) return "move";
  return !answered && idempotent && replayable && repeats === 0 ? "repeat" : "fail";
}

/**
 * What a server says of keeping a connection: `Keep-Alive: timeout=5, max=99` (RFC 9112 names no such field; Apache began it, Node sends it).
 * Pure; what it means for reuse is arithmetic of expiry.ts.
 */

export interface KeepAliveHint {
  /** Null: it does not say. */
  readonly timeoutMs: number | null;
  /** Requests that may follow on this connection; null: it does not say. */
  readonly requestsLeft: number | null;
}

const none: KeepAliveHint = { timeoutMs: null, requestsLeft: null };

/** Reads the field. What it does not understand says nothing. */
export function keepAliveHint(field: string | readonly string[] | undefined): KeepAliveHint {
  if (field === undefined) return none;
  const text = typeof field === "string" ? field : field.join(",");
  const timeout = /(?:^|[,;])\s*timeout\s*=\s*"?(\d{1,9})/i.exec(text)?.[1];
  const max = /(?:^|[,;])\s*max\s*=\s*"?(\d{1,9})/i.exec(text)?.[1];
  if (timeout === undefined && max === undefined) return none;
  return { timeoutMs: timeout === undefined ? null : Number(timeout) * 1_000, requestsLeft: max === undefined ? null : Number(max) };
}

/**
 * Requests that a machine in front took as TLS 1.3 early data (0-RTT). Such a request may be a replay by anybody who saw it, so one that
 * changes something is answered with 425 and comes again after the handshake (RFC 8470). Pure.
 */
import type { IncomingHttpHeaders } from "node:http";

/** Methods that change nothing, so that a replay is harmless (RFC 9110, section 9.2.1; QUERY by its own definition). */
const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "QUERY", "TRACE"]);

/**
 * Whether a request must be answered with 425. Any value of `Early-Data` counts: its only valid one is `1`, and RFC 8470 wants invalid and
 * repeated ones to be taken for that. A GET that uses something up (a ticket that works once) is not safe; whoever serves it passes "POST".
 */
export function tooEarly(headers: Readonly<IncomingHttpHeaders>, method: string): boolean {
  return headers["early-data"] !== undefined && !safeMethods.has(method);
}

/**
 * What the error of a socket says about the end of its connection. Pure, and the same for every kind of pool. Codes are compared, never messages.
 */
import type { PoolEnd } from "./ends.ts";

/** What writing to, and reading from, a connection that the other side has reset is called. */
const resets: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);

/** Why a connection ended by itself. `code` is the system's; undefined: there was no error, it was closed. */
export function endOfSocket(code: string | undefined): PoolEnd {
  if (code === undefined) return "server_closed";
  return resets.has(code) ? "server_reset" : "network_lost";
}

/** Whether a code is the operating system's (`ECONNRESET`), as opposed to a driver's or a server's. */
export const isSystemCode = (code: string): boolean => /^E[A-Z]+$/.test(code);

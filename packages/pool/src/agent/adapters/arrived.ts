/**
 * Asks the kernel whether the other side has ended a connection, before Node has told: a busy process reads ends late, and a request that is
 * written meanwhile is lost. It looks at idle connections only, where whatever has come makes them useless.
 */
import { readSync } from "node:fs";
import type { Socket } from "node:net";

const byte = Buffer.alloc(1);

/** True: an end, a reset or an answer that nobody asked for has arrived. False: nothing has, or this system does not say. */
export function endArrived(socket: Socket): boolean {
  const fd = descriptorOf(socket);
  if (fd === null) return false;
  try {
    readSync(fd, byte, 0, 1, null);
    // An end is 0 bytes. Anything else would be for nobody: a late ticket, a 408, the alert that closes a TLS session.
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== "EAGAIN" && code !== "EWOULDBLOCK" && code !== "EINTR";
  }
}

/** Null where Node gives none (Windows, or a connection that is none of the system's). */
function descriptorOf(socket: Socket): number | null {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } | null };
  const fd = handle?.fd;
  return typeof fd === "number" && fd > 2 ? fd : null;
}

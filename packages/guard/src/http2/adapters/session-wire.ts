/**
 * The raw socket under an HTTP/2 session. Node lets nobody touch the socket of a session, and shows of its writes only when they began;
 * both are found here, one level below. It must never write to a socket on which TLS speaks.
 */
import type { Socket } from "node:net";
import { writeQueueBytes } from "../../adapters/socket-port.ts";
import type { SessionWire } from "../session-guard.ts";

/** `raw` is what was accepted: the TCP socket, below TLS if there is TLS. */
export function sessionWire(raw: Socket, isTls: boolean): SessionWire {
  const queuedBytes = (): number => writeQueueBytes(raw);
  const announce = (frame: Uint8Array): boolean => {
    if (raw.writable) raw.write(frame);
    return raw.writable;
  };
  return { takenBytes: () => raw.bytesWritten - queuedBytes(), queuedBytes, announce: isTls ? null : announce };
}

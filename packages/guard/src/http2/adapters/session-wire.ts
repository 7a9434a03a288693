/**
 * The raw socket under an HTTP/2 session. Node lets nobody touch the socket of a session, and shows of its writes only when they began;
 * both are found here, one level below. It must never write to a socket on which TLS speaks.
 */
import type { Socket } from "node:net";
import type { SessionWire } from "../session-guard.ts";

/** libuv's own figure of what the kernel has not taken; one flush of a session may be megabytes. */
type WithQueue = Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null };

/** `raw` is what was accepted: the TCP socket, below TLS if there is TLS. */
export function sessionWire(raw: Socket, isTls: boolean): SessionWire {
  const queuedBytes = (): number => (raw as WithQueue)._handle?.writeQueueSize ?? 0;
  const announce = (frame: Uint8Array): boolean => {
    if (raw.writable) raw.write(frame);
    return raw.writable;
  };
  return { takenBytes: () => raw.bytesWritten - queuedBytes(), queuedBytes, announce: isTls ? null : announce };
}

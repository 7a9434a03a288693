/**
 * How much of the write that is under way the kernel has not taken. `writableLength` shows whole writes only, and one may be megabytes:
 * without this figure a slow reader of a large message could not be told from one that has stopped. It must only be read.
 */
import type { Duplex } from "node:stream";

type WithQueue = Duplex & { readonly _handle?: { readonly writeQueueSize?: number } | null };

/** Bytes; null where the socket does not tell. */
export function inFlightBytes(socket: Duplex): number | null {
  return (socket as WithQueue)._handle?.writeQueueSize ?? null;
}

/**
 * What of HTTP/2's wire and of Node's sessions the guard needs by number, or by a way around: error codes, frames, sizes. It writes to
 * no socket.
 */
import type { ServerHttp2Session } from "node:http2";
import type { EndCode } from "../ends.ts";

/** Error codes (RFC 9113, section 7) that the guard sends or reads. */
export const http2Errors = { NO_ERROR: 0, PROTOCOL_ERROR: 1, SETTINGS_TIMEOUT: 4, CANCEL: 8, ENHANCE_YOUR_CALM: 11 } as const;

/** GOAWAY(2^31-1, NO_ERROR) as a frame: "open no more; whatever you have opened is served" (RFC 9113, section 6.8). */
export function announcement(): Uint8Array {
  return Uint8Array.of(0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0);
}

/** Sizes of frames that a server sends because it was asked; with TLS at the most, each in a record of its own. */
export const wireBytes = { ping: 17, pingInTls: 64, settingsAck: 9 } as const;

const errors: Partial<Record<EndCode, number>> = {
  ping_flood: http2Errors.ENHANCE_YOUR_CALM,
  reset_flood: http2Errors.ENHANCE_YOUR_CALM,
  settings_flood: http2Errors.ENHANCE_YOUR_CALM,
  stray_flood: http2Errors.ENHANCE_YOUR_CALM,
  slow_reader: http2Errors.ENHANCE_YOUR_CALM,
  handshake_timeout: http2Errors.SETTINGS_TIMEOUT,
  protocol_error: http2Errors.PROTOCOL_ERROR,
};

/** What the GOAWAY says to a session that is ended at once. */
export function errorOf(code: EndCode): number {
  return errors[code] ?? http2Errors.NO_ERROR;
}

/** What stands in that GOAWAY beside the code: clients of gRPC ping half as often after it (gRPC's proposal A8). */
export function debugDataOf(code: EndCode): string | null {
  return code === "ping_flood" ? "too_many_pings" : null;
}

/**
 * Destroys a session with an error code in its GOAWAY. Node replaces the code when it is given without an error, unless that
 * is null; a real error would be emitted, to the host, as one of its own.
 */
export function destroyWith(session: ServerHttp2Session, error: number, debugData: string | null = null): void {
  // The one that destroying sends has no room for it, so that there are two.
  if (debugData !== null && !session.destroyed) session.goaway(error, 0, Buffer.from(debugData));
  session.destroy(null as unknown as Error, error);
}

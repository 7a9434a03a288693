/**
 * A host's SNI callback that can neither throw into the event loop nor answer twice. One that fails costs its client the handshake and
 * nobody else anything: an exception there used to end the process (CVE-2026-21637).
 */
import { TLSSocket } from "node:tls";
import type { SniCallback } from "../options.ts";

/** `internal_error`, fatal, as it is sent before there are keys: Node itself would destroy the socket without a word. */
export const internalErrorAlert = Buffer.from("15030300020250", "hex");

/** Told of each failure before the handshake is ended. The socket is null when Node no longer calls its callback as a method. */
export type SniFailed = (socket: TLSSocket | null, servername: string, error: Error) => void;

export function guardedSni(given: SniCallback, failed: SniFailed): SniCallback {
  return function (this: unknown, servername, done) {
    let answered = false;
    const refuse = (cause: unknown): void => {
      if (answered) return;
      answered = true;
      const error = cause instanceof Error ? cause : new Error(String(cause));
      failed(this instanceof TLSSocket ? this : null, servername, error);
      done(error);
    };
    try {
      given(servername, (error, context) => {
        if (error !== null && error !== undefined) return refuse(error);
        if (answered) return;
        answered = true;
        done(null, context);
      });
    } catch (error) {
      refuse(error);
    }
  };
}

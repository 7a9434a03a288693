/**
 * A host's SNI callback that can neither throw into the event loop nor answer twice. One that fails costs its client the handshake, with an
 * alert: Node would destroy the socket without a word, and older versions of it the process (CVE-2026-21637).
 */
import { createSecureContext } from "node:tls";
import type { SniCallback } from "../options.ts";

/** A context without a certificate: OpenSSL answers every handshake in it with `handshake_failure`. */
const refusing = createSecureContext({});

export function guardedSni(given: SniCallback, failed: (servername: string, error: unknown) => void): SniCallback {
  return (servername, done) => {
    let answered = false;
    const refuse = (error: unknown): void => {
      if (answered) return;
      answered = true;
      failed(servername, error);
      done(null, refusing);
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

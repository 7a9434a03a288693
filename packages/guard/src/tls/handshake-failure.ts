/**
 * Why a handshake failed, as one of a few words that counters and logs can carry. Pure. OpenSSL has hundreds of reasons, and a peer chooses
 * which of them it causes: none of them may become a name of a metric.
 */

import type { EndCode } from "../ends.ts";

interface FailureDoc {
  readonly meaning: string;
  readonly remedy: string;
}

/** Every reason; docs/tls.md is made from it. */
export const handshakeFailures = {
  handshake_timeout: { meaning: "Not finished `handshakeMs` after the accept", remedy: "A probe or an attack if it never says a word; else a slow path" },
  peer_closed: { meaning: "The peer ended or reset the connection before the handshake was done", remedy: "Health checks that only connect do this" },
  not_tls: {
    meaning: "What the peer sent is not TLS",
    remedy: "`http:` or `ws:` towards a port of `https:`, or a PROXY header that the listener does not expect",
  },
  protocol_version: { meaning: "The peer speaks no version that is allowed", remedy: "Update the client; `minVersion` below TLS 1.2 is not offered" },
  no_shared_cipher: {
    meaning: "No cipher or signature in common, or the SNI callback had no context",
    remedy: "Look at `ciphers`, and at the kind of the key",
  },
  no_application_protocol: { meaning: "ALPN without a protocol in common", remedy: "Look at `alpn`" },
  client_certificate: { meaning: "The peer's certificate is missing or not to be trusted", remedy: "Look at `clientCaFile`" },
  sni_failed: { meaning: "`sniCallback` threw or failed", remedy: "Read its error under `sni_callback_failed`" },
  peer_alert: { meaning: "The peer refused: most often it does not trust our certificate", remedy: "Send the whole chain in `certFile`" },
  malformed: { meaning: "A TLS message that OpenSSL does not take", remedy: "None: a scanner, or a box that changes bytes" },
  front_closed: { meaning: "The listener is closing", remedy: "None: the peer finds another node" },
  internal: { meaning: "Our side failed", remedy: "Read the error in the log" },
} as const satisfies Readonly<Record<string, FailureDoc>>;

export type HandshakeFailure = keyof typeof handshakeFailures;

/** The end of a connection whose handshake failed. */
export function endOfHandshake(reason: HandshakeFailure, error: NodeJS.ErrnoException): EndCode {
  if (reason === "front_closed") return "draining";
  // Node says ECONNRESET of peers that closed as well; only what came of the kernel names a call.
  if (reason === "peer_closed") return error.code === "ECONNRESET" && error.syscall !== undefined ? "peer_reset" : reason;
  return reason === "handshake_timeout" ? reason : "tls_failed";
}

/** What is known of a handshake that failed. */
export interface FailureFacts {
  /** `code` of Node's error, such as `ERR_SSL_NO_SHARED_CIPHER`. */
  readonly errorCode: string | null;
  /** Whether a certificate of the peer was looked at and refused. */
  readonly certificateRefused: boolean;
  /** Whether the first bytes already were no TLS. */
  readonly startedAsTls: boolean;
}

const reasonsByCode: ReadonlyMap<string, HandshakeFailure> = new Map<string, HandshakeFailure>([
  ...["ECONNRESET", "EPIPE", "ECONNABORTED", "ETIMEDOUT", "ERR_SSL_UNEXPECTED_EOF_WHILE_READING"].map((code) => [code, "peer_closed"] as const),
  ...["ERR_SSL_HTTP_REQUEST", "ERR_SSL_HTTPS_PROXY_REQUEST", "ERR_SSL_WRONG_VERSION_NUMBER"].map((code) => [code, "not_tls"] as const),
  ...["ERR_SSL_UNSUPPORTED_PROTOCOL", "ERR_SSL_VERSION_TOO_LOW", "ERR_SSL_VERSION_TOO_HIGH"].map((code) => [code, "protocol_version"] as const),
  ...["ERR_SSL_NO_SHARED_CIPHER", "ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM", "ERR_SSL_NO_SUITABLE_KEY_SHARE", "ERR_SSL_NO_SUITABLE_GROUPS"].map(
    (code) => [code, "no_shared_cipher"] as const,
  ),
  ["ERR_SSL_NO_APPLICATION_PROTOCOL", "no_application_protocol"],
  ["ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", "client_certificate"],
]);

/** The word for a failure of OpenSSL or the socket. */
export function failureOf({ errorCode, certificateRefused, startedAsTls }: FailureFacts): HandshakeFailure {
  if (certificateRefused) return "client_certificate";
  if (!startedAsTls) return "not_tls";
  const known = errorCode === null ? undefined : reasonsByCode.get(errorCode);
  if (known !== undefined) return known;
  if (errorCode === null || !errorCode.startsWith("ERR_SSL_")) return "internal";
  return errorCode.includes("_ALERT_") ? "peer_alert" : "malformed";
}

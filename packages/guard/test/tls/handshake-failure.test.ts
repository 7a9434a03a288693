import assert from "node:assert/strict";
import { it } from "node:test";
import { failureOf } from "../../src/tls/handshake-failure.ts";

const of = (errorCode: string | null, more = {}): string => failureOf({ errorCode, certificateRefused: false, startedAsTls: true, ...more });

it("has a word for what OpenSSL says", () => {
  assert.equal(of("ERR_SSL_UNSUPPORTED_PROTOCOL"), "protocol_version");
  assert.equal(of("ERR_SSL_NO_SHARED_CIPHER"), "no_shared_cipher");
  assert.equal(of("ERR_SSL_NO_APPLICATION_PROTOCOL"), "no_application_protocol");
  assert.equal(of("ERR_SSL_HTTP_REQUEST"), "not_tls");
  assert.equal(of("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA"), "peer_alert");
  assert.equal(of("ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE"), "peer_alert");
  assert.equal(of("ECONNRESET"), "peer_closed");
});

it("has one word for all that it does not know of TLS, and another for the rest", () => {
  assert.equal(of("ERR_SSL_LENGTH_TOO_SHORT"), "malformed");
  assert.equal(of("ERR_SSL_A_REASON_OF_TOMORROW"), "malformed");
  assert.equal(of("EMFILE"), "internal");
  assert.equal(of(null), "internal");
});

it("believes what is known otherwise before the error", () => {
  assert.equal(of("ECONNRESET", { certificateRefused: true }), "client_certificate");
  assert.equal(of("ERR_SSL_PACKET_LENGTH_TOO_LONG", { startedAsTls: false }), "not_tls");
});

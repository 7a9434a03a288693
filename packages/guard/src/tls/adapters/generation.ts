/**
 * One generation of ticket keys: a TLS server that never listens and gets its connections handed over. There is one for each, because a TLS
 * context of Node knows a single key: it compares the name in a ticket with its own and can do nothing about another.
 * A generation that is dropped ends nothing: its connections keep it alive until the last of them has gone.
 */
import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type SecureContextOptions, type Server, type TLSSocket, type TlsOptions } from "node:tls";
import type { LoadedPair } from "../certificate-store.ts";
import type { SniCallback, TlsFrontOptions } from "../options.ts";

/** Node's own deadline only watches for silence and would be renewed by each byte; ours comes first. */
const nodeHandshakeSpareMs = 60_000;

export interface GenerationSettings {
  readonly period: number;
  readonly keys: Uint8Array;
  readonly sessionContext: string;
  readonly options: TlsFrontOptions;
  readonly sniCallback: SniCallback | null;
}

export interface GenerationEvents {
  secure(socket: TLSSocket): void;
  failed(error: Error, socket: TLSSocket): void;
}

/** Everything of a TLS context that is the same for each generation. */
export function contextOptions(pair: LoadedPair, { passphrase, minVersion, ciphers }: TlsFrontOptions): SecureContextOptions {
  return {
    cert: pair.cert,
    key: pair.key,
    minVersion,
    ciphers,
    // TLS 1.3 has no renegotiation; in 1.2 it costs the server a handshake at the client's whim (CVE-2011-1473).
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(passphrase === null ? {} : { passphrase }),
    ...(pair.clientCa === null ? {} : { ca: pair.clientCa }),
  };
}

export class Generation {
  readonly period: number;
  readonly #settings: GenerationSettings;
  readonly #server: Server;

  constructor(settings: GenerationSettings, pair: LoadedPair, events: GenerationEvents) {
    this.period = settings.period;
    this.#settings = settings;
    const { options, sniCallback } = settings;
    this.#server = createServer({
      ...this.#contextOptions(pair),
      ALPNProtocols: [...options.alpn],
      handshakeTimeout: options.handshakeMs + nodeHandshakeSpareMs,
      requestCert: options.clientCaFile !== null,
      rejectUnauthorized: options.clientCaFile !== null,
      ...(sniCallback === null ? {} : { SNICallback: sniCallback }),
    });
    this.#server.on("secureConnection", (socket) => events.secure(socket));
    this.#server.on("tlsClientError", (error, socket) => events.failed(error, socket));
  }

  /** Begins the handshake on a raw connection. What it has put back with `unshift` is read first. */
  take(raw: Socket): void {
    this.#server.emit("connection", raw);
  }

  /** Another certificate for handshakes that begin from now on. */
  use(pair: LoadedPair): void {
    this.#server.setSecureContext(this.#contextOptions(pair));
  }

  /** With the ticket keys, which a new context would make up otherwise: every ticket that clients hold would be lost. */
  #contextOptions(pair: LoadedPair): SecureContextOptions & Pick<TlsOptions, "ticketKeys"> {
    const { keys, sessionContext, options } = this.#settings;
    return {
      ...contextOptions(pair, options),
      ticketKeys: Buffer.from(keys),
      sessionIdContext: sessionContext,
      sessionTimeout: Math.floor(options.ticketLifeMs / 1_000),
    };
  }
}

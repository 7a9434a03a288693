/**
 * The TLS front: raw connections in, secure ones out. It peeks at the first message, finds the generation of ticket keys that the ticket in
 * it was made with, and hands the connection over. It never touches a connection again once its handshake is done: rotation, reload and
 * `close` leave it alone. It arms no timers; `check` is called by whoever sweeps.
 */
import type { Socket } from "node:net";
import { createSecureContext, type TLSSocket } from "node:tls";
import type { Clock, Rng } from "@holdfast/protocol";
import { nodeEnv } from "../../adapters/env.ts";
import { rawOf } from "../../adapters/socket-port.ts";
import type { TlsFacts } from "../../connection.ts";
import { CertificateError, CertificateStore, type LoadedPair, type PairFault } from "../certificate-store.ts";
import { failureOf, type HandshakeFailure } from "../handshake-failure.ts";
import { resolveTlsOptions, type SniCallback, secretBytes, type TlsFrontOptions, type TlsFrontSettings } from "../options.ts";
import { honouredPeriods, periodAt, sessionContextFor, ticketKeysFor, ticketName, ticketSecretBytesMin } from "../ticket-keys.ts";
import { type CertificateFacts, newTlsCounters, type Reload, type TicketAge, type TlsCounters, type TlsEvents, type TlsFront } from "../tls-front.ts";
import { CertificateFiles } from "./certificate-files.ts";
import { contextOptions, Generation } from "./generation.ts";
import { Handshake } from "./handshake.ts";
import { guardedSni, internalErrorAlert, type SniFailed } from "./sni.ts";

/** What of the world a front needs. */
export interface FrontEnv {
  readonly clock: Pick<Clock, "monoMs" | "wallMs">;
  readonly rng: Rng;
}

/** A secret for this process alone. */
const madeUp = (rng: Rng): Uint8Array => new Uint8Array(Uint32Array.from({ length: ticketSecretBytesMin / 4 }, () => rng.u32()).buffer);

/** Starts a front. Throws when an option is wrong or the certificate cannot be used: a listener without one is of no use. */
export function tlsFront(settings: TlsFrontSettings, events: TlsEvents, env: FrontEnv = nodeEnv): TlsFront {
  const options = resolveTlsOptions(settings);
  const files = new CertificateFiles(options);
  const { pair, stamp } = files.loadNow();
  if ("fault" in pair) throw new CertificateError(pair);
  const refused = tried(pair, options);
  if (refused !== null) throw new CertificateError(refused);
  return new Front(options, { files, pair, stamp }, events, env);
}

/** Whether OpenSSL makes a context of it: keys may be too small for it, or ciphers unknown. */
function tried(pair: LoadedPair, options: TlsFrontOptions): PairFault | null {
  try {
    createSecureContext(contextOptions(pair, options));
    return null;
  } catch (error) {
    return { fault: "context_refused", message: error instanceof Error ? error.message : String(error) };
  }
}

const ages: Readonly<Record<string, TicketAge>> = { "1": "next", "0": "current", "-1": "previous", "-2": "oldest" };

interface First {
  readonly files: CertificateFiles;
  readonly pair: LoadedPair;
  readonly stamp: string;
}

class Front implements TlsFront {
  readonly #options: TlsFrontOptions;
  readonly #events: TlsEvents;
  readonly #clock: FrontEnv["clock"];
  readonly #counters: TlsCounters = newTlsCounters();
  readonly #secret: Uint8Array;
  readonly #firstPeriod: number | undefined;
  readonly #sniCallback: SniCallback | null;
  readonly #store: CertificateStore;
  #pair: LoadedPair;
  /** By the name of their keys. */
  #generations: ReadonlyMap<string, Generation> = new Map();
  #current!: Generation;
  /** Handshakes under way, in the order of their deadlines: all have the same time. */
  readonly #handshakes = new Map<Socket, Handshake>();
  #closed = false;

  constructor(options: TlsFrontOptions, { files, pair, stamp }: First, events: TlsEvents, { clock, rng }: FrontEnv) {
    this.#options = options;
    this.#events = events;
    this.#clock = clock;
    this.#pair = pair;
    const { ticketSecret, ticketRotateMs, sniCallback } = options;
    this.#secret = ticketSecret === null ? madeUp(rng) : secretBytes(ticketSecret);
    // A secret that was made up just now has made no tickets before.
    this.#firstPeriod = ticketSecret === null ? periodAt(clock.wallMs(), ticketRotateMs) : undefined;
    this.#sniCallback = sniCallback === null ? null : guardedSni(sniCallback, this.#sniFailed);
    if (ticketSecret === null) {
      events.said({ code: "tickets_local", level: "info", message: "no `ticketSecret`: sessions are resumed by this process alone" });
    }
    this.#store = new CertificateStore(
      files,
      { pair, stamp },
      options,
      { use: (next) => this.#use(next), said: (notice) => events.said(notice) },
      this.#counters,
    );
    this.rotate(clock.wallMs());
  }

  get certificate(): CertificateFacts {
    return this.#store.facts;
  }

  get handshaking(): number {
    return this.#handshakes.size;
  }

  get generations(): number {
    return this.#generations.size;
  }

  get counters(): Readonly<TlsCounters> {
    return this.#counters;
  }

  accept(raw: Socket): void {
    this.#counters.accepted++;
    const handshake = new Handshake(raw, this.#clock.monoMs() + this.#options.handshakeMs, {
      peeked: (each) => this.#peeked(each),
      lost: (each, error) => this.#fail(each, "peer_closed", error, null),
    });
    this.#handshakes.set(raw, handshake);
    if (this.#closed) return this.#fail(handshake, "front_closed", new Error("the listener is closing"), null);
    // Sockets of a plain `http` server stay open behind their peer's end: Node would wait for the rest of a handshake, and its HTTP/2 for the
    // socket to close. A secure socket ends with its peer, as those of `https`.
    raw.allowHalfOpen = false;
    if (raw.destroyed) return this.#fail(handshake, "peer_closed", raw.errored ?? new Error("the connection has ended"), null);
    handshake.start();
  }

  check(nowMs: number): void {
    for (const handshake of this.#handshakes.values()) {
      if (handshake.deadlineMs > nowMs) break;
      this.#fail(handshake, "handshake_timeout", new Error(`no TLS handshake within ${this.#options.handshakeMs} ms`), null);
    }
    if (this.#closed) return;
    const nowWallMs = this.#clock.wallMs();
    this.rotate(nowWallMs);
    this.#store.check(nowMs, nowWallMs);
  }

  rotate(nowWallMs: number): void {
    const { ticketRotateMs, ticketSkewMs } = this.#options;
    const { current, all } = honouredPeriods(nowWallMs, ticketRotateMs, ticketSkewMs, this.#firstPeriod);
    const kept = new Map([...this.#generations].map(([name, each]) => [each.period, { name, each }]));
    if (kept.size === all.length && all.every((period) => kept.has(period)) && this.#current.period === current) return;
    const before = this.#generations.size === 0 ? null : this.#current.period;
    const next = new Map<string, Generation>();
    for (const period of all) {
      const known = kept.get(period);
      const { name, each } = known ?? this.#generation(period);
      next.set(name, each);
      if (period === current) this.#current = each;
    }
    this.#generations = next;
    if (before === null || before === current) return;
    this.#counters.rotations++;
    this.#events.said({ code: "tickets_rotated", level: "info", message: `period ${current}; ${next.size} keys are read` });
  }

  reload(): Promise<Reload> {
    return this.#store.reload(this.#clock.wallMs());
  }

  close(): void {
    this.#closed = true;
    for (const handshake of this.#handshakes.values()) this.#fail(handshake, "front_closed", new Error("the listener is closing"), null);
  }

  #generation(period: number): { readonly name: string; readonly each: Generation } {
    const keys = ticketKeysFor(this.#secret, this.#options.ticketRotateMs, period);
    const settings = { period, keys, sessionContext: sessionContextFor(this.#secret), options: this.#options, sniCallback: this.#sniCallback };
    const each = new Generation(settings, this.#pair, {
      secure: (socket) => this.#secured(socket),
      failed: (error, socket) => this.#failed(error, socket),
    });
    return { name: ticketName(keys), each };
  }

  #use(pair: LoadedPair): PairFault | null {
    const refused = tried(pair, this.#options);
    if (refused !== null) return refused;
    this.#pair = pair;
    for (const generation of this.#generations.values()) generation.use(pair);
    return null;
  }

  #peeked(handshake: Handshake): void {
    const names = handshake.hello?.ticketNames ?? [];
    const known = names.map((name) => this.#generations.get(name)).find((each) => each !== undefined);
    if (names.length > 0) this.#counters.ticketsOffered++;
    if (names.length > 0 && known === undefined) this.#counters.ticketsUnknown++;
    handshake.ticketPeriod = known?.period ?? null;
    (known ?? this.#current).take(handshake.raw);
  }

  #secured(socket: TLSSocket): void {
    const raw = rawOf(socket);
    const handshake = this.#handshakes.get(raw);
    // Given up in the same turn.
    if (handshake === undefined) return void socket.destroy();
    this.#handshakes.delete(raw);
    const facts = factsOf(socket, handshake);
    this.#count(facts, handshake);
    this.#events.secure(socket, facts, raw);
  }

  #count({ resumed }: TlsFacts, { ticketPeriod }: Handshake): void {
    this.#counters.handshakes++;
    if (resumed) {
      this.#counters.resumed++;
      // Rotation may have come in between: then it is one older than it can be, and counts as the oldest.
      this.#counters.resumedByAge[ages[(ticketPeriod ?? 0) - this.#current.period] ?? "oldest"]++;
    } else if (ticketPeriod !== null) {
      this.#counters.ticketsRefused++;
    }
  }

  #failed(error: Error, socket: TLSSocket): void {
    const handshake = this.#handshakes.get(rawOf(socket));
    // Known already: we ended it ourselves.
    if (handshake === undefined) return;
    const errorCode = (error as NodeJS.ErrnoException).code ?? null;
    // Node leaves the reason there when it refuses a certificate, and nothing in the error.
    const certificateRefused = socket.authorizationError !== undefined && socket.authorizationError !== null;
    const reason = failureOf({ errorCode, certificateRefused, startedAsTls: handshake.startedAsTls });
    this.#fail(handshake, reason, error, socket);
  }

  #fail(handshake: Handshake, reason: HandshakeFailure, error: Error, socket: TLSSocket | null): void {
    const { raw, hello } = handshake;
    this.#handshakes.delete(raw);
    handshake.letGo();
    this.#counters.failed[reason]++;
    socket?.destroy();
    raw.destroy();
    this.#events.failed(raw, { reason, error, socket, sni: hello?.sni ?? null });
  }

  readonly #sniFailed: SniFailed = (socket, servername, error) => {
    this.#counters.sniFailures++;
    this.#events.said({ code: "sni_callback_failed", level: "error", message: `for ${JSON.stringify(servername.slice(0, 255))}: ${error.message}` });
    const handshake = socket === null ? undefined : this.#handshakes.get(rawOf(socket));
    if (handshake === undefined) return;
    handshake.raw.write(internalErrorAlert);
    this.#fail(handshake, "sni_failed", error, socket);
  };
}

function factsOf(socket: TLSSocket, { hello }: Handshake): TlsFacts {
  return {
    version: socket.getProtocol() ?? "unknown",
    cipher: socket.getCipher().name,
    alpn: typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : null,
    // A resumed session of TLS 1.3 does not tell its name again.
    sni: (socket as { readonly servername?: string | false }).servername || hello?.sni || null,
    resumed: socket.isSessionReused(),
  };
}

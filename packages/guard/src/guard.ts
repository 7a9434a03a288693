/**
 * `guard(server)`: everything that guard does, attached to one server or to several that share one table, one set of caps and one drain.
 * It changes nothing of what the host's listeners see, and reports what it finds contradictory instead of repairing it.
 */
import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Finding, PathOptions } from "@holdfast/path";
import type { Env } from "@holdfast/protocol";
import { type AnyServer, type Attachment, attachHttp } from "./adapters/attach.ts";
import { backgroundEnv } from "./adapters/env.ts";
import { descriptorsMax, descriptorsReserved, processResources } from "./adapters/resources.ts";
import { finishClosing, stopAccepting } from "./adapters/stop-accepting.ts";
import type { Connection, Ending } from "./connection.ts";
import { type ConnectionRow, rowOf } from "./connection-row.ts";
import { GuardCore } from "./core.ts";
import type { GuardCounters } from "./counters.ts";
import { type DrainTimes, drain } from "./drain.ts";
import type { EndCode } from "./ends.ts";
import { attachCleartext } from "./http2/adapters/attach-cleartext.ts";
import { type Http2Limits, resolveHttp2Limits } from "./http2/settings.ts";
import { type ProxiedListener, proxiedListener } from "./identity/adapters/proxied-listener.ts";
import type { ProxiedListenerOptions } from "./identity/options.ts";
import { proxyRefusals } from "./identity/refusals.ts";
import { Learner } from "./learner.ts";
import { type GuardOptions, optionWarnings, resolveGuardOptions } from "./options.ts";
import { withPath } from "./path-options.ts";
import { type AttachSettings, attachTls } from "./tls/adapters/attach-tls.ts";
import { endOfHandshake } from "./tls/handshake-failure.ts";
import { tlsOptionDocs } from "./tls/options.ts";
import { type HandshakeCounters, newHandshakeCounters, type Reload, type TlsFront, type TlsNotice } from "./tls/tls-front.ts";
import { type GuardedWebSockets, guardWebSockets } from "./websocket/guard-websockets.ts";
import type { WebSocketLimits } from "./websocket/limits.ts";
import type { WsServer } from "./websocket/ws-types.ts";

/** A connection that was turned away. */
export interface Refusal {
  readonly listener: string;
  readonly peer: string;
  readonly code: EndCode;
  readonly why: string;
}

/** What a guard tells as it happens. Calls must not throw. */
export interface GuardEvents {
  /** A connection has ended. */
  readonly ended?: (connection: ConnectionRow, ending: Ending) => void;
  /** A connection was turned away before it became one. */
  readonly refused?: (refusal: Refusal) => void;
  /** What TLS has to say: certificates loaded, refused, about to expire; keys rotated. */
  readonly notice?: (notice: TlsNotice) => void;
  /** Something that whoever runs the server should know: contradictions at the start, pressure later. */
  readonly warning?: (message: string) => void;
  /** What the ends of connections have come to tell, once for each timer; `warning` has it as a sentence. */
  readonly found?: (finding: Finding) => void;
}

/** One listener: what it is called, and what stands before it. */
export interface ListenerParts {
  /** Its name in the table, metrics and logs. Default: `http` or `https`. */
  readonly listener?: string;
  /** Protocols to which connections may be upgraded, in small letters. Others are refused with 426 `unsupported`, but for `h2c`, which is ignored. Default: `websocket`. */
  readonly upgrades?: readonly string[];
  /** The PROXY header that each of its connections begins with, and from whom it may come. Default: none. */
  readonly proxied?: ProxiedListenerOptions;
  /** TLS in front of the server: shared tickets, certificates that are reloaded. The server may be a plain one. Default: what the server does itself. */
  readonly tls?: AttachSettings;
  /** Serves the connections that begin with HTTP/2 where there is no TLS, for a plain `http` server. It must not listen itself. Default: none, such a connection is refused. */
  readonly h2c?: Http2Server;
  /** Limits of its HTTP/2 sessions. Default: docs/http2.md. */
  readonly http2?: Partial<Http2Limits>;
  /** Told of a session that takes no more requests from now on: what runs on it has `remainingMs` to end, and is reset then. */
  readonly sessionLeft?: (session: ServerHttp2Session, remainingMs: number) => void;
}

export interface GuardParts extends GuardEvents, ListenerParts {
  readonly env?: Env;
}

/** A guard's handle. */
export interface Guard {
  readonly options: GuardOptions;
  readonly counters: GuardCounters;
  /** What was found contradictory so far, one sentence each; at most 100. */
  readonly warnings: readonly string[];
  /** False from the beginning of a drain: what a readiness probe is to answer. */
  readonly ready: boolean;
  /** Guards another server's connections with the same caps; options that are not given are those of the first. Before it listens. */
  attach(server: AnyServer, options?: Partial<GuardOptions> & PathOptions, parts?: ListenerParts): void;
  /** The TLS fronts, of the listeners that have one: certificates, sessions resumed, failures by reason. */
  readonly fronts: readonly TlsFront[];
  /** TLS handshakes, by listener with TLS: its front's, or, without one, those of its server. */
  readonly handshakes: readonly Readonly<HandshakeCounters>[];
  /** Reads certificates and keys again; a bad pair is refused, and the one before it stays. Drops no connection. */
  reloadTls(): Promise<Reload[]>;
  /** The connections that are open now. */
  connections(): ConnectionRow[];
  /** What the ends of connections tell of the path so far: a spike of silence names a hop. */
  findings(): readonly Finding[];
  /** How many addresses they come from, as `perAddressMax` counts them. */
  readonly addresses: number;
  /** Ends a connection at once. False: there is none of that id. */
  kill(id: string): boolean;
  /** Names whose connection that of `socket`, or of an HTTP/2 session, is, null for nobody's any more; false: that subject has too many. */
  setSubject(socket: Socket | ServerHttp2Session, subject: string | null): boolean;
  /**
   * Lets an HTTP/2 session take no more requests, in two steps where that is possible; what is open on it has `drainMs` to end, if that
   * is less than what a drain leaves it. For a host that leaves, and has told its clients so.
   */
  leaveSession(session: ServerHttp2Session, drainMs: number): void;
  /** Resets the connection of `socket` for the host, the raw one under TLS: what is queued is not delivered. False: it is none of this guard's. */
  reset(socket: Socket): boolean;
  /** Guards the sockets of a `ws` server whose upgrades come over a guarded server. Call it before the server listens. */
  webSockets(server: WsServer, limits?: Partial<WebSocketLimits>): GuardedWebSockets;
  /** Open descriptors of the process, and their limit. */
  descriptors(): { readonly open: number; readonly max: number | null };
  /** Readiness says no from now on, and every answer is the last of its connection; new ones are still taken. The first step of a drain. */
  unready(): void;
  /**
   * Lets every connection end after its present answer, stops listening, and resolves when none is left or the time is over. Times that are
   * not given are those of the options, and a window of half the time. Calling it again waits for the same.
   */
  drain(times?: Partial<DrainTimes>): Promise<void>;
  /** Lets go of the servers; what is open is not watched any more. */
  release(): void;
}

const warningsMax = 100;

class NodeGuard implements Guard {
  readonly options: GuardOptions;
  readonly warnings: string[] = [];
  readonly #core: GuardCore;
  readonly #events: GuardEvents;
  readonly #given: Partial<GuardOptions>;
  readonly #resources: ReturnType<typeof processResources>;
  readonly #servers: {
    readonly server: AnyServer;
    readonly attachment: Attachment;
    readonly proxied: ProxiedListener | null;
    readonly front: TlsFront | null;
    readonly handshakes: HandshakeCounters | null;
  }[] = [];
  #draining: Promise<void> | null = null;

  constructor(asked: Partial<GuardOptions> & PathOptions, isTls: boolean, parts: GuardParts) {
    const { options: given, remarks } = withPath(asked);
    this.#given = given;
    this.#events = parts;
    const resolved = resolveGuardOptions(given, isTls);
    const room = (descriptorsMax() ?? Number.POSITIVE_INFINITY) - descriptorsReserved;
    if (room < resolved.connectionsMax) {
      this.#warn(
        `ulimit -n is ${room + descriptorsReserved}: connectionsMax is lowered from ${resolved.connectionsMax} to ${room}; set it to at least ${resolved.connectionsMax + descriptorsReserved} for all of them`,
      );
    }
    this.options = Object.freeze({ ...resolved, connectionsMax: Math.max(1, Math.min(resolved.connectionsMax, room)) });
    for (const warning of [...optionWarnings(this.options, asked.path !== undefined), ...remarks]) this.#warn(warning);
    this.#resources = processResources(() => this.#core.table.size, this.options.connectionsMax);
    this.#core = new GuardCore(this.options, parts.env ?? backgroundEnv, this.#resources, {
      ended: (connection, ending) => this.#ended(connection, ending),
      warning: (message) => this.#warn(message),
    });
    const learner = new Learner(this.counters.silences, (finding) => this.#learned(finding));
    this.#core.everySweep.push((nowMs) => learner.check(nowMs));
  }

  #learned(finding: Finding): void {
    // A client's pool that closes first is as it should be: nobody is warned of it.
    if (finding.severity !== "info") this.#warn(`${finding.title}; ${finding.advice[0]} (${finding.code})`);
    this.#events.found?.(finding);
  }

  get counters(): GuardCounters {
    return this.#core.counters;
  }
  get ready(): boolean {
    return !this.#core.draining;
  }
  get addresses(): number {
    return this.#core.table.addresses;
  }

  attach(server: AnyServer, asked: Partial<GuardOptions> & PathOptions = {}, parts: ListenerParts = {}): void {
    const { options: given, remarks } = withPath(asked);
    for (const remark of remarks) this.#warn(remark);
    const isTls = "setSecureContext" in server || parts.tls !== undefined;
    if (isTls && parts.h2c !== undefined) throw new TypeError("Expected no `h2c` for a listener with TLS: there ALPN decides");
    const options = resolveGuardOptions({ ...this.#given, ...given }, isTls);
    const name = parts.listener ?? (isTls ? "https" : "http");
    const { env } = this.#core;
    let front: TlsFront | null = null;
    const certificateMs = (): number => (front === null ? Number.POSITIVE_INFINITY : front.certificate.notAfterMs - env.clock.wallMs());
    const upgrades = parts.upgrades ?? ["websocket"];
    const handshakes = isTls && parts.tls === undefined ? newHandshakeCounters() : null;
    const listener = {
      name,
      handshakes,
      options,
      isTls,
      handshakeMs: handshakeMsOf(options, parts.tls),
      upgrades,
      http2: resolveHttp2Limits(parts.http2),
      certificateMs,
      h2: parts.tls?.h2 ?? parts.h2c,
      sessionLeft: parts.sessionLeft,
    };
    const attachment = attachHttp(this.#core, server, listener);
    if (parts.h2c !== undefined) attachCleartext(server, parts.h2c, (socket) => attachment.speaks(socket));
    if (parts.tls !== undefined) front = this.#tls(server, parts.tls, attachment);
    // Outermost: whatever else looks at a connection sees the client, and not the proxy.
    const proxied = parts.proxied === undefined ? null : this.#proxied(server, name, parts.proxied);
    this.#servers.push({ server, attachment, proxied, front, handshakes });
  }

  #tls(server: AnyServer, settings: AttachSettings, attachment: Attachment): TlsFront {
    const front = attachTls(server, settings, {
      failed: (raw, { reason, error }) => attachment.handshakeFailed(raw, endOfHandshake(reason, error)),
      said: (notice) => this.#events.notice?.(notice),
    });
    this.#core.everySweep.push((nowMs) => front.check(nowMs));
    return front;
  }

  #proxied(server: AnyServer, name: string, options: ProxiedListenerOptions): ProxiedListener {
    return proxiedListener(server, options, {
      refused: ({ code, why, peer }) => {
        this.#core.counters.refuse(proxyRefusals[code].end);
        this.#events.refused?.({ listener: name, peer: peer.address ?? "", code: proxyRefusals[code].end, why: `${code}: ${why}` });
      },
    });
  }

  get fronts(): TlsFront[] {
    return this.#servers.flatMap(({ front }) => (front === null ? [] : [front]));
  }

  get handshakes(): Readonly<HandshakeCounters>[] {
    return this.#servers.flatMap(({ front, handshakes }) => front?.counters ?? handshakes ?? []);
  }

  reloadTls(): Promise<Reload[]> {
    return Promise.all(this.fronts.map((front) => front.reload()));
  }

  connections(): ConnectionRow[] {
    const nowMs = this.#core.env.clock.monoMs();
    return Array.from(this.#core.table.values(), (connection) => rowOf(connection, nowMs));
  }

  findings(): readonly Finding[] {
    return this.counters.silences.spikes.map(({ finding }) => finding);
  }

  kill(id: string): boolean {
    const connection = this.#core.table.get(id);
    connection?.kill();
    return connection !== undefined;
  }

  setSubject(socket: Socket | ServerHttp2Session, subject: string | null): boolean {
    const connection = this.#connectionOf(socket);
    return connection === undefined || this.#core.setSubject(connection, subject);
  }

  leaveSession(session: ServerHttp2Session, drainMs: number): void {
    for (const part of this.#connectionOf(session)?.parts ?? []) part.leave?.({ windowMs: 0, drainMs });
  }

  reset(socket: Socket): boolean {
    const connection = this.#connectionOf(socket);
    connection?.reset("host_closed");
    return connection !== undefined;
  }

  webSockets(server: WsServer, limits: Partial<WebSocketLimits> = {}): GuardedWebSockets {
    return guardWebSockets(server, {
      watchedOf: (socket) => this.#connectionOf(socket),
      rng: this.#core.env.rng,
      limits,
      warn: (message) => this.#warn(message),
    });
  }

  #connectionOf(socket: Socket | ServerHttp2Session): Connection | undefined {
    for (const { attachment } of this.#servers) {
      const connection = attachment.connectionOf(socket);
      if (connection !== undefined) return connection;
    }
    return undefined;
  }

  descriptors(): { readonly open: number; readonly max: number | null } {
    return { open: this.#resources.descriptors(), max: descriptorsMax() };
  }

  unready(): void {
    this.#core.startDraining();
  }

  drain(times: Partial<DrainTimes> = {}): Promise<void> {
    const { drainMs, unreadyMs } = this.options;
    this.#draining ??= drain(this.#core, { drainMs, unreadyMs, windowMs: (times.drainMs ?? drainMs) / 2, ...times }, () => {
      for (const { server, proxied, front } of this.#servers) {
        proxied?.intake.close();
        front?.close();
        stopAccepting(server);
      }
    }).then(() => {
      for (const { server } of this.#servers) finishClosing(server);
    });
    return this.#draining;
  }

  release(): void {
    for (const { attachment, proxied, front } of this.#servers) {
      proxied?.detach();
      front?.close();
      attachment.detach();
    }
    this.#core.stop();
  }

  #ended(connection: Connection, ending: Ending): void {
    this.#events.ended?.(rowOf(connection, this.#core.env.clock.monoMs()), ending);
  }

  #warn(message: string): void {
    if (this.warnings.length < warningsMax) this.warnings.push(message);
    this.#events.warning?.(message);
  }
}

/** A front has a deadline of its own, which comes first and says more. */
function handshakeMsOf({ headersMs }: GuardOptions, tls: AttachSettings | undefined): number {
  return tls === undefined ? headersMs : headersMs + (tls.handshakeMs ?? tlsOptionDocs.handshakeMs.default);
}

/** Guards `server`. Throws a TypeError for bad options; call it before the server listens. */
export function guard(server: AnyServer, options: Partial<GuardOptions> & PathOptions = {}, parts: GuardParts = {}): Guard {
  const made = new NodeGuard(options, "setSecureContext" in server || parts.tls !== undefined, parts);
  made.attach(server, {}, parts);
  return made;
}

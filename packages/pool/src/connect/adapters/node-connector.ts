/**
 * Connections as Node makes them: the name is asked anew, addresses race, TLS sessions are resumed, and each phase is timed. A connection
 * that failed, came too late or is not wanted any more leaves no socket behind.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { nodePoolEnv } from "../../adapters/env.ts";
import { PoolError } from "../../pool-error.ts";
import { attemptOrder } from "../address-order.ts";
import { AttemptRace } from "../attempt-race.ts";
import { type Address, type Alpn, type Connected, type Connector, type Target, type TlsOptions, targetKey } from "../connector.ts";
import { type ConnectOptions, resolveConnectOptions } from "../options.ts";
import { SessionCache } from "../session-cache.ts";
import { destroyQuietly, secure, tcpDial } from "./dial.ts";
import { asAddress, nodeLookup, Resolver } from "./resolver.ts";

/** A connector of its own: sessions and resolved names are shared by the pools that it is given to. */
export function nodeConnector(given: Partial<ConnectOptions> = {}): Connector {
  return new NodeConnector(resolveConnectOptions(given));
}

const { clock } = nodePoolEnv;

class NodeConnector implements Connector {
  readonly #options: ConnectOptions;
  readonly #resolver: Resolver;
  readonly #sessions: SessionCache;
  /** Numbers TLS options by identity: functions among them can not be compared. */
  readonly #tlsIds = new WeakMap<TlsOptions, number>();
  #tlsCount = 0;

  constructor(options: ConnectOptions) {
    this.#options = options;
    this.#resolver = new Resolver(options.lookup ?? nodeLookup, options.dnsCacheMs, clock);
    this.#sessions = new SessionCache(options.tlsSessionsMax);
  }

  get tlsSessions(): number {
    return this.#sessions.size;
  }

  resolve(host: string): Promise<readonly Address[]> {
    return this.#resolver.resolve(host);
  }

  readonly connect = async (target: Target, signal: AbortSignal): Promise<Connected> => {
    signal.throwIfAborted();
    const { connectTimeoutMs } = this.#options;
    const ended = new AbortController();
    const late = clock.after(connectTimeoutMs, () =>
      ended.abort(new PoolError("connect_timeout", `no connection to ${target.host}:${target.port} within ${connectTimeoutMs} ms`)),
    );
    const onAbort = (): void => ended.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await this.#connect(target, ended.signal);
    } catch (cause) {
      if (ended.signal.aborted) throw ended.signal.reason;
      if (cause instanceof PoolError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new PoolError("connect_failed", `no connection to ${target.host}:${target.port}: ${why}`, { cause });
    } finally {
      late.cancel();
      signal.removeEventListener("abort", onAbort);
    }
  };

  async #connect(target: Target, signal: AbortSignal): Promise<Connected> {
    const startMs = clock.monoMs();
    const literal = asAddress(target.host);
    const addresses = literal === null ? await orAborted(this.#resolver.resolve(target.host), signal) : [literal];
    const resolvedMs = clock.monoMs();
    const { socket, address } = await this.#race(attemptOrder(addresses, this.#options.addressesMax), target.port, signal);
    const connectedMs = clock.monoMs();
    const { tcpKeepAliveMs } = this.#options;
    if (tcpKeepAliveMs !== "never") socket.setKeepAlive(true, tcpKeepAliveMs);
    const plain = {
      peer: address.family === 6 ? `[${address.address}]:${target.port}` : `${address.address}:${target.port}`,
      address: address.address,
      phases: { dnsMs: literal === null ? resolvedMs - startMs : null, tcpMs: connectedMs - resolvedMs, tlsMs: null },
    };
    if (target.scheme === "http:") return { ...plain, socket, protocol: target.alpn[0] ?? "http/1.1", tls: null };
    const secured = await this.#secure(socket, target, signal);
    return {
      ...plain,
      socket: secured,
      protocol: spoken(secured, target),
      tls: { version: secured.getProtocol() ?? "", resumed: secured.isSessionReused() },
      phases: { ...plain.phases, tlsMs: clock.monoMs() - connectedMs },
    };
  }

  #race(addresses: readonly Address[], port: number, signal: AbortSignal): Promise<{ socket: Socket; address: Address }> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const onAbort = (): void => {
        race.abandon();
        reject(signal.reason);
      };
      const race = new AttemptRace(addresses, tcpDial(port), this.#options.attemptDelayMs, clock, {
        won: (socket, address) => {
          signal.removeEventListener("abort", onAbort);
          resolve({ socket, address });
        },
        lost: (errors) => {
          signal.removeEventListener("abort", onAbort);
          reject(errors.length === 1 ? errors[0] : new AggregateError(errors, errors.map(({ message }) => message).join("; ")));
        },
      });
      signal.addEventListener("abort", onAbort, { once: true });
      race.start();
    });
  }

  async #secure(socket: Socket, target: Target, signal: AbortSignal): Promise<TLSSocket> {
    const key = targetKey(target, this.#tlsId(target.tls));
    const session = this.#sessions.take(key);
    try {
      return await secure({ socket, target, session, onSession: (each) => this.#sessions.keep(key, each) }, signal);
    } catch (error) {
      // A session that the server can not bear must not fail the next handshake too.
      if (session !== undefined) this.#sessions.drop(key);
      destroyQuietly(socket);
      throw error;
    }
  }

  #tlsId(tls: TlsOptions | undefined): number {
    if (tls === undefined) return 0;
    const known = this.#tlsIds.get(tls);
    if (known !== undefined) return known;
    this.#tlsIds.set(tls, ++this.#tlsCount);
    return this.#tlsCount;
  }
}

/** What was negotiated; a server that does not negotiate speaks HTTP/1.1. */
function spoken(socket: TLSSocket, target: Target): Alpn {
  if (socket.alpnProtocol === "h2") return "h2";
  if (target.alpn.includes("http/1.1")) return "http/1.1";
  destroyQuietly(socket);
  throw new PoolError("connect_failed", `${target.host}:${target.port} does not offer h2 by ALPN`);
}

/** The answer, or the signal's reason when that comes first: a lookup can not be taken back. */
function orAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

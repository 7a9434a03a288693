/**
 * One origin that speaks what was negotiated. The first connection tells: until it stands only one is made, and who came meanwhile waits for
 * it. Where the server changes its mind later, so does this, with the next connection.
 *
 *   http/1.1 pool --- ALPN says h2: the connection goes over, who waits too ---> h2 sessions
 */
import type { Connected, Connector, Target } from "../../connect/connector.ts";
import type { PoolEnv } from "../../core/index.ts";
import { Http1Origin } from "../../http1/adapters/origin.ts";
import { PoolError } from "../../pool-error.ts";
import { coreOptions, type HttpPoolOptions } from "../options.ts";
import type { OriginKey } from "../origin-key.ts";
import type { ConnectionRow, DispatchHandler, DispatchOptions, OriginPool, OriginStats } from "../origin-pool.ts";
import type { RequestTimes } from "../request-times.ts";
import { bothOrigins } from "../totals.ts";
import { Http2OriginPool } from "./http2-origin.ts";

export interface NegotiatedSettings {
  readonly key: OriginKey;
  /** Where connections lead, when that is not the origin itself. */
  readonly address?: { readonly host: string; readonly port: number };
  readonly options: HttpPoolOptions;
  readonly connector: Connector;
  readonly times: RequestTimes;
  readonly env: PoolEnv;
}

export class NegotiatedOrigin implements OriginPool {
  readonly #settings: NegotiatedSettings;
  /** Null: only h2 is spoken. */
  readonly #http1: Http1Origin | null;
  /** What h2 can not carry (upgrades, callers that want HTTP/1.1) while h2 is spoken. */
  #beside: Http1Origin | null = null;
  #http2: OriginPool | null = null;
  #speaksHttp2 = false;
  /** Connections that were made before there was a session for them. */
  readonly #made: Connected[] = [];
  readonly #gone = new AbortController();

  constructor(settings: NegotiatedSettings) {
    this.#settings = settings;
    this.#speaksHttp2 = settings.options.http2 === "only";
    this.#http1 = this.#speaksHttp2 ? null : this.#makeHttp1(this.#asks);
    if (this.#asks) this.#http1?.pool.resize(1);
  }

  /** Whether the server is asked. */
  get #asks(): boolean {
    return this.#settings.options.http2 === "auto" && this.#settings.key.scheme === "https:";
  }

  get isIdle(): boolean {
    return this.#pools.every((pool) => pool.isIdle);
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    if (!this.#speaksHttp2 && this.#http1 !== null) {
      if (this.#asks && this.#http1.isCold) this.#http1.pool.resize(1);
      return this.#http1.dispatch(options, handler);
    }
    const isForHttp1 = this.#settings.options.http2 === "auto" && needsHttp1(options);
    if (!isForHttp1) return this.#sessions.dispatch(options, handler);
    this.#beside ??= this.#makeHttp1(false);
    return this.#beside.dispatch(options, handler);
  }

  stats(): OriginStats {
    const [first, ...others] = this.#pools.map((pool) => pool.stats());
    const all = others.reduce(bothOrigins, first as OriginStats);
    return this.#speaksHttp2 ? { ...all, protocol: "h2" } : all;
  }

  connections(): readonly ConnectionRow[] {
    return this.#pools.flatMap((pool) => pool.connections());
  }

  async close(): Promise<void> {
    // Who waits there may still go over to h2: so that is closed after it.
    await this.#http1?.close();
    await Promise.all(this.#pools.map((pool) => pool.close()));
    this.#end();
  }

  async destroy(error: Error): Promise<void> {
    this.#end();
    await Promise.all(this.#pools.map((pool) => pool.destroy(error)));
  }

  #end(): void {
    this.#gone.abort(new PoolError("closed", "The pool was closed"));
    for (const { socket } of this.#made.splice(0)) socket.destroy();
  }

  get #pools(): OriginPool[] {
    const pools = [this.#http2, this.#http1, this.#beside].filter((pool) => pool !== null);
    return pools.length === 0 ? [this.#sessions] : pools;
  }

  get #sessions(): OriginPool {
    const { key, options, times, env } = this.#settings;
    this.#http2 ??= new Http2OriginPool(key.origin, () => this.#connectHttp2(), options, times, env);
    return this.#http2;
  }

  async #connectHttp2(): Promise<Connected> {
    const waiting = this.#made.shift();
    if (waiting !== undefined && !waiting.socket.destroyed) return waiting;
    const { options, connector, key } = this.#settings;
    const made = await connector.connect(this.#target(options.http2 === "only" ? ["h2"] : ["h2", "http/1.1"]), this.#gone.signal);
    if (made.protocol === "h2") return made;
    made.socket.destroy();
    this.#speaksHttp2 = false;
    throw new PoolError("connect_failed", `${key.origin} does not speak h2 any more`);
  }

  #makeHttp1(asks: boolean): Http1Origin {
    const { key, options, connector, times, env } = this.#settings;
    const origin: Http1Origin = new Http1Origin({
      origin: key.origin,
      target: this.#target(asks ? ["h2", "http/1.1"] : ["http/1.1"]),
      connector,
      pool: coreOptions(options),
      http1: options,
      env,
      times,
      onTrace: options.onTrace ?? null,
      ...(asks
        ? {
            onHttp1: () => {
              if (origin.pool.max < options.max) origin.pool.resize(options.max);
            },
            onHttp2: (made: Connected) => this.#adopt(made),
            switched: (each: DispatchOptions, handler: DispatchHandler) => this.dispatch(each, handler),
          }
        : {}),
    });
    return origin;
  }

  #adopt(made: Connected): void {
    this.#speaksHttp2 = true;
    this.#made.push(made);
    // Those who wait for it are told before this runs. Where nobody does any more, nobody would look after it.
    this.#settings.env.soon(() => {
      const at = this.#made.indexOf(made);
      if (at < 0) return;
      this.#made.splice(at, 1);
      made.socket.destroy();
    });
  }

  #target(alpn: Target["alpn"]): Target {
    const { key, address = key, options } = this.#settings;
    const { tls } = options;
    return { scheme: key.scheme, host: address.host, port: address.port, servername: key.servername, alpn, ...(tls === undefined ? {} : { tls }) };
  }
}

/** An upgrade or tunnel takes a whole connection, and some callers say that they can not read h2. */
function needsHttp1(options: DispatchOptions & { readonly allowH2?: boolean }): boolean {
  return (options.upgrade ?? false) !== false || options.method === "CONNECT" || options.allowH2 === false;
}

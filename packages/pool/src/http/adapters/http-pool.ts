/**
 * The HTTP pool: one dispatcher for all origins, to be used as `dispatcher` of undici and of the global fetch, or by its own `fetch` and
 * `request`. It finds the origin of a request and counts; what happens there is the origin's.
 */
import { Dispatcher, Dispatcher1Wrapper, fetch as undiciFetch, request as undiciRequest } from "undici";
import type { BackendSpec } from "../../backends/balancer.ts";
import { nodeConnector } from "../../connect/adapters/node-connector.ts";
import type { Connector } from "../../connect/connector.ts";
import { nodePoolEnv } from "../../core/index.ts";
import { PoolError } from "../../pool-error.ts";
import { type HttpPoolOptions, resolveHttpPoolOptions } from "../options.ts";
import { namedHost, type OriginKey, originKey } from "../origin-key.ts";
import type { ConnectionRow, DispatchHandler, DispatchOptions, OriginPool } from "../origin-pool.ts";
import { RequestTimes } from "../request-times.ts";
import { type HttpPoolStats, type HttpPoolTotals, noTotals, withOrigin } from "../totals.ts";
import { BalancedOrigin } from "./balanced-origin.ts";
import { NegotiatedOrigin } from "./negotiated-origin.ts";

type Fetch = typeof undiciFetch;
type UrlOptions = NonNullable<Parameters<typeof undiciRequest>[1]>;

interface Entry {
  readonly key: OriginKey;
  readonly pool: OriginPool;
  /** Counts up: the smallest one was used longest ago. */
  usedAt: number;
}

/** A pool of HTTP connections: connections that are reused where that is safe, and say what becomes of them. */
export function httpPool(options: Partial<HttpPoolOptions> = {}): HttpPool {
  return new HttpPool(resolveHttpPoolOptions(options));
}

const specOf = (backend: string | BackendSpec): BackendSpec => (typeof backend === "string" ? { origin: backend } : backend);

export class HttpPool extends Dispatcher {
  readonly options: HttpPoolOptions;
  /** How long requests took. */
  readonly times = new RequestTimes();
  readonly #connector: Connector;
  readonly #origins = new Map<string, Entry>();
  /** Origins as requests spell them. */
  readonly #spelled = new Map<string, Entry>();
  /** Origins that left, in numbers that only rise: theirs must not be lost with them. */
  #left: HttpPoolTotals = noTotals;
  /** Those whose connections are being closed. */
  readonly #leaving = new Set<OriginPool>();
  #originsLeft = 0;
  readonly #backends = new Map<string, readonly BackendSpec[]>();
  readonly #olderHandlers = new Dispatcher1Wrapper(this);
  #uses = 0;
  #refused = 0;
  #closed: Promise<void> | null = null;

  constructor(options: HttpPoolOptions) {
    super();
    this.options = options;
    this.#connector = options.connector ?? nodeConnector(options);
    for (const [origin, backends] of Object.entries(options.backends ?? {})) this.setBackends(origin, backends);
  }

  /** As the global one, over this pool. */
  readonly fetch: Fetch = (input, init) => undiciFetch(input, { ...init, dispatcher: this });

  override request<T = null>(options: Dispatcher.RequestOptions<T>, callback: (error: Error | null, data: Dispatcher.ResponseData<T>) => void): void;
  override request<T = null>(options: Dispatcher.RequestOptions<T>): Promise<Dispatcher.ResponseData<T>>;
  /** As undici's own `request`, over this pool. */
  override request(url: string | URL, options?: UrlOptions): ReturnType<typeof undiciRequest>;
  // biome-ignore lint/suspicious/noExplicitAny: the overloads say what it takes and gives.
  override request(first: any, second?: any): any {
    if (typeof first === "string" || first instanceof URL) return undiciRequest(first, { ...second, dispatcher: this });
    return second === undefined ? super.request(first) : super.request(first, second);
  }

  override dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    // Handlers of undici 7, as in the fetch of Node 24.
    if (typeof handler.onRequestStart !== "function") return this.#olderHandlers.dispatch(options, handler);
    const entry = this.#entry(options);
    if (entry instanceof PoolError) {
      this.#refused++;
      handler.onResponseError?.(null as unknown as Dispatcher.DispatchController, entry);
      return true;
    }
    entry.usedAt = ++this.#uses;
    return entry.pool.dispatch(options, handler);
  }

  stats(): HttpPoolStats {
    const origins = Array.from(this.#origins.values(), ({ pool }) => pool.stats());
    const leaving = Array.from(this.#leaving, (pool) => pool.stats());
    const all = [...origins, ...leaving].reduce(withOrigin, this.#left);
    const reuseRatio = all.requests === 0 ? null : all.reused / all.requests;
    return { ...all, reuseRatio, refused: this.#refused, tlsSessions: this.#connector.tlsSessions, originsLeft: this.#originsLeft, origins };
  }

  connections(): readonly ConnectionRow[] {
    return Array.from(this.#origins.values(), ({ pool }) => pool.connections()).flat();
  }

  /** Takes another list of backends for an origin, from now on: who stays keeps its connections, who is gone finishes what it has. */
  setBackends(origin: string, backends: readonly (string | BackendSpec)[]): void {
    const key = originKey(origin);
    if (key === null || backends.length === 0)
      throw new PoolError("invalid_option", `Expected an origin and at least one backend, got ${origin} and ${backends.length}`);
    const specs = backends.map(specOf);
    const foreign = specs.find((spec) => originKey(spec.origin)?.scheme !== key.scheme);
    if (foreign !== undefined)
      throw new PoolError("invalid_option", `Expected each backend of ${key.origin} to be an origin of ${key.scheme}, got ${foreign.origin}`);
    const entries = [...this.#origins.values()].filter((entry) => entry.key.origin === key.origin);
    if (this.#backends.get(key.origin) === undefined && entries.length > 0) {
      throw new PoolError("invalid_option", `${key.origin} has been used without backends: name them when the pool is made, or before the first request`);
    }
    this.#backends.set(key.origin, specs);
    for (const { pool } of entries) if (pool instanceof BalancedOrigin) pool.update(specs);
  }

  /** Takes no more requests; resolves when those under way are answered. */
  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | void {
    this.#closed ??= Promise.all(this.#pools.map((pool) => pool.close())).then(() => {});
    return callback === undefined ? this.#closed : void this.#closed.then(callback);
  }

  /** Ends everything at once; what is under way fails. */
  override destroy(error?: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  override destroy(first?: Error | null | (() => void), second?: () => void): Promise<void> | void {
    const callback = typeof first === "function" ? first : second;
    const error = first instanceof Error ? first : new PoolError("closed", "The pool was closed", { outcome: "unknown" });
    this.#closed = Promise.all(this.#pools.map((pool) => pool.destroy(error))).then(() => {});
    return callback === undefined ? this.#closed : void this.#closed.then(callback);
  }

  get #pools(): OriginPool[] {
    return [...Array.from(this.#origins.values(), ({ pool }) => pool), ...this.#leaving];
  }

  #entry(options: DispatchOptions): Entry | PoolError {
    if (this.#closed !== null) return new PoolError("closed", "The pool is closed");
    const { origin } = options;
    const known = typeof origin === "string" ? this.#spelled.get(origin) : undefined;
    if (known !== undefined && known.key.scheme === "http:") return known;
    const servername = namedHost(options.headers);
    if (known !== undefined && (servername === null || servername === known.key.host)) return known;
    const key = origin === undefined ? null : originKey(origin, servername);
    if (key === null) return new PoolError("invalid_option", `Expected \`origin\` to be one of http: or https:, got ${String(origin)}`);
    const entry = this.#origins.get(key.key) ?? this.#add(key);
    if (entry instanceof PoolError || typeof origin !== "string" || key.key !== key.origin) return entry;
    // Spellings are as many as origins, give or take: whoever invents more is looked up in the slow way.
    if (this.#spelled.size < 2 * this.options.originsMax) this.#spelled.set(origin, entry);
    return entry;
  }

  #add(key: OriginKey): Entry | PoolError {
    if (this.#origins.size >= this.options.originsMax && !this.#makeRoom()) {
      return new PoolError("too_many_origins", `${this.#origins.size} origins are in use; one more was ${key.origin}`);
    }
    const settings = { key, options: this.options, connector: this.#connector, times: this.times, env: nodePoolEnv };
    const backends = this.#backends.get(key.origin);
    const pool = backends === undefined ? new NegotiatedOrigin(settings) : new BalancedOrigin(settings, backends);
    const entry: Entry = { key, pool, usedAt: 0 };
    this.#origins.set(key.key, entry);
    return entry;
  }

  /** The idle origin that was used longest ago leaves. */
  #makeRoom(): boolean {
    let oldest: Entry | null = null;
    for (const entry of this.#origins.values()) {
      if (entry.pool.isIdle && (oldest === null || entry.usedAt < oldest.usedAt)) oldest = entry;
    }
    if (oldest === null) return false;
    this.#origins.delete(oldest.key.key);
    for (const [spelling, entry] of this.#spelled) if (entry === oldest) this.#spelled.delete(spelling);
    this.#originsLeft++;
    const { pool } = oldest;
    this.#leaving.add(pool);
    void pool.close().then(() => {
      this.#leaving.delete(pool);
      this.#left = withOrigin(this.#left, pool.stats());
    });
    return true;
  }
}

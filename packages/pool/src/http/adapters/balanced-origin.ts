/**
 * One origin that several backends serve: each has connections of its own, and each request goes where the balancer says. What requests say
 * (`Host`, the name in TLS) is the origin's; only where connections lead is the backend's.
 */
import { type BackendSpec, type BackendStats, Balancer } from "../../backends/balancer.ts";
import { dispatchBalanced } from "../../backends/dispatch.ts";
import { resolveBackendOptions } from "../../backends/options.ts";
import { type OriginKey, originKey } from "../origin-key.ts";
import type { ConnectionRow, DispatchHandler, DispatchOptions, OriginPool, OriginStats } from "../origin-pool.ts";
import { bothOrigins } from "../totals.ts";
import { NegotiatedOrigin, type NegotiatedSettings } from "./negotiated-origin.ts";

export class BalancedOrigin implements OriginPool {
  readonly #settings: NegotiatedSettings;
  readonly #balancer: Balancer;
  readonly #balanced: Parameters<typeof dispatchBalanced>[0];
  #pools: ReadonlyMap<string, OriginPool> = new Map();
  /** Those that are no longer in the list, until what they have is answered. */
  readonly #leaving = new Set<OriginPool>();
  /** What those had counted that have left. */
  #left: OriginStats | null = null;

  /** Every one of `specs` is an origin of the same scheme. */
  constructor(settings: NegotiatedSettings, specs: readonly BackendSpec[]) {
    const { options, env } = settings;
    this.#settings = settings;
    this.#pools = this.#poolsOf(specs);
    const backendOptions = resolveBackendOptions(options.backendOptions);
    this.#balancer = new Balancer(specs, backendOptions, env.rng, env.clock.monoMs(), options.onBackendChange);
    this.#balanced = {
      balancer: this.#balancer,
      options: backendOptions,
      clock: env.clock,
      // What the balancer names is in its list, and all of its list have a pool.
      send: (each, handler) => (this.#pools.get(each.origin) as OriginPool).dispatch(each, handler),
    };
  }

  get isIdle(): boolean {
    return this.#all.every((pool) => pool.isIdle);
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    return dispatchBalanced(this.#balanced, options, handler);
  }

  /** Takes another list of backends: who stays keeps its connections, who is new starts slowly, who is gone finishes what it has. */
  update(specs: readonly BackendSpec[]): void {
    const before = this.#pools;
    const after = this.#poolsOf(specs);
    this.#balancer.update(specs, this.#settings.env.clock.monoMs());
    this.#pools = after;
    for (const [origin, pool] of before) if (!after.has(origin)) this.#leave(pool);
  }

  backends(): readonly BackendStats[] {
    return this.#balancer.stats(this.#settings.env.clock.monoMs());
  }

  stats(): OriginStats {
    const [first, ...others] = this.#all.map((pool) => pool.stats());
    const there = others.reduce(bothOrigins, first as OriginStats);
    return { ...(this.#left === null ? there : bothOrigins(there, this.#left)), backends: this.backends() };
  }

  connections(): readonly ConnectionRow[] {
    return this.#all.flatMap((pool) => pool.connections());
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((pool) => pool.close()));
  }

  async destroy(error: Error): Promise<void> {
    await Promise.all(this.#all.map((pool) => pool.destroy(error)));
  }

  get #all(): OriginPool[] {
    return [...this.#pools.values(), ...this.#leaving];
  }

  #leave(pool: OriginPool): void {
    this.#leaving.add(pool);
    void pool.close().then(() => {
      this.#leaving.delete(pool);
      const left = { ...pool.stats(), needed: 0, arrivalsPerSecond: 0 };
      this.#left = this.#left === null ? left : bothOrigins(this.#left, left);
    });
  }

  #poolsOf(specs: readonly BackendSpec[]): ReadonlyMap<string, OriginPool> {
    return new Map(
      specs.map(({ origin }) => [origin, this.#pools.get(origin) ?? new NegotiatedOrigin({ ...this.#settings, address: originKey(origin) as OriginKey })]),
    );
  }
}

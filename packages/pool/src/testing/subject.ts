/**
 * What the acceptance suite needs of a pool and of the other side, and the helpers that every case uses. Cases ask for declared capabilities,
 * never for a name.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { PoolError } from "../pool-error.ts";

/** How a case wants its pool. What is not given is the pool's default. */
export interface SuiteSetup {
  readonly max: number;
  readonly acquireTimeoutMs?: number;
  /** Only with the capability `idle`. */
  readonly idleMs?: number;
  /** Only with the capability `age`. */
  readonly ageMs?: number;
  /** Only with the capability `requests`. */
  readonly requestsMax?: number;
  /** Only with the capability `queue`. */
  readonly queueMax?: number;
}

/** A connection that was lent. */
export interface SuiteLease {
  /** Tells connections apart: the same connection has the same, another one another. */
  readonly id: unknown;
  /** Uses it: true when the other side answered. Never rejects. */
  works(): Promise<boolean>;
  /** Gives it back; broken: it must not be lent again. */
  release(broken?: boolean): void;
}

/** A pool as its users see it. */
export interface SuitePool {
  /** Rejects with a PoolError, or with the signal's reason. `signal` only with the capability `abort`. */
  acquire(ask?: { readonly signal?: AbortSignal }): Promise<SuiteLease>;
  stats(): { readonly open: number; readonly lent: number; readonly waiting: number };
  /** Only with the capability `resize`. */
  resize?(max: number): void;
  close(): Promise<void>;
}

/** One pool with the other side of its connections. */
export interface SuiteSite {
  readonly pool: SuitePool;
  /** Connections as the other side counts them: now, and the most there ever were at once. */
  connections(): number;
  peak(): number;
  /** Ends all connections from the other side, without warning; resolves when that was done. */
  cut(): Promise<void>;
  /** While it is down, the other side takes no connections. */
  down(isDown: boolean): Promise<void>;
  /** Ends the pool, if it runs, and the other side. */
  end(): Promise<void>;
}

/** What a pool can do beyond lending. What it cannot, is left out of the suite. */
export interface PoolCapabilities {
  /** Waiting calls are served in the order in which they asked. */
  readonly fifo: boolean;
  /** The connection used last is lent first. */
  readonly lifo: boolean;
  /** A wait can be taken back by a signal. */
  readonly abort: boolean;
  /** Waiting calls are bounded: one more is refused with `queue_full`. */
  readonly queue: boolean;
  /** The maximum can be changed. */
  readonly resize: boolean;
  /** An idle connection that the other side ended is never lent. */
  readonly notices: boolean;
  readonly idle: boolean;
  readonly age: boolean;
  readonly requests: boolean;
}

export type OpenSite = (setup: SuiteSetup) => Promise<SuiteSite>;

export interface PoolSubject {
  readonly open: OpenSite;
  readonly capabilities: PoolCapabilities;
}

/** Declares a case that gets a pool of its own and leaves nothing behind; not at all where a capability is missing. */
export function poolCase(
  { open, capabilities }: PoolSubject,
  title: string,
  setup: SuiteSetup,
  body: (site: SuiteSite) => Promise<void>,
  needs: readonly (keyof PoolCapabilities)[] = [],
): void {
  if (needs.some((need) => !capabilities[need])) return;
  it(title, async () => {
    const site = await open(setup);
    try {
      await body(site);
    } finally {
      await site.end();
    }
  });
}

/** As many connections as the case wants, all lent at the same time. */
export function lend(pool: SuitePool, count: number): Promise<SuiteLease[]> {
  return Promise.all(Array.from({ length: count }, () => pool.acquire()));
}

/** The code of a refusal; "" when there was none. */
export async function codeOf(call: Promise<SuiteLease>): Promise<string> {
  try {
    (await call).release();
    return "";
  } catch (error) {
    return error instanceof PoolError ? error.code : `${String(error)} is no PoolError`;
  }
}

/** Waits until a condition holds; fails loudly when it does not within 20 s. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const untilMs = performance.now() + 20_000;
  while (!holds()) {
    assert.ok(performance.now() < untilMs, `${what}: not within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

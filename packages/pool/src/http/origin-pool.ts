/**
 * What serves one origin, whichever protocol it speaks, and what it tells of itself. Types only.
 */
import type { Dispatcher } from "undici";
import type { BackendStats } from "../backends/balancer.ts";
import type { PoolEnd } from "../ends.ts";
import type { RequestTrace } from "../phases.ts";

export type DispatchOptions = Dispatcher.DispatchOptions;
export type DispatchHandler = Dispatcher.DispatchHandler;

/** What the facade asks of it. */
export interface OriginPool {
  /** Sends one request; everything is told through the handler. Never throws. */
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean;
  stats(): OriginStats;
  connections(): readonly ConnectionRow[];
  /** Nothing is under way and nobody waits: it may leave. */
  readonly isIdle: boolean;
  /** Takes no more requests; resolves when those that it has are answered and its connections are gone. */
  close(): Promise<void>;
  destroy(error: Error): Promise<void>;
}

/** One origin in numbers. Counters only rise. */
export interface OriginStats {
  readonly origin: string;
  readonly protocol: "http/1.1" | "h2" | "not known yet";
  /** Answers that came to their end. */
  readonly requests: number;
  /** Of them on a connection that had carried another before. */
  readonly reused: number;
  /** Null before the first. */
  readonly reuseRatio: number | null;
  readonly failed: number;
  /** Requests that were sent again because their connection was gone before anything was answered. */
  readonly repeated: number;
  /** Requests that went to another connection because the first was gone before anything was sent. */
  readonly moved: number;
  readonly hedged: number;
  readonly connections: {
    readonly max: number;
    readonly open: number;
    readonly idle: number;
    readonly lent: number;
    readonly opening: number;
    readonly opened: number;
    readonly ends: Readonly<Partial<Record<PoolEnd, number>>>;
  };
  readonly waiting: number;
  /** Requests per second times their mean time (Little's law), over the last minute: connections in use on average. */
  readonly needed: number;
  readonly arrivalsPerSecond: number;
  readonly meanHoldMs: number;
  /** Null when nobody asked. */
  readonly waitP95Ms: number | null;
  /** Where several backends serve it. */
  readonly backends?: readonly BackendStats[];
}

/** One connection, to be looked at. */
export interface ConnectionRow {
  readonly connection: number;
  readonly origin: string;
  readonly protocol: "http/1.1" | "h2";
  readonly peer: string;
  readonly tls: { readonly version: string; readonly resumed: boolean } | null;
  readonly ageMs: number;
  readonly requests: number;
  /** Requests that are under way on it. */
  readonly active: number;
  /** What the server said of keeping it; null: nothing. */
  readonly hintMs: number | null;
}

/** Told after each request that was answered to its end. */
export type OnTrace = (trace: RequestTrace) => void;

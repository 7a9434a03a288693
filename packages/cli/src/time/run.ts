/**
 * What `holdfast time` saw: requests, the connections that carried them, and how those ended. Data and small readings of it; pure.
 */
import type { Phases, PoolEnd, RequestTrace } from "@holdfast/pool";

/** A request that was answered. */
export interface Answered {
  readonly ok: true;
  readonly status: number;
  /** Of the body, as it was received. */
  readonly bytes: number;
  readonly trace: RequestTrace;
  /** By lower-case names; several of one name are joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A request that was not. */
export interface Unanswered {
  readonly ok: false;
  readonly code: string;
  readonly message: string;
  /** Nothing of it had been sent. */
  readonly unsent: boolean;
}

export interface Exchange {
  /** From 1, in the order in which they were sent. */
  readonly number: number;
  /** Since the run began. */
  readonly startMs: number;
  readonly endMs: number;
  readonly result: Answered | Unanswered;
}

/** A connection that ended before the run did, as the pool saw it. */
export interface ConnectionEnd {
  readonly connection: number;
  readonly end: PoolEnd;
  /** Since the run began. */
  readonly atMs: number;
}

export interface TimedRun {
  readonly url: string;
  readonly method: string;
  /** Requests under way at once. */
  readonly concurrency: number;
  readonly pauseMs: number;
  readonly exchanges: readonly Exchange[];
  readonly ends: readonly ConnectionEnd[];
  /** The time given by --max was over before all were sent. */
  readonly cutShort: boolean;
}

/** An exchange that was answered, with what it says at hand. */
export interface AnsweredExchange extends Exchange {
  readonly result: Answered;
}

export const isAnswered = (exchange: Exchange): exchange is AnsweredExchange => exchange.result.ok;

export const phaseNames = ["queue", "dns", "tcp", "tls", "wait", "body"] as const;
export type PhaseName = (typeof phaseNames)[number];

/** A phase's ms; null when it did not happen. */
export function phaseOf(phases: Phases, name: PhaseName): number | null {
  return phases[`${name}Ms`];
}

export function totalOf(phases: Phases): number {
  return phaseNames.reduce((sum, name) => sum + (phaseOf(phases, name) ?? 0), 0);
}

/** One connection as the run saw it. */
export interface SeenConnection {
  readonly number: number;
  readonly exchanges: readonly AnsweredExchange[];
  /** Why it ended; null when it was open at the end of the run, or nobody said why. */
  readonly end: PoolEnd | null;
  /** How long it had been silent when it ended; null when that is unknown. */
  readonly silentMs: number | null;
}

/** The connections, in the order in which they were opened. */
export function connectionsOf({ exchanges, ends }: Pick<TimedRun, "exchanges" | "ends">): SeenConnection[] {
  const carried = new Map<number, AnsweredExchange[]>();
  for (const exchange of exchanges.filter(isAnswered)) {
    const { connection } = exchange.result.trace;
    carried.set(connection, [...(carried.get(connection) ?? []), exchange]);
  }
  return [...carried]
    .sort(([a], [b]) => a - b)
    .map(([number, own]) => {
      const lastMs = Math.max(...own.map(({ endMs }) => endMs));
      const told = ends.find(({ connection }) => connection === number);
      const withAnswer = own.find(({ result }) => result.trace.ended !== null)?.result.trace.ended ?? null;
      const silentMs = told === undefined ? (withAnswer === null ? null : 0) : Math.max(0, told.atMs - lastMs);
      return { number, exchanges: own, end: withAnswer ?? told?.end ?? null, silentMs };
    });
}

/** Runs of `holdfast time`, made by hand: as a pool would tell them. */
import type { Phases, PoolEnd, RequestTrace } from "@holdfast/pool";
import type { ConnectionEnd, Exchange, TimedRun } from "../../src/time/run.ts";

export interface Step {
  readonly connection: number;
  readonly ended?: PoolEnd;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status?: number;
  readonly retries?: number;
  readonly trace?: Partial<RequestTrace>;
}

const firstPhases: Phases = { queueMs: 0.5, dnsMs: 2, tcpMs: 20, tlsMs: 40, waitMs: 25, bodyMs: 2.5 };
const reusedPhases: Phases = { queueMs: 0.5, dnsMs: null, tcpMs: null, tlsMs: null, waitMs: 25, bodyMs: 2.5 };

/** Requests one after the other, `pauseMs` apart. */
export function runOf(steps: readonly (Step | { readonly error: string })[], given: Partial<TimedRun> = {}, ends: readonly ConnectionEnd[] = []): TimedRun {
  const pauseMs = given.pauseMs ?? 0;
  const carried = new Map<number, number>();
  let atMs = 0;
  const exchanges = steps.map((step, i): Exchange => {
    const startMs = atMs;
    if ("error" in step) {
      atMs += 10 + pauseMs;
      return { number: i + 1, startMs, endMs: startMs + 10, result: { ok: false, code: step.error, message: "gone", unsent: false } };
    }
    const count = (carried.get(step.connection) ?? 0) + 1;
    carried.set(step.connection, count);
    const reused = count > 1;
    const trace: RequestTrace = {
      phases: reused ? reusedPhases : firstPhases,
      reused,
      connection: step.connection,
      requestOnConnection: count,
      protocol: "http/1.1",
      peer: "192.0.2.1:443",
      tls: { version: "TLSv1.3", resumed: step.connection > 1 },
      retries: step.retries ?? 0,
      ended: step.ended ?? null,
      ...step.trace,
    };
    const endMs = startMs + (reused ? 28 : 90);
    atMs = endMs + pauseMs;
    return { number: i + 1, startMs, endMs, result: { ok: true, status: step.status ?? 200, bytes: 5, trace, headers: step.headers ?? {} } };
  });
  return { url: "https://example.test/", method: "GET", concurrency: 1, pauseMs, exchanges, ends, cutShort: false, ...given };
}

/** `count` requests over one connection. */
export const steady = (count: number): Step[] => Array.from({ length: count }, () => ({ connection: 1 }));

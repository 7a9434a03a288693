/**
 * A run for programs: one object, with the same words as the text. Pure.
 */
import { mediansOf } from "./medians.ts";
import { connectionsOf, type TimedRun, totalOf } from "./run.ts";
import type { Verdict } from "./verdict.ts";

export function report(run: TimedRun, verdict: Verdict): object {
  const { url, method, concurrency, pauseMs, cutShort } = run;
  return {
    url,
    method,
    concurrency,
    pauseMs,
    cutShort,
    works: verdict.works,
    verdict: verdict.words,
    findings: verdict.findings,
    medians: { first: mediansOf(run, false), reused: mediansOf(run, true) },
    connections: connectionsOf(run).map(({ number, exchanges, end, silentMs }) => {
      const trace = exchanges[0]?.result.trace;
      return { connection: number, peer: trace?.peer, protocol: trace?.protocol, tls: trace?.tls, requests: exchanges.length, end, silentMs };
    }),
    requests: run.exchanges.map(({ number, startMs, result }) =>
      result.ok
        ? { number, startMs, status: result.status, bytes: result.bytes, totalMs: totalOf(result.trace.phases), ...result.trace }
        : { number, startMs, error: { code: result.code, message: result.message, unsent: result.unsent } },
    ),
  };
}

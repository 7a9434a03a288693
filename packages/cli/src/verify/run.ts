/**
 * All transports one after the other, so that none disturbs another's times, and the exit that follows from what they came to.
 */
import type { Exit } from "../exit-codes.ts";
import type { VerifyParts } from "./parts.ts";
import { type TransportResult, type VerifyResult, verdictOf } from "./result.ts";
import { runTransport } from "./transport-run.ts";
import type { TransportName } from "./transports.ts";

/** Verifies these transports. An interrupted run ends with what it has. */
export async function runVerify(parts: VerifyParts, transports: readonly TransportName[]): Promise<VerifyResult> {
  const { url, publishUrl, run, seed, clock } = parts;
  const startMs = clock.monoMs();
  const startedMs = clock.wallMs();
  const results: TransportResult[] = [];
  for (const transport of transports) {
    if (parts.stop.aborted) break;
    const result = await runTransport(parts, transport);
    results.push(result);
    // Whom a server refuses over one transport it refuses over all.
    if (result.verdict === "refused") break;
  }
  return {
    ...{ format: "holdfast-verify", version: 1, url, publishUrl, run, seed, startedMs, elapsedMs: Math.round(clock.monoMs() - startMs) },
    verdict: verdictOf(results),
    interrupted: parts.stop.aborted,
    transports: results,
  };
}

/**
 * The exit: what was found weighs more than how the run ended. `isDemanded`: the transports were named, so each of them has to be there;
 * otherwise those that a server does not offer are passed over.
 */
export function exitOf(result: VerifyResult, isDemanded: boolean, signal: "interrupted" | "terminated"): Exit {
  if (result.verdict === "damaged") return "damaged";
  if (result.verdict === "refused") return "refused";
  if (result.interrupted) return signal;
  if (result.transports.some(({ verdict }) => verdict === "unreachable" || (isDemanded && verdict === "absent"))) return "unreachable";
  if (result.verdict === "unreachable") return "unreachable";
  return result.verdict === "clean" ? "ok" : "failed";
}

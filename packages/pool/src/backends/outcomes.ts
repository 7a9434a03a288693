/**
 * What the end of a request says about the backend, as opposed to about the caller, the request or our own limits. Pure. Codes are compared,
 * never messages.
 */
import type { PoolCode } from "../codes.ts";
import { PoolError } from "../pool-error.ts";
import type { BackendOutcome } from "./health.ts";

/** The codes that speak of the backend. Every other one speaks of the caller or of our own limits. */
const byPoolCode: Readonly<Partial<Record<PoolCode, BackendOutcome>>> = {
  connect_failed: "not_reached",
  connect_timeout: "not_reached",
  connection_lost: "failed",
};

/** Errors of the client below that speak of the caller or of the request. Whatever else it throws, the backend had a part in. */
const notTheBackends: ReadonlySet<string> = new Set([
  "UND_ERR_ABORTED",
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED",
  "UND_ERR_INVALID_ARG",
  "UND_ERR_NOT_SUPPORTED",
  "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH",
]);

const notReached: ReadonlySet<string> = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "UND_ERR_CONNECT_TIMEOUT"]);

/** `aborted`: the caller had left before. */
export function outcomeOfError(error: unknown, aborted: boolean): BackendOutcome {
  if (aborted) return "abandoned";
  if (error instanceof PoolError) return byPoolCode[error.code] ?? "abandoned";
  const code = (error as { readonly code?: unknown } | null)?.code;
  if (typeof code !== "string") return "failed";
  if (notTheBackends.has(code)) return "abandoned";
  return notReached.has(code) ? "not_reached" : "failed";
}

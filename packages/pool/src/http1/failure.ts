/**
 * What the error of a request says about its connection. Pure. Codes are compared, never messages.
 */
import type { PoolEnd } from "../ends.ts";
import { endOfSocket } from "../socket-end.ts";

const byCode: Readonly<Record<string, PoolEnd>> = {
  UND_ERR_ABORTED: "caller_broke_it",
  UND_ERR_BODY_TIMEOUT: "answer_timeout",
  UND_ERR_CLOSED: "pool_closed",
  UND_ERR_DESTROYED: "pool_closed",
  UND_ERR_HEADERS_OVERFLOW: "protocol_error",
  UND_ERR_HEADERS_TIMEOUT: "answer_timeout",
  UND_ERR_INFO: "connection_close",
  // A body that ends before its announced length is a connection that ended in the middle.
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "server_closed",
  UND_ERR_RES_EXCEEDED_MAX_SIZE: "caller_broke_it",
  UND_ERR_SOCKET: "server_closed",
};

/** Why the connection of a request that failed with `error` ends. */
export function endOfError(error: unknown): PoolEnd {
  const code = (error as { readonly code?: unknown } | null)?.code;
  if (typeof code !== "string") return "caller_broke_it";
  if (code.startsWith("HPE_")) return "protocol_error";
  const own = Object.hasOwn(byCode, code) ? byCode[code] : undefined;
  return own ?? (code.startsWith("UND_ERR") ? "caller_broke_it" : endOfSocket(code));
}

/** Whether the connection was taken away, as opposed to given up here. */
export function isLoss(end: PoolEnd): boolean {
  return end === "server_closed" || end === "server_reset" || end === "network_lost";
}

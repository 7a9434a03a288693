/**
 * `holdfast.v1.Line/Publish`: one entry, one call. It must never answer OK for what is not in the log, nor say that an entry is not in it
 * when that is unknown.
 */
import { formatPosition, HoldfastError, type PublishFrame } from "@holdfast/protocol";
import { decodePublishRequest, encodePublishResponse } from "@holdfast/protocol/grpc";
import { judgePublish } from "../../auth/publish-verdict.ts";
import type { AppendRequest } from "../../engine.ts";
import { whoSent } from "../../http/who.ts";
import { payloadFault } from "../../hub/payload.ts";
import { CallFault, endOf, framingFault, type GrpcCall } from "./call.ts";
import { messageBytesMax } from "./link.ts";
import type { GrpcParts } from "./parts.ts";

/** Reads the request. Throws what the call is to end with. */
async function asked(call: GrpcCall, { options }: GrpcParts): Promise<AppendRequest> {
  const decoded = decodePublishRequest(await call.only(messageBytesMax(options)));
  if (decoded === null) throw new CallFault(framingFault("malformed"));
  if (!decoded.ok) throw new HoldfastError(decoded.code, decoded.message);
  const { stream, format, payload, hasEntry, key, producer, dedupeKey, close } = decoded.frame as PublishFrame;
  const fault = hasEntry ? payloadFault(format, payload, options.entryBytesMax) : null;
  if (fault !== null) throw new HoldfastError(fault.code, fault.message);
  return {
    stream,
    entries: hasEntry ? [{ format, payload, ...(key === undefined ? {} : { key }) }] : [],
    ...(producer === undefined ? {} : { producer }),
    ...(dedupeKey === undefined ? {} : { dedupeKey }),
    close,
  };
}

/** Answers the call. Rejects with what it is to end with. */
export async function publish(call: GrpcCall, parts: GrpcParts, timeoutMs: number | null): Promise<void> {
  const { hub, options } = parts;
  let isWritten = false;
  call.within(Math.min(timeoutMs ?? Number.POSITIVE_INFINITY, options.handshakeMs * 3), () => {
    // What has been given to the engine goes on.
    const code = isWritten ? "unknown_outcome" : "handshake_timeout";
    hub.counters.refuse(code);
    call.end({ ...endOf(code), status: "DEADLINE_EXCEEDED" });
  });
  const principal = await whoSent(call.request, hub.gate);
  const append = await asked(call, parts);
  const verdict = await judgePublish(hub.gate, hub.hooks, principal, append);
  if (verdict !== null) throw new HoldfastError(verdict.code, verdict.message, verdict.afterMs === undefined ? {} : { afterMs: verdict.afterMs });
  hub.gate.confirm(principal);
  if (call.isEnded) return;
  isWritten = true;
  const result = await hub.append(append);
  if (!result.ok) {
    call.end(endOf(result.code, { message: result.message, ...(result.afterMs === undefined ? {} : { afterMs: result.afterMs }) }));
    return;
  }
  const cursor = result.cursors?.at(-1);
  call.write(encodePublishResponse(cursor === undefined ? null : formatPosition(cursor.epoch, cursor.seq), result.duplicate));
  call.end({ status: "OK" });
}

/**
 * gRPC on the server's own HTTP/2: which call is answered by what, and what of a call is refused before any method sees it. Its sessions are
 * guard's like all others: pings, streams, resets, ages and drains are bounded there.
 */
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2";
import { HoldfastError } from "@holdfast/protocol";
import { grpcTimeoutMs } from "@holdfast/protocol/grpc";
import type { AccessPolicy } from "../../http/access.ts";
import { CallFault, endOf, GrpcCall } from "./call.ts";
import { HealthService } from "./health.ts";
import { GrpcCarrier } from "./link.ts";
import type { GrpcParts } from "./parts.ts";
import { publish } from "./publish.ts";
import { reflect } from "./reflection.ts";

type Method = (call: GrpcCall, timeoutMs: number | null) => Promise<void> | void;

/** Answers a call; false: it is none, or another program's. */
export type GrpcServices = (request: Http2ServerRequest, response: Http2ServerResponse) => boolean;

/** `application/grpc-web` is another protocol. */
const callType = /^application\/grpc(?:\+proto)?\s*(?:;|$)/i;
const anyCallType = /^application\/grpc/i;
const ownPaths = /^\/(?:holdfast\.v1|grpc\.health\.v1|grpc\.reflection\.v1|grpc\.reflection\.v1alpha)\.[^/]*\//;

/** The services of a server. `hasFallback`: calls of other services are somebody else's to answer. */
export function grpcServices(parts: GrpcParts, access: AccessPolicy, hasFallback: boolean): GrpcServices {
  const { hub, env } = parts;
  const health = new HealthService(parts);
  const methods = new Map<string, Method>([
    ["/holdfast.v1.Line/Subscribe", (call, timeoutMs) => new GrpcCarrier(call, parts).open(timeoutMs)],
    ["/holdfast.v1.Line/Publish", (call, timeoutMs) => publish(call, parts, timeoutMs)],
    ["/grpc.health.v1.Health/Check", (call, timeoutMs) => health.check(call, timeoutMs)],
    ["/grpc.health.v1.Health/Watch", (call, timeoutMs) => health.watch(call, timeoutMs)],
    ["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", reflect],
    ["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", reflect],
  ]);

  /** The method of a call that may go on. Throws what it is to end with. */
  function methodOf({ headers, url = "" }: IncomingMessage): { readonly method: Method; readonly timeoutMs: number | null } {
    const method = methods.get(url);
    if (method === undefined) throw new HoldfastError("not_found", "no such method");
    const encoding = headers["grpc-encoding"];
    if (encoding !== undefined && encoding !== "identity") throw new HoldfastError("unsupported_media_type", "expected messages that are not compressed");
    const timeout = headers["grpc-timeout"];
    const timeoutMs = timeout === undefined ? null : grpcTimeoutMs(String(timeout));
    if (timeout !== undefined && timeoutMs === null) {
      throw new CallFault({ status: "INTERNAL", code: "bad_request", message: "expected grpc-timeout to be up to 8 digits and a unit" });
    }
    return { method, timeoutMs };
  }

  async function answer(call: GrpcCall): Promise<void> {
    try {
      const fault = access(call.request);
      if (fault !== null) throw new HoldfastError(fault.code, fault.message);
      const { method, timeoutMs } = methodOf(call.request);
      await method(call, timeoutMs);
    } catch (thrown) {
      if (thrown instanceof CallFault) {
        if (thrown.end.code !== undefined) hub.counters.refuse(thrown.end.code);
        return call.end(thrown.end);
      }
      const { code, detail, afterMs } = HoldfastError.from(thrown);
      hub.counters.refuse(code);
      call.end(endOf(code, { message: detail, ...(afterMs === undefined ? {} : { afterMs }) }));
    }
  }

  return (request, response) => {
    const type = request.headers["content-type"] ?? "";
    if (request.method !== "POST" || !anyCallType.test(type) || (hasFallback && !ownPaths.test(request.url))) return false;
    const session = response.stream.session as ServerHttp2Session | undefined;
    if (session === undefined) return true; // It has left.
    if (callType.test(type)) void answer(new GrpcCall(request as unknown as IncomingMessage, response, session, env));
    else {
      hub.counters.refuse("unsupported_media_type");
      response.stream.respond({ ":status": 415 }, { endStream: true });
    }
    return true;
  };
}

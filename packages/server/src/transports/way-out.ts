/**
 * Where the bytes of a response go. Over HTTP/1.1 that is the connection itself, which nothing else uses meanwhile; over HTTP/2 it is one
 * stream of a session that others use as well, so nothing here may end the session for the sake of one response.
 */
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type AnyResponse, isHttp2 } from "../http/response-version.ts";

export interface WayOut {
  /** Takes the body, past `node:http` and `node:http2`. */
  readonly out: Duplex;
  /** What guard knows the connection by. */
  readonly connection: Socket | ServerHttp2Session;
  /** Null over HTTP/1.1. */
  readonly session: ServerHttp2Session | null;
}

/** Null when the client has left. */
export function wayOutOf(response: AnyResponse): WayOut | null {
  if (!isHttp2(response)) return response.socket === null ? null : { out: response.socket, connection: response.socket, session: null };
  const { stream } = response;
  const session = stream.session as ServerHttp2Session | undefined;
  return stream.destroyed || session === undefined ? null : { out: stream, connection: session, session };
}

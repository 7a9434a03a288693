/**
 * Gives each HTTP/2 session of a guarded server its part, and its connection what the table shows of it. It decides nothing.
 */
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { type Env, randomFraction } from "@holdfast/protocol";
import type { Connection } from "../../connection.ts";
import type { GuardCounters } from "../../counters.ts";
import type { GuardOptions } from "../../options.ts";
import { guardHttp2Session } from "../session-guard.ts";
import { type Http2Limits, http2SessionLimits } from "../settings.ts";
import { sessionWire } from "./session-wire.ts";

/** What all sessions of one listener share. */
export interface SessionsOf {
  readonly limits: Http2Limits;
  readonly options: GuardOptions;
  readonly counters: GuardCounters;
  readonly env: Env;
  readonly isTls: boolean;
  /** Told of a session that takes no more requests from now on. */
  readonly left?: ((session: ServerHttp2Session, remainingMs: number) => void) | undefined;
}

/** A session has begun on `connection`, whose accepted socket is `raw`. */
export function attachSession(
  session: ServerHttp2Session,
  connection: Connection,
  raw: Socket,
  { limits, options, counters, env, isTls, left }: SessionsOf,
): void {
  connection.upgraded(isTls ? "h2" : "h2c");
  const sessionLimits = http2SessionLimits(limits, options, { ageMs: connection.ageMsMax, slot: randomFraction(env.rng) });
  const part = guardHttp2Session(session, sessionLimits, connection, counters.http2, sessionWire(raw, isTls), {
    soon: (call) => env.soon(call),
    left: (remainingMs) => left?.(session, remainingMs),
  });
  connection.addPart(part);
  session.on("stream", () => {
    connection.requests = part.requests;
    counters.requests++;
    if (part.requests > 1) counters.requestsReused++;
  });
}

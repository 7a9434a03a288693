/**
 * What an agent knows of one of its connections, and why it ended. Pure: times and facts come in, decisions go out.
 */

import type { PoolEnd } from "../ends.ts";
import { expiredBy, keepMsOf, type Limits, reusableUntilMs, type Use } from "../expiry.ts";
import { keepAliveHint } from "../http1/keep-alive-hint.ts";
import { endOfSocket } from "../socket-end.ts";

/** What is seen of a connection when it has closed. */
export interface SeenAtClose {
  /** The error code of the socket, or null. */
  readonly errorCode: string | null;
  /** The other side had ended it, or half of it. */
  readonly ended: boolean;
  /** What its request was doing; null: it had none. */
  readonly request: { readonly saidClose: boolean; readonly leftByCaller: boolean } | null;
}

export class KeptSocket implements Use {
  readonly limits: Limits;
  openedMs: number;
  /** How long connecting took: about one round trip; 0 until it has. */
  rttMs = 0;
  opened = false;
  idle = false;
  idleSinceMs: number;
  uses = 0;
  keepMs: number | null = null;
  /** Set before the agent ends it. */
  end: PoolEnd | null = null;
  errorCode: string | null = null;
  ended = false;

  constructor(nowMs: number, limits: Limits) {
    this.limits = limits;
    this.openedMs = nowMs;
    this.idleSinceMs = nowMs;
  }

  connected(nowMs: number): void {
    this.opened = true;
    this.rttMs = nowMs - this.openedMs;
    this.openedMs = nowMs;
  }

  /** An answer has come to its end, with what it said of keeping the connection. Returns why it must end; null: it may be used again. */
  answered(field: string | readonly string[] | undefined, nowMs: number): PoolEnd | null {
    const { timeoutMs, requestsLeft } = keepAliveHint(field);
    this.uses++;
    this.idleSinceMs = nowMs;
    if (timeoutMs !== null) this.keepMs = keepMsOf(timeoutMs, this.rttMs);
    return requestsLeft === 0 ? "requests_limit" : this.expiredBy(nowMs);
  }

  expiredBy(nowMs: number): PoolEnd | null {
    return expiredBy(this, this.limits, nowMs);
  }

  get reusableUntilMs(): number {
    return reusableUntilMs(this, this.limits);
  }

  /** Why it ended, from what was known before and what is seen now. */
  endOf({ errorCode, ended, request }: SeenAtClose): PoolEnd {
    if (this.end !== null) return this.end;
    if (errorCode !== null) return endOfSocket(errorCode);
    if (request === null) return "server_closed";
    if (request.saidClose) return "connection_close";
    return request.leftByCaller && !ended ? "caller_broke_it" : "server_closed";
  }
}

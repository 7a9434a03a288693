/** What a session is made of, and what it tells. Types only. */
import type { ClientHttp2Session } from "node:http2";
import type { Connected } from "../connect/connector.ts";
import type { PoolEnd } from "../ends.ts";
import type { PoolEnv } from "../pool-env.ts";
import type { Http2Options } from "./options.ts";
import type { PingPace } from "./ping-clock.ts";
import type { WindowBudget } from "./window-budget.ts";

/** What a session tells its origin. */
export interface SessionHost<S> {
  /** It may take more requests than a moment ago. */
  readonly room: () => void;
  /** It is old, or has carried enough: a next one is wanted before it is left. */
  readonly due: (session: S, code: PoolEnd) => void;
  /** It takes no more requests. */
  readonly left: (session: S) => void;
  readonly gone: (session: S, code: PoolEnd) => void;
}

export interface SessionParts {
  readonly wire: ClientHttp2Session;
  readonly connected: Connected;
  readonly number: number;
  /** When its connection began to be made. */
  readonly fromMs: number;
  readonly env: PoolEnv;
  readonly options: Http2Options;
  readonly budget: WindowBudget;
  readonly pace: PingPace;
  /** The stream window that its first SETTINGS said. */
  readonly streamBytes: number;
  /** What the peer allowed on an earlier session; null when there was none. */
  readonly peerStreamsMax: number | null;
}

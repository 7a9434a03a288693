/**
 * What the doctor measured, before anybody judges it: data only, printed as it is by `--json`.
 * Unknown is not false: what could not be measured says why.
 */
import type { Ending } from "@holdfast/path";

/** A fact, or why there is none. */
export type Known<T> = { readonly known: true; readonly value: T } | { readonly known: false; readonly why: string };

/** What sat idle. */
export type IdleOf = "http1" | "http2" | "websocket" | "event-stream" | "tcp";

/** For how long one kind of connection survived silence. */
export interface IdleFact {
  readonly of: IdleOf;
  /** Which bytes moved meanwhile: nothing, or one kind of them (a row of the reset matrix). */
  readonly moving: "nothing" | "tcp_keepalive" | "h2_ping" | "websocket_ping" | "comment" | "to_server" | "to_client";
  /** The longest silence that it survived, in ms. */
  readonly atLeastMs: number;
  /** The shortest that ended it; null: none did within the time that there was. */
  readonly atMostMs: number | null;
  readonly how: Ending | null;
  /** Who ended it, as far as both ends know. Null: unknown. */
  readonly by: "server" | "between" | "client" | null;
  /** How often it was seen. */
  readonly seen: number;
}

/**
 * A path as somebody declares it: hops in the order in which a request meets them, with the values that differ from their product's
 * defaults. Types only; path-file.ts reads one from a file, lint makes one out of configurations.
 */
import type { Knob, ProductKind, StreamKind, Value } from "./knob.ts";

/** Where a value was written. Lines count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

export interface DeclaredHop {
  /** Unique in its path; the product's id unless the product stands there twice. */
  readonly name: string;
  /** An id or alias of the hop database, or of `products` of this path. */
  readonly product: string;
  readonly version?: string;
  /** By the knob's name. Times in ms. */
  readonly values: Readonly<Record<string, Value>>;
  /** Where each of them was written, as far as that is known. */
  readonly places?: Readonly<Record<string, Place>>;
  /** Machines or containers of this hop, a deploy's surge not counted. Default 1. */
  readonly replicas?: number;
  /** Processes of a replica that each have pools of their own (nginx workers, Node's cluster). Default 1. */
  readonly processes?: number;
}

/** Which bytes a heartbeat is made of. both_ways: a ping that must be answered. */
export type HeartbeatOf = "both_ways" | "to_client" | "to_server" | "h2_ping" | "tcp_probe";

/** The streams of a path, as its owner makes them. */
export interface DeclaredStreams {
  /** Default: event streams and WebSockets. */
  readonly kinds?: readonly StreamKind[];
  readonly heartbeatMs?: number;
  readonly heartbeatOf?: HeartbeatOf;
  /** After so much silence either end gives the stream up. */
  readonly deadAfterMs?: number | "never";
  /** The age at which a client makes a new connection by plan, at the latest. */
  readonly reconnectMs?: number;
}

export interface DeclaredPath {
  /** From the user to the last one behind. Boxes below TCP stand between the two hops whose link they carry. */
  readonly hops: readonly DeclaredHop[];
  /** Round trip of each link at its worst, a retransmission included, in ms. Default 1000 towards users, 200 between hops. */
  readonly rttMs?: Readonly<{ user?: number; inside?: number }>;
  /** Own hops, beside the database. */
  readonly products?: Readonly<Record<string, OwnProduct>>;
  readonly streams?: DeclaredStreams;
  /** What load and deploys of this path need, by name; ladder/needs.ts has the names, defaults and meanings. */
  readonly needs?: Readonly<Record<string, number>>;
}

/** A hop of one's own: a product of the user's, graded as declared by them. */
export interface OwnProduct {
  readonly name: string;
  /** The product of the database that it is but for `knobs`. */
  readonly like?: string;
  /** Default: that of `like`, else "proxy". */
  readonly kind?: ProductKind;
  /** Default: that of `like`, else false. */
  readonly managed?: boolean;
  /** Default: that of `like`, else 1000. */
  readonly granularityMs?: number;
  readonly retries?: "idempotent" | "all";
  readonly knobs: readonly Knob[];
}

/**
 * A path as somebody declares it: hops in the order in which a request meets them, with the values that differ from their product's
 * defaults. Types only; path-file.ts reads one from a file, lint makes one out of configurations.
 */
import type { Knob, Value } from "./knob.ts";

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

export interface DeclaredPath {
  /** From the user to the last one behind. Boxes below TCP stand between the two hops whose link they carry. */
  readonly hops: readonly DeclaredHop[];
  /** Round trip of each link at its worst, a retransmission included, in ms. Default 1000 towards users, 200 between hops. */
  readonly rttMs?: Readonly<{ user?: number; inside?: number }>;
  /** Own hops, beside the database. */
  readonly products?: Readonly<Record<string, OwnProduct>>;
  /** What the streams and the deploys of this path need; see ladder.ts for defaults. */
  readonly needs?: Readonly<Record<string, number>>;
}

/** A hop of one's own: a product of the user's, graded as declared by them. */
export interface OwnProduct {
  readonly name: string;
  readonly like?: string;
  readonly knobs: readonly Knob[];
}

/**
 * The contract of a fault: one method between two pipes. Types only.
 *
 *      sender ──> [ inbox | fault A ] ──> [ inbox | fault B ] ──> receiver      (one direction of one connection)
 *
 * Direction, probability and the choice of connections live outside (`proxy.add`), so that every fault has them for nothing.
 * The core never asks a fault's name or class: what a fault may do beyond reading and writing is declared in `Stage`.
 */

import type { Random } from "./random.ts";

export type Side = "client" | "server";
export type Sides = Side | "both";
export type Direction = "to-server" | "to-client";
export type Directions = Direction | "both";

/** Some bytes, as they came in one read or left in one write of the fault before. Never empty. */
export interface Chunk {
  readonly kind: "bytes";
  readonly bytes: Uint8Array;
  /** When it reached this fault's inbox, on the lab's clock. Measured per fault: delays add up, they do not compound. */
  readonly arrivedMs: number;
}

/** The sender's end of this direction: FIN (`end`) or RST (`reset`). It travels in order, behind the bytes. */
export interface Close {
  readonly kind: "end" | "reset";
  readonly arrivedMs: number;
}

export type Item = Chunk | Close;

/** What can be written: any item read, or a fresh one without a time. */
export type Outgoing = Pick<Chunk, "kind" | "bytes"> | Pick<Close, "kind">;

/** A kind of trouble. A value without state of its own: one value serves any number of connections at once. */
export interface Fault {
  /** Its name in reports: a noun in kebab-case. */
  readonly name: string;
  /**
   * Called once per connection and direction. Reads items, does something, writes items, until `read` gives null; then it writes
   * or drops what it still holds and returns. It awaits nothing but what `stage` offers. Every byte read is written or dropped:
   * a fault that returns with bytes unaccounted for fails its connection and the proxy's `close()`.
   * Returning early is allowed; the rest then passes untouched.
   */
  pipe(stage: Stage): Promise<void>;
}

/** A fault's place in one direction of one connection, and everything it may do there. */
export interface Stage {
  readonly direction: Direction;
  /** Who sends in this direction, and who receives. */
  readonly sender: Side;
  readonly receiver: Side;
  /** When the fault began to work here: the connection was open by then. */
  readonly startedMs: number;
  /** Bytes that this direction had passed towards the receiver before the fault joined. */
  readonly bytesBefore: number;
  /** Randomness of this fault on this connection in this direction, derived from the proxy's seed. */
  readonly random: Random;

  /** The next item in order. Null: the fault is being removed or the connection is gone; let go and return. One read at a time. */
  read(): Promise<Item | null>;
  /** As `read`, but gives "late" once the clock reaches `atMs` without an item. */
  readUntil(atMs: number): Promise<Item | "late" | null>;
  /** Waits; returns early, at once and for ever, when the fault is being removed. `Infinity` waits for that alone. */
  sleepUntil(atMs: number): Promise<void>;

  /** Passes bytes or a close on, towards the receiver. Takes no time: what the direction holds is bounded at its source. */
  write(item: Outgoing): void;
  /** Gives up an item, in the open: its bytes are counted as dropped, here and on the connection. */
  drop(item: Outgoing): void;
  /** Counts one act of this fault, for tests to assert that it happened. Each fault says what it counts. */
  strike(): void;
  /** From the fault's return on this direction carries nothing, ever, on this connection: a stream with a hole in it is no TCP. */
  sever(): void;
  /** One value per fault and connection, made by whichever direction asks first: how the two directions know of each other. */
  shared<T extends object>(create: () => T): T;
  /** Acts on the connection as a whole, past both pipes and at once. */
  readonly connection: ConnectionPowers;
}

/** What a fault may do to the two sockets. Neither act is told to the other side. */
export interface ConnectionPowers {
  /** RST now; what was on its way to that side is lost. */
  reset(sides: Sides): void;
  /** FIN to that side, behind what it has been passed already; what comes for it later is dropped. */
  end(sides: Sides): void;
}

export function otherSide(side: Side): Side {
  return side === "client" ? "server" : "client";
}

/** Whether `sides` names `side`. */
export function names(sides: Sides, side: Side): boolean {
  return sides === "both" || sides === side;
}

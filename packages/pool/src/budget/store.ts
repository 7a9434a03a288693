/**
 * The place of a ledger: what a database must do for a budget, and no more. Everything is a single statement that stands alone, so that
 * no lock outlives a statement: a replica that stops in the middle blocks nobody, and a pooler between two statements does no harm.
 */
import type { Query } from "./seam.ts";

/** What one look at the database shows. */
export interface Look {
  /** The database's clock, before anything else was read. */
  readonly nowMs: number;
  /** 0: there is no ledger yet. */
  readonly version: number;
  /** Null: there is no ledger yet. */
  readonly text: string | null;
  /** Connections that the server gives to ordinary users, all together. */
  readonly connectionsMax: number;
  /** What it gives to this user or this database alone; null: no limit of that kind. */
  readonly userMax: number | null;
  /** Connections by replica, as the server counts them: of all replicas, or of those that could be counted. */
  readonly seen: ReadonlyMap<string, number>;
  /** Connections of everybody else at this moment; null where the server does not tell. */
  readonly strangers: number | null;
  /** Whether the server's list shows the replicas' connections: not through a pooler. */
  readonly visible: boolean;
}

/** A connection of a replica that the server lists. */
export interface Found {
  readonly replica: string;
  /** The server's own number of it. */
  readonly connection: number;
  /** In the middle of a statement, and not waiting for its client. */
  readonly busy: boolean;
}

/** A ledger by way of one connection. */
export interface LeaseSession {
  look(): Promise<Look>;
  /** Writes if nobody has written since `version` was looked at; says whether it did. */
  swap(version: number, text: string): Promise<boolean>;
  /** The connections of these replicas that the server lists. */
  find(replicas: readonly string[]): Promise<readonly Found[]>;
  /** Ends those that still are what they were. */
  end(found: readonly Found[]): Promise<void>;
}

/** A connection that stands outside all shares, for who has none. */
export interface OpenDoor {
  readonly session: LeaseSession;
  /** Resolves when the server has closed it, as far as that can be seen. */
  close(): Promise<void>;
}

/** One kind of database. */
export interface LeaseStore {
  session(query: Query): LeaseSession;
  /** Rejects with DoorRefused when the server has no connection to give. */
  door(signal: AbortSignal): Promise<OpenDoor>;
  /** Makes a connection of the pool one that the server lists as this replica's, where its name does not do that already. */
  mark(query: Query): Promise<void>;
  /** What a driver is to be told as the connection's name; null where there is no such thing. */
  readonly applicationName: string | null;
}

/** The server had no connection left at the door: somebody uses more than was declared. */
export class DoorRefused extends Error {
  override readonly name = "DoorRefused";
}

/**
 * What is compared: a server that sends the same payloads to all of its links. One file per contender; list.ts names them.
 * A contender must be set up as its own documentation advises for speed, and must send every payload to every link.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Wire } from "../lib/scripts.ts";

export interface Contender {
  readonly port: number;
  /** Links that would get a payload now. */
  links(): number;
  /** Sends each payload to every link, as soon as it can. */
  send(payloads: readonly Buffer[]): void;
  /** Resolves once all that was sent has been given to the sockets. */
  sent(): Promise<void>;
  close(): Promise<void>;
}

export interface ContenderSettings {
  /** Where an engine that needs a place keeps its files; null for engines in memory. */
  readonly directory: string | null;
}

export interface ContenderKind {
  readonly label: string;
  readonly wire: Wire;
  /** Whether the entries of one `send` leave in one write to each socket. */
  readonly joins: boolean;
  /** True when it is installed for the benchmarks alone; without that it is left out. */
  readonly needsPeers?: boolean;
  open(settings: ContenderSettings): Promise<Contender>;
}

/** Lets the event loop take a turn. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A package that is installed for the benchmarks alone. */
export const loadPeer = (name: string): unknown => createRequire(join(import.meta.dirname, "..", "package.json"))(name);

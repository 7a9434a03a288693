/**
 * The contract of a vital sign: a stream's name and a reading of this machine or process, once a second.
 * A reading that this system does not offer is null, never an invented zero.
 */

/** What readings may look at. The real one is adapters/machine.ts. */
export interface Machine {
  /** The text of a file of the system, or null when there is none. */
  readText(path: string): Promise<string | null>;
  /** How many names a folder of the system holds, or null when there is none. */
  countNames(path: string): Promise<number | null>;
  memory(): ProcessMemory;
  uptimeMs(): number;
  /** CPU time of this process since it began. */
  cpuMs(): number;
  /** How late the event loop was since the last call; null before the first second has passed. */
  loopDelay(): LoopDelay | null;
  /** Runnable tasks averaged over 1, 5 and 15 minutes, or null where the system has no such figure. */
  load(): readonly [number, number, number] | null;
  hostMemory(): { readonly totalBytes: number; readonly availableBytes: number };
  /** How many threads can run at the same time. */
  cpus(): number;
}

export interface ProcessMemory {
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly externalBytes: number;
}

export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What the server says of itself. */
export interface ServerFigures {
  readonly links: number;
  readonly linksByTransport: Readonly<Record<string, number>>;
  readonly subscriptions: number;
  readonly streams: number;
  readonly oldestLinkMs: number;
  readonly meanLinkMs: number;
}

export interface Vital {
  readonly stream: string;
  read(machine: Machine, figures: ServerFigures): Promise<Readonly<Record<string, unknown>>>;
}

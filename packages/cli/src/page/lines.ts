/**
 * Lines: for each tab of the page a proxy of its own between it and the server, so that a cut in one tab is not felt in another.
 * A line that nobody has asked about for `idleMs` is closed; there are never more than `linesMax`.
 */

import { type Address, type Connection, type LabProxy, openProxy } from "@holdfast/lab";
import type { Clock, Timer } from "@holdfast/protocol";
import { type CutName, cuts, type Undo } from "./cuts.ts";

/** Limits of the lines. `idleMs` is long because a browser lets the timers of hidden tabs run once a minute. */
export const lineLimits = { linesMax: 32, idleMs: 600_000, connectionsMax: 64, undosMax: 64 } as const;

/** A line as the page is told. */
export interface LineFacts {
  readonly id: string;
  readonly port: number;
  /** Cuts that are in force. */
  readonly cuts: readonly CutName[];
  /** TCP connections that are open on it, and how many of them a black hole has taken bytes from: those carry nothing any more. */
  readonly connections: number;
  readonly dark: number;
  /** Bytes that the dark ones have lost, and bytes that are held back in all. */
  readonly swallowedBytes: number;
  readonly heldBytes: number;
}

interface Line {
  readonly id: string;
  readonly proxy: LabProxy;
  /** Oldest first, at most `undosMax`: one whose connections are long gone may be forgotten. */
  readonly laid: { readonly name: CutName; readonly undo: Undo }[];
  /** Connections that were darkened. */
  readonly darkened: WeakSet<Connection>;
  seenMs: number;
}

export interface LinesParts {
  readonly clock: Clock;
  readonly target: Address;
  newId(): string;
  /** Replaced in tests. */
  open?: typeof openProxy;
}

export class Lines {
  readonly #parts: LinesParts;
  readonly #lines = new Map<string, Line>();
  #opening = 0;
  #timer: Timer | null = null;
  #closed = false;

  constructor(parts: LinesParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#lines.size;
  }

  /** Opens a line, on this port when it is free. Null when no more may be opened. */
  async open(port: number | null): Promise<LineFacts | null> {
    if (this.#closed || this.#opening >= lineLimits.linesMax) return null;
    this.#opening++;
    try {
      // A new tab matters more than the one that has been silent for the longest time.
      while (this.#lines.size >= lineLimits.linesMax) await this.#close(this.#oldest());
      const proxy = await this.#openProxy(port);
      const line: Line = { id: this.#parts.newId(), proxy, laid: [], darkened: new WeakSet(), seenMs: this.#parts.clock.monoMs() };
      this.#lines.set(line.id, line);
      this.#watch();
      return factsOf(line);
    } finally {
      this.#opening--;
    }
  }

  /** What a line is like now; null when there is none of this id. */
  facts(id: string): LineFacts | null {
    const line = this.#seen(id);
    return line === null ? null : factsOf(line);
  }

  /** Lays a cut on a line. One that lasts is laid once. */
  cut(id: string, name: CutName): LineFacts | null {
    const line = this.#seen(id);
    if (line === null) return null;
    if (cuts[name].lasts && line.laid.some((each) => each.name === name)) return factsOf(line);
    if (cuts[name].darkens) for (const connection of line.proxy.connections) line.darkened.add(connection);
    const undo = cuts[name].apply(line.proxy);
    if (undo !== null) line.laid.push({ name, undo });
    if (line.laid.length > lineLimits.undosMax) line.laid.shift();
    return factsOf(line);
  }

  /** Takes every cut away. */
  async mend(id: string): Promise<LineFacts | null> {
    const line = this.#seen(id);
    if (line === null) return null;
    await Promise.all(line.laid.splice(0).map(({ undo }) => undo()));
    return factsOf(line);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await Promise.all([...this.#lines.values()].map((line) => this.#close(line)));
  }

  #seen(id: string): Line | null {
    const line = this.#lines.get(id) ?? null;
    if (line !== null) line.seenMs = this.#parts.clock.monoMs();
    return line;
  }

  #oldest(): Line {
    return [...this.#lines.values()].reduce((a, b) => (b.seenMs < a.seenMs ? b : a));
  }

  /** A page that comes back after a restart of the server wants its old port, which its links know. */
  async #openProxy(port: number | null): Promise<LabProxy> {
    const { target } = this.#parts;
    const open = this.#parts.open ?? openProxy;
    const options = { target, host: target.host, connectionsMax: lineLimits.connectionsMax };
    if (port === null) return await open(options);
    return await open({ ...options, port }).catch(() => open(options));
  }

  /** A fault that breaks its contract shows in tests; here a line is closed whatever it says. */
  async #close(line: Line): Promise<void> {
    this.#lines.delete(line.id);
    await line.proxy.close().catch(() => {});
  }

  #watch(): void {
    if (this.#timer !== null || this.#closed) return;
    const { clock } = this.#parts;
    this.#timer = clock.after(lineLimits.idleMs / 10, () => {
      this.#timer = null;
      const endMs = clock.monoMs() - lineLimits.idleMs;
      for (const line of [...this.#lines.values()]) if (line.seenMs < endMs) void this.#close(line);
      if (this.#lines.size > 0) this.#watch();
    });
  }
}

function factsOf({ id, proxy, laid, darkened }: Line): LineFacts {
  const connections = proxy.connections.filter(({ state }) => state !== "closed");
  const sum = (of: readonly Connection[], value: (connection: Connection) => number): number => of.reduce((total, each) => total + value(each), 0);
  const lostBytes = ({ toClient, toServer }: Connection): number => toClient.droppedBytes + toServer.droppedBytes;
  const dark = connections.filter((connection) => darkened.has(connection) && lostBytes(connection) > 0);
  return {
    id,
    port: proxy.port,
    cuts: laid.map(({ name }) => name).filter((name) => cuts[name].lasts),
    connections: connections.length,
    dark: dark.length,
    swallowedBytes: sum(dark, lostBytes),
    heldBytes: sum(connections, ({ toClient, toServer }) => toClient.heldBytes + toServer.heldBytes),
  };
}

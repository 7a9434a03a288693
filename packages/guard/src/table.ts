/**
 * All connections of one guard, counted by address and subject, and in the order in which they can best be spared.
 * It decides nothing.
 */
import type { Connection } from "./connection.ts";

export class ConnectionTable {
  readonly #all = new Set<Connection>();
  readonly #byAddress = new Map<string, number>();
  readonly #bySubject = new Map<string, number>();

  get size(): number {
    return this.#all.size;
  }

  /** How many addresses have connections. */
  get addresses(): number {
    return this.#byAddress.size;
  }

  add(connection: Connection): void {
    this.#all.add(connection);
    up(this.#byAddress, connection.addressKey);
  }

  remove(connection: Connection): void {
    if (!this.#all.delete(connection)) return;
    down(this.#byAddress, connection.addressKey);
    if (connection.subject !== null) down(this.#bySubject, connection.subject);
  }

  /** Names whose connection it is; a connection can pass from one subject to another. */
  setSubject(connection: Connection, subject: string | null): void {
    if (connection.subject === subject || !this.#all.has(connection)) return;
    if (connection.subject !== null) down(this.#bySubject, connection.subject);
    if (subject !== null) up(this.#bySubject, subject);
    connection.subject = subject;
  }

  has(connection: Connection): boolean {
    return this.#all.has(connection);
  }
  /** Looks at all of them: only people ask by ids. */
  get(id: string): Connection | undefined {
    for (const connection of this.#all) if (connection.id === id) return connection;
    return undefined;
  }
  values(): IterableIterator<Connection> {
    return this.#all.values();
  }
  ofAddress(key: string): number {
    return this.#byAddress.get(key) ?? 0;
  }
  ofSubject(subject: string): number {
    return this.#bySubject.get(subject) ?? 0;
  }

  /** The `count` connections that have waited longest for a request, of those that have since `beforeMs`. */
  longestIdle(count: number, beforeMs: number): Connection[] {
    const idle: { readonly sinceMs: number; readonly connection: Connection }[] = [];
    for (const connection of this.#all.values()) {
      const sinceMs = connection.idleSinceMs;
      if (sinceMs !== null && sinceMs <= beforeMs) idle.push({ sinceMs, connection });
    }
    idle.sort((a, b) => a.sinceMs - b.sinceMs);
    return idle.slice(0, count).map(({ connection }) => connection);
  }
}

function up(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Keys with nothing left are dropped: addresses are as many as a peer likes. */
function down(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 0) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}

/**
 * Notices that a connection of a pool has ended: it is not in the pool's list any more. Why is in the pool's counts: what is counted and was
 * not told with an answer belongs to it.
 */
import type { HttpPool, PoolEnd, RequestTrace } from "@holdfast/pool";
import type { ConnectionEnd } from "../run.ts";

export class ConnectionWatch {
  readonly ends: ConnectionEnd[] = [];
  readonly #pool: Pick<HttpPool, "connections" | "stats">;
  readonly #open = new Set<number>();
  /** Ends that are accounted for. */
  readonly #told = new Map<PoolEnd, number>();

  constructor(pool: Pick<HttpPool, "connections" | "stats">) {
    this.#pool = pool;
  }

  /** An answer was traced: its connection is known, and its end, if it came with the answer. */
  traced({ connection, ended }: RequestTrace): void {
    if (ended === null) {
      this.#open.add(connection);
      return;
    }
    this.#open.delete(connection);
    this.#account(ended);
  }

  look(nowMs: number): void {
    const listed = new Set(this.#pool.connections().map(({ connection }) => connection));
    for (const connection of this.#open) {
      if (listed.has(connection)) continue;
      this.#open.delete(connection);
      const end = this.#untold();
      if (end === null) continue;
      this.#account(end);
      this.ends.push({ connection, end, atMs: nowMs });
    }
  }

  #account(end: PoolEnd): void {
    this.#told.set(end, (this.#told.get(end) ?? 0) + 1);
  }

  /** An end that was counted and is nobody's yet. */
  #untold(): PoolEnd | null {
    for (const { connections } of this.#pool.stats().origins) {
      for (const [end, count] of Object.entries(connections.ends) as [PoolEnd, number][]) if (count > (this.#told.get(end) ?? 0)) return end;
    }
    return null;
  }
}

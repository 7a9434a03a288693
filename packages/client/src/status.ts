/**
 * What the client believes, for people and programs: derived from proof of life, never "open".
 * A snapshot is frozen and keeps its identity until something in it changes, as `useSyncExternalStore` wants it.
 */
import type { Code } from "@holdfast/protocol";

/**
 * `live`: proof of life, and everything known has been taken. `catching-up`: the link works, more is under way.
 * `stale`: proof of life is overdue, the link is being probed. `offline`: no link. `denied`: the server said to stop; it stays so. `closed`: over.
 */
export type LineState = "live" | "catching-up" | "stale" | "offline" | "denied" | "closed";

/** What every status has. */
export interface Line {
  readonly state: LineState;
  /** Why, when there is a reason to name. */
  readonly code: Code | null;
  readonly reason: string;
}

/** The client as a whole. */
export interface Status extends Line {
  /** Since when, in ms since 1970-01-01 UTC. */
  readonly since: number;
  /** What carries the link; null without one. */
  readonly transport: string | null;
  /** When bytes last came, in ms since 1970-01-01 UTC; brought up to date by every change and every beat of the server. */
  readonly lastProofOfLifeMs: number | null;
  /** Failures in a row. */
  readonly attempt: number;
  /** When the next dial is due, in ms since 1970-01-01 UTC. */
  readonly retryAtMs: number | null;
  readonly linkId: string | null;
}

/** One stream. */
export interface StreamStatus extends Line {
  readonly since: number;
  /** Gaps so far, told to `onGap` or not. */
  readonly gaps: number;
}

/** What `useSyncExternalStore` takes. */
export interface StatusSource<T> {
  /** Calls the listener after each change; returns the way to stop that. A listener must not throw. */
  subscribe(listener: () => void): () => void;
  /** The same object until something changes. */
  getSnapshot(): T;
}

/** A status and those who watch it. */
export class StatusStore<T extends Line & { readonly since: number }> implements StatusSource<T> {
  #snapshot: T;
  readonly #listeners = new Set<() => void>();

  constructor(initial: T) {
    this.#snapshot = Object.freeze(initial);
  }

  // Arrow functions, because they are handed to a framework without their object.
  readonly subscribe = (listener: () => void): (() => void) => {
    const own = (): void => listener(); // The same listener may subscribe twice.
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  };

  readonly getSnapshot = (): T => this.#snapshot;

  /** Takes what is true at `wallMs`; `since` moves when state or code do. */
  set(next: Omit<T, "since">, wallMs: number): void {
    const before = this.#snapshot;
    const since = next.state === before.state && next.code === before.code ? before.since : wallMs;
    const after = { ...next, since } as T;
    if ((Object.keys(after) as (keyof T)[]).every((name) => after[name] === before[name])) return;
    this.#snapshot = Object.freeze(after);
    for (const listener of [...this.#listeners]) listener();
  }
}

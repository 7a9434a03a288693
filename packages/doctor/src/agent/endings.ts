/**
 * Remembers connections that the agent was asked on, and how they ended as the application saw it. Pure, bounded: the oldest is forgotten first.
 */
import type { AgentEnded, AgentHow } from "./wire.ts";

interface Entry {
  touchedMs: number;
  requests: number;
  ended: { readonly how: AgentHow; readonly silentMs: number; readonly at: number } | null;
}

export class Endings {
  readonly #entriesMax: number;
  readonly #entries = new Map<string, Entry>();
  #forgotten = 0;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  /** How many were forgotten so that others could be remembered. */
  get forgotten(): number {
    return this.#forgotten;
  }

  begin(id: string, nowMs: number): void {
    this.#entries.set(id, { touchedMs: nowMs, requests: 0, ended: null });
    if (this.#entries.size <= this.#entriesMax) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest as string);
    this.#forgotten++;
  }

  /** Bytes moved on it. */
  touch(id: string, nowMs: number): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.touchedMs = nowMs;
  }

  /** A further request on it; how many there were. */
  request(id: string, nowMs: number): number {
    const entry = this.#entries.get(id);
    if (entry === undefined) return 1;
    entry.touchedMs = nowMs;
    return ++entry.requests;
  }

  /** The first end counts: what follows is its consequence. */
  end(id: string, how: AgentHow, nowMs: number, at: number): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.ended ??= { how, silentMs: nowMs - entry.touchedMs, at };
  }

  look(id: string, nowMs: number): AgentEnded {
    const entry = this.#entries.get(id);
    if (entry === undefined) return { known: false };
    const { ended, requests, touchedMs } = entry;
    return {
      known: true,
      open: ended === null,
      how: ended?.how ?? null,
      afterSilentMs: Math.round(ended?.silentMs ?? nowMs - touchedMs),
      at: ended?.at ?? null,
      requests,
    };
  }
}

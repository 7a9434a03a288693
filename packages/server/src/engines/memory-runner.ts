/**
 * One run of logs in memory, shared by the memory engines: start, stop, and the timer of the retention pass.
 * It emits nothing and delays nothing; when and how the world learns of an append is the engine's part.
 */
import { type Env, HoldfastError, randomId, type Timer } from "@holdfast/protocol";
import type { AppendRequest, EngineHealth } from "../engine.ts";
import { type Applied, MemoryLogs } from "./memory-logs.ts";
import { MemoryStore } from "./memory-store.ts";
import { type EngineOptions, resolveEngineOptions } from "./options.ts";
import { resolvePolicies, retentionFor, type StreamPolicy } from "./retention.ts";

/** What a memory engine is made of. */
export interface MemoryEngineSetup {
  readonly env: Env;
  /** The data to run on. Default: a new, empty store. */
  readonly store?: MemoryStore;
  /** Retention per stream pattern, first match wins. Default: none. */
  readonly policies?: readonly StreamPolicy[];
  readonly options?: Partial<EngineOptions>;
}

/** The length of an epoch's random id: 50 bits keep the starts of one log apart. */
export const epochLength = 10;

type State = { readonly name: "idle" } | { readonly name: "running"; readonly logs: MemoryLogs } | { readonly name: "stopped" };

export class MemoryRunner {
  readonly #env: Env;
  readonly #store: MemoryStore;
  readonly #options: EngineOptions;
  readonly #policies: readonly StreamPolicy[];
  readonly #nextSeq: (last: number) => number;
  #state: State = { name: "idle" };
  #pass: { readonly atMs: number; readonly timer: Timer } | null = null;

  constructor(setup: MemoryEngineSetup, nextSeq: (last: number) => number) {
    this.#env = setup.env;
    this.#store = setup.store ?? new MemoryStore();
    this.#options = resolveEngineOptions(setup.options);
    this.#policies = resolvePolicies(setup.policies);
    this.#nextSeq = nextSeq;
  }

  start(): void {
    if (this.#state.name !== "idle") throw new HoldfastError("storage_failed", "The engine has been started before");
    if (!this.#store.claim(this)) throw new HoldfastError("storage_failed", "Another engine runs on this store");
    const logs = new MemoryLogs(this.#store, {
      epoch: randomId(this.#env.rng, epochLength),
      clock: this.#env.clock,
      options: this.#options,
      retentionOf: retentionFor(this.#policies, this.#options),
      nextSeq: this.#nextSeq,
    });
    this.#state = { name: "running", logs };
    this.#runPass();
  }

  stop(): void {
    this.#state = { name: "stopped" };
    this.#pass?.timer.cancel();
    this.#pass = null;
    this.#store.release(this);
  }

  /** The logs, while this run lasts and its store has not been taken away by a crash. */
  get logs(): MemoryLogs | null {
    return this.#state.name === "running" && this.#store.isOwnedBy(this) ? this.#state.logs : null;
  }

  /** The logs; throws `storage_failed` when there are none. */
  get readable(): MemoryLogs {
    const { logs } = this;
    if (logs === null) throw new HoldfastError("storage_failed", "The engine does not run");
    return logs;
  }

  /** Applies one append and sees to it that what it added is removed in time. Null when the run is over. */
  append(request: AppendRequest): Applied | null {
    const applied = this.logs?.append(request) ?? null;
    if (applied?.result.ok === true && !applied.result.duplicate) this.#planPass(applied.dueMs);
    return applied;
  }

  health(): EngineHealth {
    if (this.logs === null) return { state: "down", detail: "The engine does not run" };
    return { state: "ok", detail: `${this.#store.logs.size} streams, ${this.#store.bytes} payload bytes` };
  }

  #runPass(): void {
    this.#pass = null;
    const dueMs = this.logs?.pass() ?? null;
    if (dueMs !== null) this.#planPass(dueMs);
  }

  /** Arms the pass, unless one comes earlier. */
  #planPass(dueMs: number): void {
    const nowMs = this.#env.clock.monoMs();
    const atMs = Math.max(dueMs, nowMs + this.#options.retentionPassMs);
    if (this.#pass !== null && this.#pass.atMs <= atMs) return;
    this.#pass?.timer.cancel();
    this.#pass = { atMs, timer: this.#env.clock.after(atMs - nowMs, () => this.#runPass()) };
  }
}

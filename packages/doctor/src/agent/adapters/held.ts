/**
 * Something of the agent's that stays open: a stream of events, a WebSocket, an answer that is held back. Each has a place in the budget,
 * a life, and bytes that it may move; it ends once, and its timers with it.
 */
import type { Budget } from "../budget.ts";
import type { Endings } from "../endings.ts";
import type { AgentOptions } from "../options.ts";
import type { AgentCode } from "../refusals.ts";

/** What all handlers of one agent share. */
export interface Shared {
  readonly options: AgentOptions;
  readonly budget: Budget;
  readonly endings: Endings;
  /** What is open, so that the agent can end it when it leaves. */
  readonly held: Set<Held>;
}

export class Held {
  readonly #shared: Shared;
  readonly #connId: string;
  readonly #cut: (code: AgentCode | null) => void;
  readonly #life: NodeJS.Timeout;
  #beat: NodeJS.Timeout | null = null;
  #bytesLeft: number;
  #over = false;

  /** `cut` ends what is held, because of `code`, or because the agent leaves. The place in the budget was taken before. */
  constructor(shared: Shared, connId: string, cut: (code: AgentCode | null) => void) {
    this.#shared = shared;
    this.#connId = connId;
    this.#cut = cut;
    this.#bytesLeft = shared.options.connectionBytesMax;
    this.#life = setTimeout(() => this.end("agent_life"), shared.options.lifeMs);
    shared.held.add(this);
  }

  get over(): boolean {
    return this.#over;
  }

  /** Counts bytes that were sent or received; false, and it is over, when there were too many. */
  moved(bytes: number): boolean {
    if (this.#over) return false;
    const nowMs = performance.now();
    this.#shared.endings.touch(this.#connId, nowMs);
    this.#bytesLeft -= bytes;
    if (this.#shared.budget.spend(bytes, nowMs) && this.#bytesLeft >= 0) return true;
    this.end("agent_spent");
    return false;
  }

  /** Too much waits for a reader. */
  waiting(bytes: number): void {
    if (bytes > this.#shared.options.waitingBytesMax) this.end("agent_slow_reader");
  }

  /** Calls `call` every so often, in place of what was called before; null: nothing any more. */
  every(everyMs: number, call: (() => void) | null): void {
    if (this.#beat !== null) clearInterval(this.#beat);
    this.#beat = call === null || this.#over ? null : setInterval(call, everyMs);
  }

  /** Calls `call` once after that time. */
  after(delayMs: number, call: () => void): void {
    this.every(delayMs, () => {
      this.every(0, null);
      call();
    });
  }

  end(code: AgentCode | null): void {
    if (this.#over) return;
    this.release();
    if (code !== null) this.#shared.budget.refuse(code);
    this.#cut(code);
  }

  /** It has ended by itself. */
  release(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#life);
    this.every(0, null);
    this.#shared.held.delete(this);
    this.#shared.budget.leave();
  }
}

/**
 * What the agent may still do: connections that are open, requests of this second, bytes of this minute. Pure; every refusal has a code and is counted.
 */
import type { AgentOptions } from "./options.ts";
import type { AgentCode } from "./refusals.ts";

export interface AgentCounters {
  readonly requests: number;
  readonly open: number;
  readonly bytes: number;
  readonly refused: Readonly<Partial<Record<AgentCode, number>>>;
}

type Limits = Pick<AgentOptions, "connectionsMax" | "requestsPerSecondMax" | "minuteBytesMax">;

/** So much of something in each window, which begins anew with the first use after its end. */
class Window {
  readonly #max: number;
  readonly #windowMs: number;
  #startMs = Number.NEGATIVE_INFINITY;
  #used = 0;

  constructor(max: number, windowMs: number) {
    this.#max = max;
    this.#windowMs = windowMs;
  }

  /** Uses `amount`; false when that, or what was used before, is too much. */
  use(amount: number, nowMs: number): boolean {
    if (nowMs - this.#startMs >= this.#windowMs) {
      this.#startMs = nowMs;
      this.#used = 0;
    }
    this.#used += amount;
    return this.#used <= this.#max;
  }
}

export class Budget {
  readonly #limits: Limits;
  readonly #requests: Window;
  readonly #bytes: Window;
  readonly #counted = { requests: 0, open: 0, bytes: 0, refused: {} as Partial<Record<AgentCode, number>> };

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#requests = new Window(limits.requestsPerSecondMax, 1_000);
    this.#bytes = new Window(limits.minuteBytesMax, 60_000);
  }

  get counters(): AgentCounters {
    return this.#counted;
  }

  /** Whether one more request may be looked at. */
  request(nowMs: number): boolean {
    this.#counted.requests++;
    return this.#requests.use(1, nowMs);
  }

  /** Takes the place of something that stays open; why not, or null. Whoever has it gives it back by `leave`. */
  enter(nowMs: number): AgentCode | null {
    if (this.#counted.open >= this.#limits.connectionsMax) return "agent_full";
    if (!this.#bytes.use(0, nowMs)) return "agent_spent";
    this.#counted.open++;
    return null;
  }

  leave(): void {
    this.#counted.open--;
  }

  /** Counts bytes that were sent or received; false when there were too many in this minute. */
  spend(bytes: number, nowMs: number): boolean {
    this.#counted.bytes += bytes;
    return this.#bytes.use(bytes, nowMs);
  }

  refuse(code: AgentCode): void {
    this.#counted.refused[code] = (this.#counted.refused[code] ?? 0) + 1;
  }
}

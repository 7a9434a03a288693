/**
 * Whether one backend gets requests: up (slowly at first), ejected, or being tried by a single request. Pure: a machine over outcomes and
 * the time that it is told. Whether it *may* be ejected depends on the others, so the balancer decides that.
 *
 *        failing          left alone for forMs          a request is sent
 *   up ───────────▶ ejected ─────────────▶ (due) ──────────────────▶ trial ──┬── ok: up, slowly
 *                      ▲                                                     │
 *                      └───────────────────── failed: for twice as long ─────┘
 */
import { FailureWindow } from "./failure-window.ts";
import type { BackendOptions } from "./options.ts";

/**
 * What became of a request. `failed`: it was reached, and failed by its own fault. `not_reached`: nothing of the request was sent to it.
 * `abandoned`: the caller left, or a limit of ours was in the way; it says nothing about the backend.
 */
export type BackendOutcome = "ok" | "failed" | "not_reached" | "abandoned";

export type EjectCause = "ejected_failing" | "ejected_ratio" | "ejected_unreached";

type State =
  | { readonly kind: "up"; readonly sinceMs: number; readonly slowly: boolean }
  | { readonly kind: "ejected"; readonly untilMs: number }
  | { readonly kind: "trial" };

export class Health {
  readonly #options: BackendOptions;
  readonly #window: FailureWindow;
  #state: State;
  #failedInRow = 0;
  #unreachedInRow = 0;
  /** How often in a row it was ejected: forgiven one by one, for each `#forMs` that it then works. */
  #times = 0;
  #forMs = 0;

  constructor(options: BackendOptions, slowly: boolean, nowMs: number) {
    this.#options = options;
    this.#window = new FailureWindow(options.failedWindowMs);
    this.#state = { kind: "up", sinceMs: nowMs, slowly };
  }

  get kind(): State["kind"] {
    return this.#state.kind;
  }

  /** From when it may be tried; null unless it is ejected. */
  get dueMs(): number | null {
    return this.#state.kind === "ejected" ? this.#state.untilMs : null;
  }

  /** How long it was last ejected for. */
  get forMs(): number {
    return this.#forMs;
  }

  /** The part of its share that it gets, in (0, 1]; 0 unless it is up. */
  part(nowMs: number): number {
    const { slowStartMs, slowStartPercentMin } = this.#options;
    if (this.#state.kind !== "up") return 0;
    if (!this.#state.slowly || slowStartMs === "never") return 1;
    return Math.min(1, Math.max((nowMs - this.#state.sinceMs) / slowStartMs, slowStartPercentMin / 100));
  }

  /** Counts an outcome of a backend that is up, and says why it ought to be ejected, if it ought to. */
  count(outcome: BackendOutcome, nowMs: number): EjectCause | null {
    if (outcome === "abandoned") return null;
    this.#window.count(outcome !== "ok", nowMs);
    this.#unreachedInRow = outcome === "not_reached" ? this.#unreachedInRow + 1 : 0;
    this.#failedInRow = outcome === "ok" ? 0 : this.#failedInRow + 1;
    if (outcome === "ok") return null;
    const { unreachedInRowMax, failedInRowMax, failedPercentMax, failedRequestsMin } = this.#options;
    if (this.#unreachedInRow >= unreachedInRowMax) return "ejected_unreached";
    if (this.#failedInRow >= failedInRowMax) return "ejected_failing";
    const { requests, failed } = this.#window;
    const isOften = failedPercentMax !== "never" && requests >= failedRequestsMin && failed * 100 > requests * failedPercentMax;
    return isOften ? "ejected_ratio" : null;
  }

  /** Out, for longer each time. `spread` in [-1, 1) moves the time by a tenth, so that replicas do not all try at once. */
  eject(nowMs: number, spread: number): void {
    if (this.#state.kind === "up" && this.#times > 0) {
      const forgiven = Math.floor((nowMs - this.#state.sinceMs) / this.#forMs);
      this.#times = Math.max(0, this.#times - forgiven);
    }
    const { ejectMs, ejectMsMax } = this.#options;
    this.#forMs = Math.min(ejectMs * 2 ** Math.min(this.#times, 52), ejectMsMax);
    this.#times++;
    this.#state = { kind: "ejected", untilMs: nowMs + this.#forMs * (1 + spread / 10) };
  }

  try(): void {
    this.#state = { kind: "trial" };
  }

  /** The trial said nothing: the next request may be one. */
  tryAgain(nowMs: number): void {
    this.#state = { kind: "ejected", untilMs: nowMs };
  }

  comeBack(nowMs: number): void {
    this.#window.clear();
    this.#failedInRow = 0;
    this.#unreachedInRow = 0;
    this.#state = { kind: "up", sinceMs: nowMs, slowly: true };
  }
}

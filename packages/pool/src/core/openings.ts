/**
 * The openings under way: how many, for how long each, and when the next may begin after some that failed. An opening that was taken back keeps
 * its place until it has settled, because until then the other side may have a connection.
 */
import type { Clock, Rng, Timer } from "@holdfast/protocol";
import { PoolError } from "../pool-error.ts";
import { Backoff } from "./backoff.ts";

interface Opening {
  readonly abort: AbortController;
  timer: Timer | null;
  /** Somebody may still get it. */
  wanted: boolean;
}

export interface OpeningHooks<T> {
  readonly open: (signal: AbortSignal) => Promise<T>;
  readonly opened: (value: T) => void;
  readonly failed: (error: unknown) => void;
  /** One that nobody wanted has failed, or the time after a failure is over: there is room to look again. */
  readonly again: () => void;
}

export class Openings<T> {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #backoff: Backoff;
  readonly #hooks: OpeningHooks<T>;
  readonly #all = new Set<Opening>();
  #wanted = 0;
  #retry: Timer | null = null;

  constructor(clock: Clock, rng: Rng, times: { readonly connectTimeoutMs: number; readonly backoffMsMax: number }, hooks: OpeningHooks<T>) {
    this.#clock = clock;
    this.#timeoutMs = times.connectTimeoutMs;
    this.#backoff = new Backoff(times.backoffMsMax, rng);
    this.#hooks = hooks;
  }

  /** All that take a place. */
  get size(): number {
    return this.#all.size;
  }

  /** Those of which somebody may get a connection. */
  get wanted(): number {
    return this.#wanted;
  }

  get lastError(): unknown {
    return this.#backoff.lastError;
  }

  /** Whether the next one may begin. When it may later, `again` is called then. */
  mayBegin(): boolean {
    if (!this.#backoff.failing) return true;
    if (this.#wanted > 0) return false;
    const waitMs = this.#backoff.untilMs - this.#clock.monoMs();
    if (waitMs <= 0) return true;
    this.#retry ??= this.#clock.after(Math.ceil(waitMs), () => {
      this.#retry = null;
      this.#hooks.again();
    });
    return false;
  }

  /** Nobody waits: no timer keeps the process for them. */
  rest(): void {
    this.#retry?.cancel();
    this.#retry = null;
  }

  begin(): void {
    const opening: Opening = { abort: new AbortController(), timer: null, wanted: true };
    this.#all.add(opening);
    this.#wanted++;
    opening.timer = this.#clock.after(this.#timeoutMs, () => {
      const error = new PoolError("connect_timeout", `No connection within ${this.#timeoutMs} ms`);
      this.#unwant(opening);
      opening.abort.abort(error);
      this.#failed(error);
    });
    // What throws at once is a failure like any other.
    const opened = async (): Promise<T> => this.#hooks.open(opening.abort.signal);
    opened().then(
      (value) => {
        this.#settled(opening);
        this.#backoff.succeeded();
        this.#hooks.opened(value);
      },
      (error: unknown) => {
        if (this.#settled(opening)) this.#failed(error);
        else this.#hooks.again();
      },
    );
  }

  /** Takes back all above so many. */
  abandonAbove(wantedMax: number, why: PoolError): void {
    for (const opening of this.#all) {
      if (this.#wanted <= wantedMax) return;
      if (this.#unwant(opening)) opening.abort.abort(why);
    }
  }

  #failed(error: unknown): void {
    this.#backoff.failed(this.#clock.monoMs(), error);
    this.#hooks.failed(error);
  }

  /** False: nobody wanted it any more. */
  #settled(opening: Opening): boolean {
    this.#all.delete(opening);
    return this.#unwant(opening);
  }

  #unwant(opening: Opening): boolean {
    opening.timer?.cancel();
    if (!opening.wanted) return false;
    opening.wanted = false;
    this.#wanted--;
    return true;
  }
}

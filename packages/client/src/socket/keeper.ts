/**
 * The shell of the machine: keeps one link alive through a driver that knows how to dial, probe and let go.
 * It owns the timer, the watches on the platform and the status; it must hold none of them once the link is over.
 */
import type { Timer } from "@holdfast/protocol";
import { watchPlatform } from "./adapters/watches.ts";
import { type World, world } from "./adapters/world.ts";
import { type LinkEvent, type LinkRules, type LinkState, lateMs, never, stepLink, unborn } from "./link-state.ts";
import { type LinkStatus, type LinkStatusSource, statusOf } from "./link-status.ts";

/** What a keeper drives. Each call is about the newest dial; the driver tells `step` what came of it. */
export interface Driver {
  dial(): void;
  probe(): void;
  /** Let go of the connection at once, whatever the peer does. */
  destroy(): void;
  /** After each step that changed the state's name. */
  changed(before: LinkState, after: LinkState): void;
}

/** Keeps one link. */
export class LinkKeeper implements LinkStatusSource {
  readonly #driver: Driver;
  readonly #world: World;
  readonly #rules: LinkRules;
  readonly #listeners = new Set<() => void>();
  #state: LinkState;
  #status: LinkStatus;
  #timer: Timer | null = null;
  #armedForMs = 0;
  #offsetMs: number;
  #heardMs: number | null = null;
  #unwatch: (() => void) | null = null;

  constructor(driver: Driver, rules: LinkRules, initial: LinkState | null = null, env: World = world) {
    this.#driver = driver;
    this.#world = env;
    this.#rules = rules;
    const wallMs = env.wallMs();
    const monoMs = env.monoMs();
    this.#offsetMs = wallMs - monoMs;
    this.#state = initial ?? unborn(monoMs);
    this.#status = statusOf(this.#state, null, wallMs, this.#offsetMs, null);
  }

  get state(): LinkState {
    return this.#state;
  }

  // Arrow functions, because they are handed to a framework without their object.
  readonly subscribe = (listener: () => void): (() => void) => {
    const own = (): void => listener(); // The same listener may subscribe twice.
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  };
  readonly getSnapshot = (): LinkStatus => this.#status;

  /** Dials when it is due. Throws what the first dial throws, and then leaves nothing behind. */
  start(): void {
    this.step({ name: "timer" });
    this.#unwatch = watchPlatform((why) => this.step({ name: "poke", why }));
  }

  step(event: LinkEvent): void {
    const before = this.#state;
    const isProof = event.name === "heard" || event.name === "opened";
    if (isProof) this.#heardMs = this.#world.wallMs();
    const { state, action } = stepLink(before, event, this.#world.monoMs(), this.#rules, this.#world.random());
    this.#state = state;
    if (action !== null) this.#driver[action]();
    // What an action or a listener did has stepped on, and then told and armed what is true now.
    if (this.#state === state) this.#arm();
    if (this.#state === state && (before.name !== state.name || !isProof)) this.#publish();
    if (this.#state === state && before.name !== state.name) this.#driver.changed(before, state);
  }

  /** Bytes push deadlines back far more often than timers fire: a timer that is early only looks again. */
  #arm(): void {
    const { dueMs, name } = this.#state;
    if (name === "over") this.#unwatch?.();
    if (this.#timer !== null && dueMs >= this.#armedForMs && dueMs < never) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#armedForMs = dueMs;
    if (dueMs < never) this.#timer = this.#world.after(Math.max(0, dueMs - this.#world.monoMs()), () => this.#fired());
  }

  #fired(): void {
    this.#timer = null;
    // A wall clock that ran ahead of the other: the machine slept, and the other clock with it.
    const jumpMs = this.#world.wallMs() - this.#world.monoMs() - this.#offsetMs;
    this.#offsetMs += jumpMs;
    this.step({ name: "timer" });
    if (jumpMs > lateMs) this.step({ name: "poke", why: "woke" });
  }

  #publish(): void {
    this.#status = statusOf(this.#state, this.#status, this.#world.wallMs(), this.#offsetMs, this.#heardMs);
    for (const listener of [...this.#listeners]) listener();
  }
}

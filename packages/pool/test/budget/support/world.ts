/**
 * Virtual time, seeded chance, and processes that can be killed and made to stand still. Between two events every promise job has run, so
 * whole memberships run in it; nothing happens that was not planned here.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Env, Timer } from "@holdfast/protocol";

interface Item {
  readonly atMs: number;
  readonly order: number;
  call: (() => void) | null;
}

export class World {
  nowMs = 0;
  #order = 0;
  #seed: number;
  /** Sorted, the next last. */
  readonly #items: Item[] = [];

  constructor(seed: number) {
    this.#seed = seed >>> 0;
  }

  /** A fraction in [0, 1). */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) >>> 0;
    let mixed = this.#seed;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  between(least: number, most: number): number {
    return least + this.random() * (most - least);
  }

  after(delayMs: number, call: () => void): Timer {
    const item: Item = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, call };
    let [low, high] = [0, this.#items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#items[middle] as Item;
      if (other.atMs > item.atMs || (other.atMs === item.atMs && other.order > item.order)) low = middle + 1;
      else high = middle;
    }
    this.#items.splice(low, 0, item);
    return {
      cancel: () => {
        item.call = null;
      },
    };
  }

  /** Runs what is planned until then; `each` looks at the world after every event. */
  async run(untilMs: number, each: () => void): Promise<void> {
    for (;;) {
      const next = this.#items.at(-1);
      if (next === undefined || next.atMs > untilMs) break;
      this.#items.pop();
      if (next.call === null) continue;
      this.nowMs = next.atMs;
      next.call();
      await turn();
      each();
    }
    this.nowMs = untilMs;
  }
}

/** A process: what reaches it, timers included, waits while it stands still, and is lost when it is dead. */
export class SimProcess {
  readonly world: World;
  #state: "runs" | "stands" | "dead" = "runs";
  #backlog: (() => void)[] = [];
  readonly #ends: (() => void)[] = [];

  constructor(world: World) {
    this.world = world;
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  get runs(): boolean {
    return this.#state === "runs";
  }

  deliver(delayMs: number, call: () => void): Timer {
    let isOff = false;
    const timer = this.world.after(delayMs, () => {
      if (this.#state === "stands") this.#backlog.push(() => isOff || call());
      else if (this.#state === "runs") call();
    });
    return {
      cancel: () => {
        isOff = true;
        timer.cancel();
      },
    };
  }

  onDeath(call: () => void): void {
    this.#ends.push(call);
  }

  stop(): void {
    if (this.#state === "runs") this.#state = "stands";
  }

  continue(): void {
    if (this.#state !== "stands") return;
    this.#state = "runs";
    for (const call of this.#backlog.splice(0)) this.deliver(0, call);
  }

  kill(): void {
    if (this.isDead) return;
    this.#state = "dead";
    for (const call of this.#ends) call();
  }

  env(): Env {
    const { world } = this;
    return {
      clock: { monoMs: () => world.nowMs, wallMs: () => 1_700_000_000_000 + world.nowMs, after: (delayMs, call) => this.deliver(delayMs, call) },
      rng: { u32: () => Math.floor(world.random() * 0x1_0000_0000) },
      soon: (call) => {
        this.deliver(0, call);
      },
    };
  }
}

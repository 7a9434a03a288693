/**
 * Beats of all links by one timer: a wheel whose slots hold links. The first beat of a link comes at a random point
 * of [h/2, h], later ones after h to 1.1 h, so that a fleet does not beat as one. Links of one slot are visited in slices.
 */
import { type Env, randomFraction, type Timer } from "@holdfast/protocol";

/** What the wheel turns. */
export interface Beating {
  beat(): void;
}

const slotsPerHeartbeat = 128;
/** Links visited before the event loop gets a turn. */
const sliceLinks = 256;
/** Each interval is up to this much longer than the heartbeat. */
export const beatJitter = 0.1;

export class BeatWheel<L extends Beating> {
  readonly #env: Env;
  readonly #heartbeatMs: number;
  readonly #tickMs: number;
  /** One turn is a little longer than the longest interval. */
  readonly #slots: Set<L>[];
  readonly #slotOf = new Map<L, number>();
  #at = 0;
  #timer: Timer | null = null;
  #stopped = false;

  constructor(env: Env, heartbeatMs: number) {
    this.#env = env;
    this.#heartbeatMs = heartbeatMs;
    this.#tickMs = heartbeatMs / slotsPerHeartbeat;
    this.#slots = Array.from({ length: Math.ceil(slotsPerHeartbeat * (1 + beatJitter)) + 2 }, () => new Set<L>());
  }

  add(link: L): void {
    if (this.#stopped) return;
    this.#place(link, this.#heartbeatMs * (0.5 + randomFraction(this.#env.rng) / 2));
    this.#timer ??= this.#env.clock.after(this.#tickMs, () => this.#tick());
  }

  remove(link: L): void {
    const slot = this.#slotOf.get(link);
    if (slot === undefined) return;
    this.#slotOf.delete(link);
    this.#slots[slot]?.delete(link);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #place(link: L, afterMs: number): void {
    const ticks = Math.max(1, Math.round(afterMs / this.#tickMs));
    const slot = (this.#at + ticks) % this.#slots.length;
    this.#slotOf.set(link, slot);
    (this.#slots[slot] as Set<L>).add(link);
  }

  #tick(): void {
    this.#timer = null;
    if (this.#stopped) return;
    this.#at = (this.#at + 1) % this.#slots.length;
    const due = this.#slots[this.#at] as Set<L>;
    const links = [...due];
    due.clear();
    for (const link of links) this.#place(link, this.#heartbeatMs * (1 + beatJitter * randomFraction(this.#env.rng)));
    this.#visit(links, 0);
    if (this.#slotOf.size > 0) this.#timer = this.#env.clock.after(this.#tickMs, () => this.#tick());
  }

  #visit(links: readonly L[], from: number): void {
    const to = Math.min(links.length, from + sliceLinks);
    for (let i = from; i < to; i++) {
      const link = links[i] as L;
      if (this.#slotOf.has(link)) link.beat();
    }
    if (to < links.length) this.#env.soon(() => this.#visit(links, to));
  }
}

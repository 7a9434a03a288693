/**
 * An origin in memory, by a clock moved by hand: channels and locks as browsers have them, and pages that freeze and die.
 * It is only as good as its likeness to the real thing: sharing-cases.ts runs over both.
 */
import type { Env, Timer } from "@holdfast/protocol";
import type { Sharing } from "../../../src/tabs/sharing.ts";
import type { HandWorld } from "../../support/hand-world.ts";

interface End {
  readonly page: FakePage;
  readonly name: string;
  readonly onMessage: (message: unknown) => void;
  isClosed: boolean;
}
interface Claim {
  readonly page: FakePage;
  readonly held: () => void;
  readonly lost: () => void;
  isOver: boolean;
}

/** How long a message or a lock takes to come, in ms. */
const delayMs = 1;

export class FakeOrigin {
  readonly world: HandWorld;
  readonly pages: FakePage[] = [];
  readonly ends = new Set<End>();
  /** Per lock, who holds it (first) and who waits. */
  readonly locks = new Map<string, Claim[]>();

  constructor(world: HandWorld) {
    this.world = world;
  }

  page(): FakePage {
    const page = new FakePage(this);
    this.pages.push(page);
    return page;
  }

  /** Whoever is first now holds the lock. */
  grant(name: string): void {
    const first = this.locks.get(name)?.[0];
    first?.page.later(() => {
      if (!first.isOver) first.held();
    });
  }

  leave(name: string, claim: Claim): void {
    const claims = this.locks.get(name) ?? [];
    const at = claims.indexOf(claim);
    if (at < 0) return;
    claims.splice(at, 1);
    if (at === 0) this.grant(name);
  }
}

/** A page: its own timers, and what it is told while it is frozen waits. */
export class FakePage {
  readonly #origin: FakeOrigin;
  #isFrozen = false;
  #isDead = false;
  #waiting: (() => void)[] = [];
  readonly env: Env;
  readonly sharing: Sharing = {
    channel: (name, onMessage) => this.#channel(name, onMessage),
    lock: (name, how, held, lost) => this.#lock(name, how, held, lost),
  };

  constructor(origin: FakeOrigin) {
    this.#origin = origin;
    const { clock, rng } = origin.world.env;
    const after = (ms: number, call: () => void): Timer => {
      let isCancelled = false;
      const timer = clock.after(ms, () => this.run(() => isCancelled || call()));
      return {
        cancel: () => {
          isCancelled = true;
          timer.cancel();
        },
      };
    };
    this.env = { clock: { ...clock, after }, rng, soon: (call) => void after(0, call) };
  }

  /** How much waits until it thaws. */
  get waiting(): number {
    return this.#waiting.length;
  }

  run(call: () => void): void {
    if (this.#isDead) return;
    if (this.#isFrozen) this.#waiting.push(call);
    else call();
  }

  later(call: () => void): void {
    this.#origin.world.env.clock.after(delayMs, () => this.run(call));
  }

  freeze(): void {
    this.#isFrozen = true;
  }
  thaw(): void {
    this.#isFrozen = false;
    for (const call of this.#waiting.splice(0)) this.run(call);
  }
  /** The tab is closed, or crashes: no code of it runs any more. */
  die(): void {
    this.#isDead = true;
    for (const end of this.#origin.ends) if (end.page === this) this.#origin.ends.delete(end);
    for (const [name, claims] of this.#origin.locks) for (const claim of [...claims]) if (claim.page === this) this.#origin.leave(name, claim);
  }

  #channel(name: string, onMessage: (message: unknown) => void): ReturnType<Sharing["channel"]> {
    const { ends } = this.#origin;
    const own: End = { page: this, name, onMessage, isClosed: false };
    ends.add(own);
    return {
      post: (message) => {
        const clone: unknown = structuredClone(message);
        if (own.isClosed) throw new Error("posted to a closed channel");
        for (const end of ends) {
          if (end === own || end.name !== name) continue;
          end.page.later(() => {
            if (!end.isClosed) end.onMessage(structuredClone(clone));
          });
        }
      },
      close: () => {
        own.isClosed = true;
        ends.delete(own);
      },
    };
  }

  #lock(name: string, how: "wait" | "steal", held: () => void, lost: () => void): () => void {
    const { locks } = this.#origin;
    const claims = locks.get(name) ?? [];
    locks.set(name, claims);
    const claim: Claim = { page: this, held, lost, isOver: false };
    if (how === "wait") {
      claims.push(claim);
      if (claims.length === 1) this.#origin.grant(name);
    } else {
      const robbed = claims.shift();
      claims.unshift(claim);
      robbed?.page.later(() => {
        if (!robbed.isOver) robbed.lost();
      });
      this.#origin.grant(name);
    }
    return () => {
      claim.isOver = true;
      this.#origin.leave(name, claim);
    };
  }
}

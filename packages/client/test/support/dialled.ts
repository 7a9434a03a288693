/** One link by itself, by a clock that is moved by hand. */
import assert from "node:assert/strict";
import { newCounters } from "../../src/counters.ts";
import { Link } from "../../src/link.ts";
import { type ClientOptions, resolveOptions } from "../../src/options.ts";
import { HandWorld } from "./hand-world.ts";
import { type MemoryConn, MemoryNet } from "./memory-net.ts";

/** A link that is dialled at 0 on its own clock, and what its owner is told. */
export class Dialled {
  readonly world = new HandWorld();
  readonly net = new MemoryNet();
  readonly counters = newCounters();
  readonly told: string[] = [];
  readonly link: Link;
  readonly #beganMs = this.world.nowMs;

  constructor(timeoutMs = 10_000, replaces?: string, options: ClientOptions = {}) {
    const tell = (what: string): void => void this.told.push(`${what} at ${Math.round((this.world.nowMs - this.#beganMs) * 10) / 10}`);
    const owner = {
      up: () => tell("up"),
      ended: (_link: Link, { code }: { code: string }) => tell(code),
      changed: () => tell(this.link.isStale ? "stale" : "proved"),
    };
    const user = { frame: (_link: Link, { type }: { type: string }) => tell(type), asks: () => [] };
    this.link = new Link(0, { ...this.world.env, options: resolveOptions(options), counters: this.counters }, owner, user);
    this.link.dial(this.net.transport, "http://test/v1/", timeoutMs, replaces);
  }

  get conn(): MemoryConn {
    return this.net.last;
  }
  /** What was told since the last time. */
  take(): string[] {
    return this.told.splice(0);
  }
}

/** One that says who it is by a function. */
export const withToken = (token: () => string | Promise<string>): Dialled => new Dialled(10_000, undefined, { token });

/** One that is welcomed, of a server that answers no ping by itself. */
export function live(): Dialled {
  const it = new Dialled();
  it.conn.welcome().answersPings = false;
  assert.deepEqual(it.take(), ["up at 0"]);
  return it;
}

/**
 * Names to addresses by the system's resolver: one question at a time for a name, answers kept for a short, named time. Failures are never
 * kept, and an address is nobody's business to resolve.
 */
import { lookup as systemLookup } from "node:dns";
import { isIP } from "node:net";
import type { Clock } from "@holdfast/protocol";
import type { Address, Lookup } from "../connector.ts";

/** Names whose answers are remembered; each is worth a second at most, so the bound is seldom met. */
const namesMax = 1_000;

/** `getaddrinfo`, all families, in the order that the system prefers. */
export const nodeLookup: Lookup = (host) =>
  new Promise((resolve, reject) => {
    systemLookup(host, { all: true, order: "verbatim" }, (error, addresses) => {
      if (error !== null) reject(error);
      else resolve(addresses.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 })));
    });
  });

/** The address that `host` is, or null. */
export function asAddress(host: string): Address | null {
  const family = isIP(host);
  return family === 0 ? null : { address: host, family: family === 6 ? 6 : 4 };
}

interface Known {
  readonly answer: Promise<readonly Address[]>;
  /** Until it has answered it serves everybody who asks. */
  untilMs: number;
}

export class Resolver {
  readonly #lookup: Lookup;
  readonly #keepMs: number;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(lookup: Lookup, keepMs: number, clock: Clock) {
    this.#lookup = lookup;
    this.#keepMs = keepMs;
    this.#clock = clock;
  }

  resolve(host: string): Promise<readonly Address[]> {
    const literal = asAddress(host);
    if (literal !== null) return Promise.resolve([literal]);
    const known = this.#known.get(host);
    if (known !== undefined && this.#clock.monoMs() < known.untilMs) return known.answer;
    const asked: Known = { answer: this.#ask(host), untilMs: Number.POSITIVE_INFINITY };
    this.#known.set(host, asked);
    asked.answer.then(
      () => {
        asked.untilMs = this.#clock.monoMs() + this.#keepMs;
        if (this.#known.size > namesMax) this.#forgetOldest();
      },
      () => {
        if (this.#known.get(host) === asked) this.#known.delete(host);
      },
    );
    return asked.answer;
  }

  async #ask(host: string): Promise<readonly Address[]> {
    const addresses = await this.#lookup(host);
    if (addresses.length === 0) throw new Error(`the resolver names no address of ${host}`);
    return addresses;
  }

  #forgetOldest(): void {
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

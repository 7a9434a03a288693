/**
 * Which addresses a name still has. Pure. A resolver may name a part of many addresses in turn, so one that is missing is gone only after it
 * has been missing for a while.
 */

export class AddressWatch {
  readonly #goneMs: number;
  readonly #everyMs: number;
  /** When each address was named last. */
  readonly #named = new Map<string, number>();
  #nextMs: number;

  /** `everyMs`: how often to ask; `goneMs`: how long an address has to be missing. */
  constructor(everyMs: number, goneMs: number, nowMs: number) {
    this.#everyMs = everyMs;
    this.#goneMs = goneMs;
    this.#nextMs = nowMs + everyMs;
  }

  /** Whether to ask the resolver now; says yes once for each time. */
  isDue(nowMs: number): boolean {
    if (nowMs < this.#nextMs) return false;
    this.#nextMs = nowMs + this.#everyMs;
    return true;
  }

  /** The resolver has answered, or a connection was made to an address that it named. */
  named(addresses: readonly string[], nowMs: number): void {
    for (const address of addresses) this.#named.set(address, nowMs);
    for (const [address, atMs] of this.#named) if (this.#isPast(atMs, nowMs)) this.#named.delete(address);
  }

  /** Whether a connection to it has to leave. To be asked after `named`, so that it is never answered from silence alone. */
  isGone(address: string, nowMs: number): boolean {
    const atMs = this.#named.get(address);
    return atMs === undefined || this.#isPast(atMs, nowMs);
  }

  #isPast(atMs: number, nowMs: number): boolean {
    return nowMs - atMs >= this.#goneMs;
  }
}

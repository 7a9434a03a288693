/**
 * TLS sessions for resumption: the newest of each target, in bounded memory. It never looks into one, and never gives one to another
 * target: a session stands for a certificate that was checked, with the options of that target.
 */

export class SessionCache {
  readonly #max: number;
  /** In order of use: the first one was unused for longest. */
  readonly #sessions = new Map<string, Buffer>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#sessions.size;
  }

  keep(key: string, session: Buffer): void {
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    if (this.#sessions.size <= this.#max) return;
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined) this.#sessions.delete(oldest);
  }

  /** The newest session of this target. It stays: a server that does not want to see it twice makes a full handshake. */
  take(key: string): Buffer | undefined {
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    return session;
  }

  drop(key: string): void {
    this.#sessions.delete(key);
  }
}

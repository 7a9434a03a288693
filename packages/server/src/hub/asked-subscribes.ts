/**
 * Subscribes of one link that are being judged. A later subscribe or unsubscribe for the same stream overtakes one: it is then not answered.
 */
import { HoldfastError, type SubscribeFrame } from "@holdfast/protocol";

/** What was found: yes, no, or why nobody knows. */
export type Answer = boolean | HoldfastError;

export class AskedSubscribes {
  /** By the stream: the id of its newest subscribe. */
  readonly #asked = new Map<string, number>();

  get size(): number {
    return this.#asked.size;
  }

  forget(stream: string): void {
    this.#asked.delete(stream);
  }

  clear(): void {
    this.#asked.clear();
  }

  /** Calls `over` when there is an answer, and then `found` with it if anybody still waits for it. */
  ask({ stream, id }: SubscribeFrame, may: Promise<boolean>, over: () => void, found: (answer: Answer) => void): void {
    this.#asked.set(stream, id);
    const answered = (answer: Answer): void => {
      over();
      if (this.#asked.get(stream) !== id) return;
      this.#asked.delete(stream);
      found(answer);
    };
    may.then(answered, (thrown: unknown) => answered(HoldfastError.from(thrown)));
  }
}

/**
 * What a link holds from its hello to its welcome, and no longer: the token, and the messages that came while it was judged.
 */
import { limits } from "@holdfast/protocol";

export class LinkGreeting {
  readonly messages: string[] = [];
  #token: string | undefined;
  #chars = 0;

  constructor(token: string | undefined) {
    this.#token = token;
  }

  /** The token, which is then not held any more. */
  takeToken(): string | undefined {
    const token = this.#token;
    this.#token = undefined;
    return token;
  }

  /** Keeps a message. False: there are too many, though nothing more is read from the client. */
  keep(message: string): boolean {
    this.#chars += message.length;
    if (this.#chars > limits.earlyCharsMax.value) return false;
    this.messages.push(message);
    return true;
  }
}

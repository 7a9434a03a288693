/**
 * What both kinds of event streams share: the headers, the shape of an event, and an age at which a link moves to another connection.
 * A flush is one event, so a receiver that is cut off in the middle of it discards all of it.
 */
import { randomFraction } from "@holdfast/protocol";
import { eventStreamFormat } from "./line-format.ts";
import { ResponseCarrier } from "./response-carrier.ts";

/** Ages differ by this much either way, so that links which came together do not leave together. */
const rotateJitter = 0.1;

export abstract class SseCarrier extends ResponseCarrier {
  readonly transport = "sse";
  readonly lasting = true;
  readonly format = eventStreamFormat;
  // The connection carries nothing after the link: what is pipelined behind an endless response would wait for ever.
  protected readonly headers = { "Content-Type": "text/event-stream", Connection: "close" };
  #isAging = false;

  /** The link is old enough: it is to move to another connection. */
  protected abstract rotate(): void;

  protected fed(): void {
    if (this.#isAging) return;
    this.#isAging = true;
    const { env, options } = this.parts;
    this.later(options.rotateMs * (1 + rotateJitter * (2 * randomFraction(env.rng) - 1)), () => this.rotate());
  }
}

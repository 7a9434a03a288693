/**
 * What both kinds of event streams share: the type, the shape of an event, and an age at which a link moves to another connection.
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
  protected readonly contentType = "text/event-stream";
  #isAging = false;

  protected fed(): void {
    if (this.#isAging) return;
    this.#isAging = true;
    const { env, options } = this.parts;
    this.later(options.rotateMs * (1 + rotateJitter * (2 * randomFraction(env.rng) - 1)), () => this.rotate());
  }
}

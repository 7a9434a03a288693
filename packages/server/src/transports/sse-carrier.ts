/**
 * What both kinds of event streams share: the type, the shape of an event, and an age at which a link moves to another connection.
 * A flush is one event, so a receiver that is cut off in the middle of it discards all of it.
 */
import { eventStreamFormat } from "./line-format.ts";
import { ResponseCarrier } from "./response-carrier.ts";
import { rotateAfterMs } from "./rotation.ts";

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
    this.later(rotateAfterMs(options, env.rng), () => this.rotate());
  }
}

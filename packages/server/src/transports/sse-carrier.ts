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
  /** Its end is set: by its age, or sooner by that of what it is on. */
  #isAging = false;

  protected fed(): void {
    if (this.#isAging) return;
    const { env, options } = this.parts;
    this.ages(rotateAfterMs(options, env.rng), () => this.rotate());
  }

  /** Does this at its time, and nothing else that its age asks for. */
  protected ages(delayMs: number, call: () => void): void {
    this.#isAging = true;
    this.later(delayMs, call);
  }
}

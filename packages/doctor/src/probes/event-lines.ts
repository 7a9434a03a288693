/**
 * Finds the agent's ticks in a stream of any of its types: each is JSON on a line of its own. Pure, and bounded: a stream that goes on for ever, or has
 * no lines, is not read to its end.
 */

/** The longest line that is an agent's: a tick with its padding is far shorter. */
export const lineBytesMax = 16_384;
/** More than all the events that are asked for. */
export const streamBytesMax = 1_048_576;

export class EventLines {
  readonly #seen: (sentMs: number, bytes: number) => void;
  readonly #eventsMax: number;
  #text = "";
  #bytes = 0;
  #events = 0;

  /** `seen` hears of each tick: when it was written, and how many bytes had come by its end. */
  constructor(eventsMax: number, seen: (sentMs: number, bytes: number) => void) {
    this.#eventsMax = eventsMax;
    this.#seen = seen;
  }

  /** False once it has seen enough: all that was asked for, or more than an agent sends. */
  take(chunk: Buffer): boolean {
    const lines = (this.#text + chunk.toString("latin1")).split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) {
      this.#bytes += line.length + 1;
      const at = /^(?:data: )?\{"seq":\d{1,9},"at":(\d{1,15})/.exec(line)?.[1];
      if (at !== undefined && this.#events++ < this.#eventsMax) this.#seen(Number(at), this.#bytes);
    }
    return this.#events < this.#eventsMax && this.#bytes <= streamBytesMax && this.#text.length <= lineBytesMax;
  }
}

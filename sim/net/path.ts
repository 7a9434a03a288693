/**
 * The way between one client's machine and the server: its delays, and what is wrong with it at the moment.
 * Connections ask it whenever a segment is due, so a fault strikes what is under way and what is dialled alike.
 */
import type { Random } from "../random.ts";

/** Up: from the client to the server. */
export type Direction = "up" | "down";

/** What happens to a dial. `hanging`: no answer ever comes. */
export type DialMode = "open" | "refused" | "hanging";

export interface PathRules {
  readonly delayMs: number;
  readonly jitterMs: number;
  /** The chance that a segment is late as if it had been sent again. */
  readonly resendChance: number;
  readonly windowBytes: number;
  readonly segmentBytesMax: number;
  /** A hop lets no link of the first transport through. */
  readonly refusesLinks: boolean;
  /** A hop holds back streamed responses until it has a buffer full of them. */
  readonly holdsStreams: boolean;
}

const resendMs = 200;

export class Path {
  readonly rules: PathRules;
  readonly #random: Random;
  readonly #holes = { up: 0, down: 0 };
  dialMode: DialMode = "open";

  constructor(rules: PathRules, random: Random) {
    this.rules = rules;
    this.#random = random;
  }

  delayMs(): number {
    const { delayMs, jitterMs, resendChance } = this.rules;
    return delayMs + this.#random.fraction() * jitterMs + (this.#random.chance(resendChance) ? resendMs : 0);
  }

  isHole(direction: Direction): boolean {
    return this.#holes[direction] > 0;
  }

  /** Opens a black hole, or ends one of those that were opened. */
  hole(direction: Direction, opens: boolean): void {
    this.#holes[direction] = Math.max(0, this.#holes[direction] + (opens ? 1 : -1));
  }
}

/**
 * The one error of this package: a path that says what can not be. It names the hop and the knob, what was expected and what was got.
 */
import type { Place } from "./declared.ts";

export interface PathFault {
  /** The hop, as the path calls it; null where the path as a whole is wrong. */
  readonly hop: string | null;
  /** The knob, or the key of the path file. */
  readonly knob: string | null;
  readonly expected: string;
  readonly got: string;
  readonly place?: Place | null;
}

export class PathError extends Error {
  override readonly name = "PathError";
  readonly code = "bad_path";
  readonly hop: string | null;
  readonly knob: string | null;
  readonly expected: string;
  readonly got: string;
  readonly place: Place | null;

  constructor({ hop, knob, expected, got, place = null }: PathFault) {
    const subject = [...(hop === null ? [] : [hop]), ...(knob === null ? [] : [`\`${knob}\``])].join(": ");
    const where = place === null ? "" : `${place.file}:${place.line}: `;
    super(`bad_path: ${where}${subject === "" ? "the path" : subject}: expected ${expected}, got ${got}`);
    this.hop = hop;
    this.knob = knob;
    this.expected = expected;
    this.got = got;
    this.place = place;
  }
}

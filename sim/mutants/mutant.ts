/**
 * What a planted mutant is: a fault put into the system on purpose, to see that the simulator finds it.
 */
import type { Patch } from "../adapters/patch-sources.ts";
import type { Seams } from "../world/seams.ts";

export interface Mutant {
  readonly name: string;
  /** What is wrong, in one sentence. */
  readonly what: string;
  /** Pieces of the project's sources that are replaced at load time. */
  readonly patches?: readonly Patch[];
  /** Gives what makes the seams of a run; asked for only after the patches are in place. */
  readonly seams?: () => Promise<() => Seams>;
  /** The design survives it: no seed may find anything wrong. */
  readonly isHarmless?: true;
}

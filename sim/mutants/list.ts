/**
 * All planted mutants. Those of one part of the system are together in one file.
 */
import { clientMutants } from "./client.ts";
import { engineMutants } from "./engine.ts";
import { hubMutants } from "./hub.ts";
import { moveMutants } from "./moves.ts";
import type { Mutant } from "./mutant.ts";
import { transportMutants } from "./transports.ts";

export const mutants: readonly Mutant[] = [...clientMutants, ...moveMutants, ...transportMutants, ...hubMutants, ...engineMutants];

/** The mutant of that name. Throws a TypeError that lists the names when there is none. */
export function findMutant(name: string): Mutant {
  const found = mutants.find((mutant) => mutant.name === name);
  if (found === undefined) throw new TypeError(`Expected \`--mutant\` to be one of ${mutants.map((mutant) => mutant.name).join(", ")}; got ${name}`);
  return found;
}

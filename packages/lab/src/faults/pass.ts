/**
 * The smallest fault: none. It shows the shape of all the others, and measures what a stage costs.
 */

import type { Fault } from "../fault.ts";

/** Passes everything on as it came. Strikes: never. */
export function pass(): Fault {
  return {
    name: "pass",
    async pipe(stage) {
      for (let item = await stage.read(); item !== null; item = await stage.read()) stage.write(item);
    },
  };
}

/**
 * Reset: RST on one socket or both, at once, after some bytes or after some time. Unlike a relayed RST it can strike one side
 * and leave the other believing in the connection.
 */

import type { Fault, Sides, Stage } from "../fault.ts";
import { checkChoice, checkNumber, checkWhole } from "../options.ts";
import { swallow } from "../swallow.ts";
import { passBytes, resetBehind } from "./cut.ts";

export interface ResetOptions {
  /** Whose socket is reset. @default "both" */
  readonly sides?: Sides;
  /** Resets when this many bytes have passed in a direction since the fault joined. Not together with `afterMs`. */
  readonly afterBytes?: number;
  /** Resets this long after the fault joined. Not together with `afterBytes`. */
  readonly afterMs?: number;
}

/** Resets connections: at once unless told otherwise. Strikes: once per connection. */
export function reset(options: ResetOptions = {}): Fault {
  const sides = checkChoice("sides", options.sides ?? "both", ["client", "server", "both"]);
  const { afterBytes, afterMs } = options;
  if (afterBytes !== undefined && afterMs !== undefined) throw new RangeError("Expected one of `afterBytes` and `afterMs`, got both");
  if (afterBytes !== undefined) checkWhole("afterBytes", afterBytes, 0);
  if (afterMs !== undefined) checkNumber("afterMs", afterMs, 0);
  return {
    name: "reset",
    async pipe(stage) {
      const due = afterBytes === undefined ? await passUntil(stage, stage.startedMs + (afterMs ?? 0)) : await passBytes(stage, afterBytes);
      if (due === "ended") return;
      const flow = stage.shared(() => ({ struck: false }));
      if (!flow.struck) {
        flow.struck = true;
        stage.strike();
        // Behind bytes that were promised to pass, the receiver's RST keeps its place; a timed one overtakes everything.
        if (afterBytes === undefined) stage.connection.reset(sides);
        else resetBehind(stage, sides);
      }
      if (due !== null) stage.drop(due);
      await swallow(stage, true);
    },
  };
}

/** Passes everything until the clock reaches `atMs`. */
async function passUntil(stage: Stage, atMs: number): Promise<null | "ended"> {
  for (;;) {
    const item = await stage.readUntil(atMs);
    if (item === "late") return null;
    if (item === null) return "ended";
    stage.write(item);
  }
}

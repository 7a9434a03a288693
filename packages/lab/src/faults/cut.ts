/**
 * Cut: a direction carries exactly n bytes and then ends, wherever in a message that is.
 * It must never pass byte n + 1, and acts at byte n without waiting for another.
 */

import { type Fault, type Item, names, type Sides, type Stage } from "../fault.ts";
import { checkChoice, checkWhole } from "../options.ts";
import { swallow } from "../swallow.ts";

export interface CutOptions {
  /** Bytes of this direction that still get through; 0 cuts at once. */
  readonly afterBytes: number;
  /** What is counted: all the direction has passed since the connection began, or since the fault joined. @default "connection-start" */
  readonly countFrom?: "connection-start" | "now";
  /** What follows byte n: FIN, RST, or nothing at all ever again in this direction. @default "reset" */
  readonly ending?: "fin" | "reset" | "silence";
  /** Who gets the FIN or RST; nobody gets it for silence. @default "both" */
  readonly sides?: Sides;
}

/** Ends a direction after exactly `afterBytes`. Strikes: once per connection and direction, when it cuts. */
export function cut(options: CutOptions): Fault {
  const afterBytes = checkWhole("afterBytes", options.afterBytes, 0);
  const countFrom = checkChoice("countFrom", options.countFrom ?? "connection-start", ["connection-start", "now"]);
  const ending = checkChoice("ending", options.ending ?? "reset", ["fin", "reset", "silence"]);
  const sides = checkChoice("sides", options.sides ?? "both", ["client", "server", "both"]);
  return {
    name: "cut",
    async pipe(stage) {
      const rest = await passBytes(stage, afterBytes - (countFrom === "now" ? 0 : stage.bytesBefore));
      if (rest === "ended") return;
      stage.strike();
      if (ending === "fin") endBehind(stage, sides);
      if (ending === "reset") resetBehind(stage, sides);
      if (rest !== null) stage.drop(rest);
      await swallow(stage, true);
    },
  };
}

/**
 * Passes exactly `count` bytes. Gives the rest of the chunk in which they ended, null if they ended with a chunk, or "ended" if the
 * direction closed or the fault was removed before.
 */
export async function passBytes(stage: Stage, count: number): Promise<Extract<Item, { kind: "bytes" }> | null | "ended"> {
  let leftBytes = count;
  while (leftBytes > 0) {
    const item = await stage.read();
    if (item === null) return "ended";
    if (item.kind !== "bytes" || item.bytes.byteLength <= leftBytes) {
      stage.write(item);
      if (item.kind !== "bytes") return "ended";
      leftBytes -= item.bytes.byteLength;
      continue;
    }
    stage.write({ kind: "bytes", bytes: item.bytes.subarray(0, leftBytes) });
    return { ...item, bytes: item.bytes.subarray(leftBytes) };
  }
  return null;
}

/** RST: to the receiver behind the bytes it was passed, to the sender now. */
export function resetBehind(stage: Stage, sides: Sides): void {
  if (names(sides, stage.receiver)) stage.write({ kind: "reset" });
  if (names(sides, stage.sender)) stage.connection.reset(stage.sender);
}

function endBehind(stage: Stage, sides: Sides): void {
  if (names(sides, stage.receiver)) stage.write({ kind: "end" });
  if (names(sides, stage.sender)) stage.connection.end(stage.sender);
}

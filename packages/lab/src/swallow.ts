/**
 * Silence, as several faults need it: from here on this direction takes everything and passes nothing, not even the news of a close.
 */

import type { Stage } from "./fault.ts";

/**
 * Drops all that comes until the fault is removed. If no byte was dropped, a close that came meanwhile is passed on then; otherwise the
 * direction is severed, because TCP has no streams with a hole.
 * @param lost a byte of this direction has been dropped already
 */
export async function swallow(stage: Stage, lost = false): Promise<void> {
  let close: "end" | "reset" | null = null;
  let severed = lost;
  for (let item = await stage.read(); item !== null; item = await stage.read()) {
    if (item.kind === "bytes") severed = true;
    else close = item.kind;
    stage.drop(item);
  }
  if (severed) stage.sever();
  else if (close !== null) stage.write({ kind: close });
}

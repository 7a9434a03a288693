/**
 * Slicer: the same bytes in writes of a given size, each its own segment, for "every byte split" tests of parsers.
 */

import type { Chunk, Fault } from "../fault.ts";
import { checkNumber, checkWhole } from "../options.ts";

export interface SlicerOptions {
  /** The size of each write. @default 1 */
  readonly sliceBytes?: number;
  /**
   * The pause after each slice. At 0 slices are written one by one, but a reader may find several of them in one read;
   * from 1 on a reader that keeps up sees each alone. @default 0
   */
  readonly delayMs?: number;
}

/** Cuts chunks into slices. Strikes: once per chunk that was longer than a slice. */
export function slicer(options: SlicerOptions = {}): Fault {
  const sliceBytes = checkWhole("sliceBytes", options.sliceBytes ?? 1, 1);
  const delayMs = checkNumber("delayMs", options.delayMs ?? 0, 0);
  const sliced = (chunk: Chunk): Uint8Array[] =>
    Array.from({ length: Math.ceil(chunk.bytes.byteLength / sliceBytes) }, (_, i) => chunk.bytes.subarray(i * sliceBytes, (i + 1) * sliceBytes));
  return {
    name: "slicer",
    async pipe(stage) {
      let freeMs = 0;
      for (let item = await stage.read(); item !== null; item = await stage.read()) {
        await stage.sleepUntil(freeMs);
        if (item.kind !== "bytes") {
          stage.write(item);
          continue;
        }
        if (item.bytes.byteLength > sliceBytes) stage.strike();
        freeMs = Math.max(freeMs, item.arrivedMs);
        for (const bytes of sliced(item)) {
          await stage.sleepUntil(freeMs);
          stage.write({ kind: "bytes", bytes });
          freeMs += delayMs;
        }
      }
    },
  };
}

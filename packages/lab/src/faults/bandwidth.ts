/**
 * Bandwidth: a narrow link. Bytes come out no faster than the rate; the sender is held back once the proxy's buffer is full.
 */

import type { Fault } from "../fault.ts";
import { checkNumber } from "../options.ts";

export interface BandwidthOptions {
  /** Bytes per second per connection and direction. */
  readonly bytesPerSecond: number;
}

/** Chunks are cut so that a piece takes at most this long, which keeps a slow link from coming in bursts. */
const pieceMs = 20;

/** Lets through at most `bytesPerSecond`. Strikes: once per chunk read. */
export function bandwidth(options: BandwidthOptions): Fault {
  const bytesPerSecond = checkNumber("bytesPerSecond", options.bytesPerSecond, 1);
  const bytesPerMs = bytesPerSecond / 1000;
  const pieceBytes = Math.max(1, Math.floor(bytesPerMs * pieceMs));
  return {
    name: "bandwidth",
    async pipe(stage) {
      let freeMs = 0;
      for (let item = await stage.read(); item !== null; item = await stage.read()) {
        if (item.kind !== "bytes") {
          stage.write(item);
          continue;
        }
        stage.strike();
        freeMs = Math.max(freeMs, item.arrivedMs);
        for (let from = 0; from < item.bytes.byteLength; from += pieceBytes) {
          const bytes = item.bytes.subarray(from, from + pieceBytes);
          freeMs += bytes.byteLength / bytesPerMs;
          await stage.sleepUntil(freeMs);
          stage.write({ kind: "bytes", bytes });
        }
      }
    },
  };
}

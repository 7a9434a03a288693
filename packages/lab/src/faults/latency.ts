/**
 * Latency: everything arrives later, in order, and so do FIN and RST. Delays of different chunks overlap, as on a long wire;
 * they must never add up just because chunks come fast.
 */

import type { Fault } from "../fault.ts";
import { checkNumber } from "../options.ts";

export interface LatencyOptions {
  /** Added to the way in each direction it is laid on. */
  readonly delayMs: number;
  /** Added on top, evenly between 0 and this, drawn per chunk from the seed. A chunk never overtakes another. @default 0 */
  readonly jitterMs?: number;
}

/** Delays everything by `delayMs` plus jitter. Strikes: once per item delayed. */
export function latency(options: LatencyOptions): Fault {
  const delayMs = checkNumber("delayMs", options.delayMs, 0);
  const jitterMs = checkNumber("jitterMs", options.jitterMs ?? 0, 0);
  return {
    name: "latency",
    async pipe(stage) {
      for (let item = await stage.read(); item !== null; item = await stage.read()) {
        stage.strike();
        // What comes behind a late chunk waits in the inbox meanwhile, with its own time of arrival: so the order holds.
        await stage.sleepUntil(item.arrivedMs + delayMs + stage.random.float() * jitterMs);
        stage.write(item);
      }
    },
  };
}

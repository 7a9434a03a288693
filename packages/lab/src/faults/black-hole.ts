/**
 * Black hole: a direction in which nothing arrives any more while both sockets stay open. No byte, no FIN, no RST gets through:
 * a close on one side is not told to the other. This is the failure that Holdfast exists for.
 */

import type { Fault } from "../fault.ts";
import { swallow } from "../swallow.ts";

export interface BlackHoleOptions {
  /**
   * True: bytes are read and thrown away, the sender notices nothing. False: nothing is read any more, so the sender's buffers fill
   * and what it sent is only held back: after removal it all arrives, as after a cable is plugged in again.
   * @default true
   */
  readonly keepReading?: boolean;
}

/**
 * Swallows a direction. A connection on which bytes were thrown away stays dark after removal; one that lost nothing goes on,
 * and hears then of a close that it missed. Strikes: once per connection and direction, when it begins.
 */
export function blackHole(options: BlackHoleOptions = {}): Fault {
  const { keepReading = true } = options;
  return {
    name: "black-hole",
    async pipe(stage) {
      stage.strike();
      if (keepReading) await swallow(stage);
      else await stage.sleepUntil(Number.POSITIVE_INFINITY);
    },
  };
}

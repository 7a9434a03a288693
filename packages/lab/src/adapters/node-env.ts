/**
 * The real world for the lab: Node's clock, timers and randomness, and its TCP.
 * Nothing here decides anything; it must not be imported by faults.
 */

import { randomInt } from "node:crypto";
import type { LabClock, LabEnv } from "../env.ts";
import { nodeNet } from "./node-net.ts";

/** Node turns longer delays into 1 ms; whoever waits looks at the clock and waits again. */
const delayMsMax = 2_147_483_647;

const nodeClock: LabClock = {
  monoMs: () => performance.now(),
  after(delayMs, call) {
    const timer = setTimeout(call, Math.min(Math.ceil(delayMs), delayMsMax));
    return { cancel: () => clearTimeout(timer) };
  },
};

export const nodeLabEnv: LabEnv = {
  clock: nodeClock,
  rng: { u32: () => randomInt(0x1_0000_0000) },
  net: nodeNet,
};

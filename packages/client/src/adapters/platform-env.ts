/**
 * The platform as an `Env`: what the client needs (env.ts), and a turn of the event loop, which only what is built on clients uses.
 */
import type { Env } from "@holdfast/protocol";
import { clientEnv } from "./env.ts";

interface Platform {
  setImmediate?: (call: () => void) => unknown;
}

// A page has no setImmediate; its timers are late by at least 1 ms (4 ms when nested), which is short enough for what uses `soon`.
const { setImmediate: immediate } = globalThis as Platform;

/** The world as it is. */
export const platformEnv: Env = {
  ...clientEnv,
  soon: (call) => void (immediate === undefined ? setTimeout(call, 0) : immediate(call)),
};

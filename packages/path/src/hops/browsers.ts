/**
 * Browsers as senders. Their pools' timers are not in any document; `browser` stands for whichever it is.
 */
import type { Knob, Product } from "../knob.ts";
import { nextRequest, unverified } from "./rows.ts";

/** What makers of browsers have in common here: they repeat a request themselves where a kept connection turned out to be closed. */
const common = { kind: "browser", managed: true, granularityMs: 2_000, version: null, retries: "idempotent" } as const;

const idle = (name: string, ms: number, toBeRead: string): Knob => ({
  name,
  classes: ["A"],
  side: "server",
  unit: "ms",
  default: ms,
  fixed: true,
  resetBy: nextRequest,
  ends: ["fin"],
  ...unverified(toBeRead),
});

export const chrome: Product = {
  id: "chrome",
  name: "Chrome",
  aliases: ["chromium", "edge"],
  ...common,
  knobs: [idle("used idle socket timeout", 300_000, "Chromium, net/socket: used idle socket timeout")],
};

export const firefox: Product = {
  id: "firefox",
  name: "Firefox",
  ...common,
  knobs: [idle("network.http.keep-alive.timeout", 115_000, "Firefox preferences, network.http.keep-alive.timeout")],
};

export const browser: Product = {
  id: "browser",
  name: "A browser",
  aliases: ["user", "client"],
  ...common,
  knobs: [idle("idle", 300_000, "the longest that is said of a browser (Chrome's)")],
};

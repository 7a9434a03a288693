/**
 * Heroku's router.
 */
import type { Product } from "../knob.ts";
import { eitherWay, nextRequest, secondHand } from "./rows.ts";

const router = secondHand("heroku/nodejs-getting-started#371 and python-getting-started#261, on Router 2.0");
const timeouts = secondHand("devcenter.heroku.com, request timeout and long polling");

export const heroku: Product = {
  id: "heroku",
  name: "Heroku Router 2.0",
  kind: "balancer",
  managed: true,
  granularityMs: 2_000,
  version: null,
  headers: { via: "heroku-router|vegur" },
  knobs: [
    {
      name: "dyno keepalive",
      classes: ["A"],
      side: "server",
      unit: "ms",
      default: 90_000,
      fixed: true,
      resetBy: nextRequest,
      ends: ["fin"],
      note: "A dyno has to keep connections for 95 s and more; the lab http-disable-keepalive-to-dyno switches reuse off",
      ...router,
    },
    {
      name: "first byte",
      role: "answer",
      classes: ["B"],
      side: "server",
      unit: "ms",
      default: 30_000,
      fixed: true,
      ends: ["answer"],
      note: "H12",
      ...timeouts,
    },
    {
      name: "rolling window",
      classes: ["C"],
      side: "through",
      unit: "ms",
      default: 55_000,
      fixed: true,
      resetBy: eitherWay,
      ends: ["fin"],
      note: "Every byte of either side begins it anew; H15",
      ...timeouts,
    },
  ],
};

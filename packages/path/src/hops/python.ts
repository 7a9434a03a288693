/**
 * Python's gunicorn and uvicorn.
 */
import type { Product } from "../knob.ts";
import { nextRequest, secondHand, unverified } from "./rows.ts";

const gunicornDocs = secondHand("docs.gunicorn.org, settings");
const uvicornDocs = secondHand("uvicorn documentation, settings");

export const gunicorn: Product = {
  id: "gunicorn",
  name: "gunicorn",
  kind: "runtime",
  managed: false,
  granularityMs: 1_000,
  version: null,
  headers: { server: "^gunicorn" },
  knobs: [
    {
      name: "keepalive",
      classes: ["A"],
      side: "client",
      unit: "ms",
      default: 2_000,
      resetBy: nextRequest,
      ends: ["fin"],
      note: "Worker class sync keeps no connection at all",
      ...gunicornDocs,
    },
    {
      name: "timeout",
      classes: ["B"],
      side: "client",
      unit: "ms",
      default: 30_000,
      zeroIs: "never",
      ends: ["rst"],
      note: "A worker that is silent for so long is killed",
      ...gunicornDocs,
    },
    {
      name: "graceful_timeout",
      classes: [],
      side: "client",
      unit: "ms",
      default: 30_000,
      ends: ["fin"],
      note: "After the signal to stop",
      ...unverified("docs.gunicorn.org, settings, graceful_timeout"),
    },
  ],
};

export const uvicorn: Product = {
  id: "uvicorn",
  name: "uvicorn",
  aliases: ["fastapi"],
  kind: "runtime",
  managed: false,
  granularityMs: 1,
  version: null,
  headers: { server: "^uvicorn" },
  knobs: [
    { name: "timeout_keep_alive", classes: ["A"], side: "client", unit: "ms", default: 5_000, resetBy: nextRequest, ends: ["fin"], ...uvicornDocs },
    {
      name: "timeout_graceful_shutdown",
      classes: [],
      side: "client",
      unit: "ms",
      default: "never",
      ends: ["fin"],
      ...unverified("uvicorn documentation, settings, timeout_graceful_shutdown"),
    },
  ],
};

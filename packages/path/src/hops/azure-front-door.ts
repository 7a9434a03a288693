/**
 * Azure Front Door. It does not support event streams.
 */
import type { Product } from "../knob.ts";
import { eitherWay, readIn, toClient, unverified } from "./rows.ts";

const websocket = readIn("learn.microsoft.com, Front Door standard and premium: WebSocket");

export const azureFrontDoor: Product = {
  id: "azure-front-door",
  name: "Azure Front Door",
  aliases: ["front-door"],
  kind: "cdn",
  managed: true,
  granularityMs: 2_000,
  version: null,
  headers: { "x-azure-ref": "." },
  knobs: [
    {
      name: "websocket idle timeout",
      streams: ["websocket"],
      classes: ["C"],
      side: "through",
      unit: "ms",
      default: 300_000,
      fixed: true,
      resetBy: eitherWay,
      ends: ["fin"],
      note: "Event streams are not supported",
      ...websocket,
    },
    {
      name: "websocket duration",
      streams: ["websocket"],
      classes: ["E"],
      side: "through",
      unit: "ms",
      default: 14_400_000,
      fixed: true,
      ends: ["fin"],
      ...websocket,
    },
    {
      name: "originResponseTimeoutSeconds",
      role: "answer",
      classes: ["B"],
      side: "server",
      unit: "ms",
      default: 60_000,
      min: 16_000,
      max: 240_000,
      resetBy: toClient,
      ends: ["answer"],
      ...unverified("Front Door: origin response timeout"),
    },
  ],
};

/**
 * AWS API Gateway, WebSocket APIs. Nothing of it can be changed.
 */
import type { Product } from "../knob.ts";
import { eitherWay, readIn } from "./rows.ts";

const limits = readIn("docs.aws.amazon.com, API Gateway, execution and service limits of WebSocket APIs");

export const awsApiGatewayWebSocket: Product = {
  id: "aws-api-gateway-websocket",
  name: "AWS API Gateway, WebSocket",
  aliases: ["api-gateway-websocket"],
  kind: "balancer",
  managed: true,
  granularityMs: 2_000,
  version: null,
  knobs: [
    {
      name: "idle connection timeout",
      streams: ["websocket"],
      classes: ["C"],
      side: "client",
      unit: "ms",
      default: 600_000,
      fixed: true,
      resetBy: eitherWay,
      ends: ["close_frame"],
      ...limits,
    },
    { name: "connection duration", classes: ["E"], side: "client", unit: "ms", default: 7_200_000, fixed: true, ends: ["close_frame"], ...limits },
    {
      name: "integration timeout",
      role: "answer",
      classes: ["B"],
      side: "server",
      unit: "ms",
      default: 29_000,
      fixed: true,
      ends: ["answer"],
      note: "Frames up to 32 KB, messages up to 128 KB",
      ...limits,
    },
  ],
};

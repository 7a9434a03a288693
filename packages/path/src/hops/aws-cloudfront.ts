/**
 * AWS CloudFront.
 */
import type { Product } from "../knob.ts";
import { nextRequest, readIn, secondHand, toClient } from "./rows.ts";

const api = readIn("docs.aws.amazon.com, CloudFront API, VpcOriginConfig and CustomOriginConfig");

export const awsCloudFront: Product = {
  id: "aws-cloudfront",
  name: "AWS CloudFront",
  aliases: ["cloudfront"],
  kind: "cdn",
  managed: true,
  granularityMs: 2_000,
  version: null,
  headers: { via: "cloudfront\\.net", "x-amz-cf-id": "." },
  knobs: [
    {
      name: "OriginKeepaliveTimeout",
      classes: ["A"],
      side: "server",
      unit: "ms",
      default: 5_000,
      min: 1_000,
      max: 120_000,
      resetBy: nextRequest,
      ends: ["fin"],
      ...api,
    },
    {
      name: "OriginReadTimeout",
      role: "answer",
      classes: ["B"],
      side: "server",
      unit: "ms",
      default: 30_000,
      min: 1_000,
      max: 120_000,
      resetBy: toClient,
      ends: ["answer"],
      note: "Until the first byte, and between two packets of the answer",
      ...api,
    },
    {
      name: "websocket idle timeout",
      streams: ["websocket"],
      classes: ["C"],
      side: "through",
      unit: "ms",
      default: 600_000,
      fixed: true,
      resetBy: toClient,
      ends: ["fin"],
      note: "Only bytes from the origin count",
      ...secondHand("repost.aws, answers on WebSocket through CloudFront"),
    },
  ],
};

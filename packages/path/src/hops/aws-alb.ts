/**
 * AWS Application Load Balancer. One knob is the idle timer of both of its links and the wait for an answer besides.
 */
import type { Product } from "../knob.ts";
import { readIn, secondHand, streamBytes, unverified } from "./rows.ts";

export const awsAlb: Product = {
  id: "aws-alb",
  name: "AWS Application Load Balancer",
  aliases: ["alb"],
  kind: "balancer",
  managed: true,
  granularityMs: 2_000,
  version: null,
  headers: { server: "^awselb" },
  knobs: [
    {
      name: "idle_timeout.timeout_seconds",
      role: "answer",
      classes: ["A", "B", "C"],
      side: "both",
      unit: "ms",
      default: 60_000,
      min: 1_000,
      max: 4_000_000,
      resetBy: streamBytes,
      ends: ["fin", "answer"],
      note: "Both sides by one knob; 504 while a target's answer is awaited. HTTP/2 PING does not reset it. The application's idle timeout has to be larger, else 502",
      ...readIn("docs.aws.amazon.com, Application Load Balancers, edit load balancer attributes: connection idle timeout"),
    },
    {
      name: "client_keep_alive.seconds",
      classes: ["E"],
      side: "client",
      unit: "ms",
      default: 3_600_000,
      min: 60_000,
      max: 604_800_000,
      ends: ["announced"],
      note: "Longest life of a client's connection",
      ...secondHand("documentation of infrastructure providers for the attribute client_keep_alive.seconds"),
    },
    {
      name: "deregistration_delay.timeout_seconds",
      classes: [],
      side: "server",
      unit: "ms",
      default: 300_000,
      min: 0,
      max: 3_600_000,
      note: "What a target that leaves may finish",
      ...unverified("Application Load Balancers, target group attributes: deregistration delay"),
    },
  ],
};

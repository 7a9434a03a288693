/**
 * AWS Classic Load Balancer.
 */
import type { Product } from "../knob.ts";
import { eitherWay, readIn } from "./rows.ts";

export const awsClb: Product = {
  id: "aws-clb",
  name: "AWS Classic Load Balancer",
  aliases: ["clb", "elb"],
  kind: "balancer",
  managed: true,
  granularityMs: 2_000,
  version: null,
  knobs: [
    {
      name: "ConnectionSettings.IdleTimeout",
      role: "answer",
      classes: ["A", "B", "C"],
      side: "both",
      unit: "ms",
      default: 60_000,
      min: 1_000,
      max: 3_600_000,
      resetBy: eitherWay,
      ends: ["fin", "answer"],
      note: "Both sides by one knob. TCP probes do not reset it: they carry no payload. The instance's keep-alive has to be longer",
      ...readIn("docs.aws.amazon.com, Classic Load Balancers, config-idle-timeout"),
    },
  ],
};

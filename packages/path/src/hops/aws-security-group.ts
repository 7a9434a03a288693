/**
 * Connection tracking of AWS security groups. A change of the instance type alone changes the path.
 */
import type { Product } from "../knob.ts";
import { packets, readIn } from "./rows.ts";

const api = readIn("docs.aws.amazon.com, EC2 API, ConnectionTrackingConfiguration");

export const awsSecurityGroup: Product = {
  id: "aws-security-group",
  name: "AWS security group",
  kind: "flow",
  managed: true,
  granularityMs: 2_000,
  version: null,
  knobs: [
    {
      name: "TcpEstablishedTimeout",
      classes: ["D"],
      side: "through",
      unit: "ms",
      default: 432_000_000,
      min: 60_000,
      max: 432_000_000,
      resetBy: packets,
      ends: ["silent"],
      note: "350 s on instance types of Nitro v6 (`aws-security-group-nitro-v6`). How it ends was not read",
      ...api,
    },
    {
      name: "UdpTimeout",
      classes: [],
      side: "through",
      unit: "ms",
      default: 30_000,
      min: 30_000,
      max: 60_000,
      ends: ["silent"],
      note: "One way or one exchange",
      ...api,
    },
    { name: "UdpStreamTimeout", classes: [], side: "through", unit: "ms", default: 180_000, min: 60_000, max: 180_000, ends: ["silent"], ...api },
  ],
};

/** The same on Nitro v6, as a product of its own: it is no version that somebody writes down. */
export const awsSecurityGroupNitroV6: Product = {
  ...awsSecurityGroup,
  id: "aws-security-group-nitro-v6",
  name: "AWS security group, Nitro v6",
  knobs: awsSecurityGroup.knobs.map((knob) =>
    knob.name === "TcpEstablishedTimeout" ? { ...knob, default: 350_000, note: "432,000 s on older instance types. How it ends was not read" } : knob,
  ),
};

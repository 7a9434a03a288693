/**
 * Azure Application Gateway. Pages differ on the v2 figures.
 */
import type { Product } from "../knob.ts";
import { eitherWay, nextRequest, secondHand, unverified } from "./rows.ts";

const faq = secondHand("docs.azure.cn, Application Gateway FAQ");

export const azureAppGateway: Product = {
  id: "azure-app-gateway",
  name: "Azure Application Gateway",
  kind: "balancer",
  managed: true,
  granularityMs: 2_000,
  version: null,
  knobs: [
    {
      name: "keep-alive",
      classes: ["A"],
      side: "client",
      unit: "ms",
      default: 120_000,
      fixed: true,
      resetBy: nextRequest,
      ends: ["fin"],
      note: "v1; of v2 pages say 75 s or 120 s",
      ...faq,
    },
    {
      name: "tcp idle",
      classes: ["C"],
      side: "through",
      unit: "ms",
      default: 240_000,
      fixed: true,
      resetBy: eitherWay,
      ends: ["fin"],
      note: "At a public address; 5 min at a private one",
      ...faq,
    },
    {
      name: "requestTimeout",
      role: "answer",
      classes: ["B"],
      side: "server",
      unit: "ms",
      default: 20_000,
      min: 1_000,
      max: 86_400_000,
      ends: ["answer"],
      ...unverified("Application Gateway, backend settings: request time-out"),
    },
  ],
};

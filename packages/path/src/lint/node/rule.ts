/**
 * What a rule of Node's options is given and gives. A rule is pure and never throws.
 */
import type { Finding } from "../../finding.ts";
import { findingMaker } from "../../findings/make.ts";
import { nodeFindings } from "../../findings/node.ts";
import type { LintAsk } from "../tool.ts";
import type { NodeConfig } from "./shape.ts";

export interface NodeCase {
  readonly config: NodeConfig;
  readonly ask: LintAsk;
  readonly version: string;
}

export type NodeRule = (given: NodeCase) => Finding[];

export const nodeFinding = findingMaker(nodeFindings);

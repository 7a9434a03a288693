/**
 * What a rule of sysctl settings is given and gives. A rule is pure and never throws.
 */
import type { Finding } from "../../finding.ts";
import { findingMaker } from "../../findings/make.ts";
import { sysctlFindings } from "../../findings/sysctl.ts";
import type { SysctlConfig } from "./parse.ts";

export type SysctlRule = (config: SysctlConfig) => Finding[];

export const sysctlFinding = findingMaker(sysctlFindings);

/**
 * What a rule of systemd is given and gives: one service at a time. A rule is pure and never throws.
 */
import type { Finding } from "../../finding.ts";
import { findingMaker } from "../../findings/make.ts";
import { systemdFindings } from "../../findings/systemd.ts";
import type { Service } from "./parse.ts";

export type SystemdRule = (service: Service) => Finding[];

export const systemdFinding = findingMaker(systemdFindings);

/**
 * What a rule of Caddy is given and gives. A rule is pure and never throws.
 */
import type { Finding } from "../../finding.ts";
import { caddyFindings } from "../../findings/caddy.ts";
import { findingMaker } from "../../findings/make.ts";
import type { LintAsk } from "../tool.ts";
import type { CaddyConfig, ProxyDirective } from "./config.ts";

export interface CaddyCase {
  readonly config: CaddyConfig;
  readonly ask: LintAsk;
  readonly version: string;
}

export type CaddyRule = (given: CaddyCase) => Finding[];

export const caddyFinding = findingMaker(caddyFindings);

export const proxiesOf = ({ sites }: CaddyConfig): ProxyDirective[] => sites.flatMap(({ proxies }) => proxies);

/** `reverse_proxy localhost:3000`. */
export const nameOf = ({ upstreams }: ProxyDirective): string =>
  `\`reverse_proxy${upstreams
    .slice(0, 2)
    .map((each) => ` ${each}`)
    .join("")}\``;

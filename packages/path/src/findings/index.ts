/**
 * The catalogue of findings: every code that a plan, lint or the doctor may report, by area. A new area is one file here and one row below;
 * docs/findings has a page for each code, made from its row (`npm run docs -- --write`).
 */
import type { FindingDoc } from "../finding.ts";
import { agentFindings } from "./agent.ts";
import { caddyFindings } from "./caddy.ts";
import { haproxyFindings } from "./haproxy.ts";
import { hostFindings } from "./host.ts";
import { ladderFindings } from "./ladder.ts";
import { learnedFindings } from "./learned.ts";
import { lintFindings } from "./lint.ts";
import { logFindings } from "./log.ts";
import { nginxFindings } from "./nginx.ts";
import { nodeFindings } from "./node.ts";
import { probeFindings } from "./probe.ts";
import { sysctlFindings } from "./sysctl.ts";
import { systemdFindings } from "./systemd.ts";

export interface FindingArea {
  readonly id: string;
  /** The heading in docs/findings/README.md. */
  readonly title: string;
  readonly docs: Readonly<Record<string, FindingDoc>>;
}

export const findingAreas: readonly FindingArea[] = [
  { id: "ladder", title: "A path, as its ladder sees it", docs: ladderFindings },
  { id: "lint", title: "Files that lint reads", docs: lintFindings },
  { id: "haproxy", title: "HAProxy", docs: haproxyFindings },
  { id: "nginx", title: "nginx", docs: nginxFindings },
  { id: "caddy", title: "Caddy", docs: caddyFindings },
  { id: "node", title: "Node", docs: nodeFindings },
  { id: "sysctl", title: "sysctl", docs: sysctlFindings },
  { id: "systemd", title: "systemd", docs: systemdFindings },
  { id: "host", title: "A host, as `doctor host` sees it", docs: hostFindings },
  { id: "log", title: "Logs, as `doctor log` reads them", docs: logFindings },
  { id: "learned", title: "What a server learns of its own connections", docs: learnedFindings },
  { id: "probe", title: "A path, as `doctor URL` measures it", docs: probeFindings },
  { id: "agent", title: "A path, with the doctor's agent at its end", docs: agentFindings },
];

/** Every code with its row. A code stands in one area only. */
export const findingDocs: Readonly<Record<string, FindingDoc>> = Object.fromEntries(findingAreas.flatMap(({ docs }) => Object.entries(docs)));

/**
 * Kernel settings for lint: parse.ts reads lines, rules/ what is wrong with them. They make no route: nothing passes through a kernel that would not pass
 * through a tool as well.
 */
import { lintFindings } from "../../findings/lint.ts";
import { findingMaker } from "../../findings/make.ts";
import type { SourceFile, Tool, ToolReading } from "../tool.ts";
import { parseSysctl } from "./parse.ts";
import type { SysctlRule } from "./rule.ts";
import { conntrack } from "./rules/conntrack.ts";
import { keepalive } from "./rules/keepalive.ts";
import { queues } from "./rules/queues.ts";
import { recovery } from "./rules/recovery.ts";
import { timeWait } from "./rules/time-wait.ts";

const rules: readonly SysctlRule[] = [keepalive, queues, timeWait, conntrack, recovery];

const lintFinding = findingMaker(lintFindings);

export const sysctlTool: Tool = {
  id: "sysctl",
  name: "sysctl",
  recognises: ({ file, text }) => /(^|\/)sysctl[^/]*\.conf$|sysctl\.d\//.test(file) || /^-?(net|fs|kernel|vm)[./][\w./-]+[ \t]*=/m.test(text),
  read(files: readonly SourceFile[]): ToolReading {
    const config = parseSysctl(files);
    const syntax = config.unreadable.map((place) =>
      lintFinding("lint_syntax", { title: `${place.file}, line ${place.line}, can not be read: an equals sign is missing`, place }),
    );
    return { findings: [...syntax, ...rules.flatMap((rule) => rule(config))], routes: [], rules: rules.length, version: null };
  },
};

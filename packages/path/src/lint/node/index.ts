/**
 * Node's options in JSON for lint: json.ts reads the file, shape.ts says which part is what, rules/ what is wrong with it.
 */

import { lintFindings } from "../../findings/lint.ts";
import { findingMaker } from "../../findings/make.ts";
import { findProduct } from "../../hops/index.ts";
import type { LintAsk, SourceFile, Tool, ToolReading } from "../tool.ts";
import { parseJson } from "./json.ts";
import { nodeLine, nodeRoutes } from "./routes.ts";
import type { NodeRule } from "./rule.ts";
import { clients } from "./rules/clients.ts";
import { guard } from "./rules/guard.ts";
import { beatOf, heartbeats } from "./rules/heartbeats.ts";
import { keepAlive } from "./rules/keep-alive.ts";
import { pg } from "./rules/pg.ts";
import { redis } from "./rules/redis.ts";
import { serverLimits } from "./rules/server-limits.ts";
import { units } from "./rules/units.ts";
import { partsOf, shapeOf } from "./shape.ts";

const rules: readonly NodeRule[] = [keepAlive, units, serverLimits, clients, heartbeats, pg, redis, guard];

const lintFinding = findingMaker(lintFindings);

export const nodeTool: Tool = {
  id: "node",
  name: "Node",
  recognises({ file, text }) {
    if (!/\.jsonc?$/.test(file) && !/^\s*\{/.test(text)) return false;
    const { root } = parseJson(text);
    return root !== null && shapeOf(root, file).parts.length > 0;
  },
  heartbeatMs(files) {
    const beats = files.flatMap(({ file, text }) => {
      const { root } = parseJson(text);
      return root === null ? [] : partsOf(shapeOf(root, file), "ws").flatMap((part) => beatOf(part) ?? []);
    });
    return beats.length === 0 ? null : Math.max(...beats);
  },
  line: nodeLine,
  read(files: readonly SourceFile[], ask: LintAsk): ToolReading {
    const asked = ask.versions.node ?? null;
    const version = asked ?? findProduct("node")?.version ?? "26.10.0";
    const parsed = files.map(({ file, text }) => ({ file, ...parseJson(text) }));
    const configs = parsed.flatMap(({ file, root }) => (root === null ? [] : [shapeOf(root, file)]));
    const syntax = parsed.flatMap(({ file, fault }) =>
      fault === null
        ? []
        : [lintFinding("lint_syntax", { title: `${file} can not be read from here on: ${fault.what}`, hop: "node", place: { file, line: fault.line } })],
    );
    return {
      findings: [...syntax, ...configs.flatMap((config) => rules.flatMap((rule) => rule({ config, ask, version })))],
      routes: configs.flatMap((config) => nodeRoutes(config, asked)),
      rules: rules.length,
      version: { version, from: asked === null ? "assumed" : "asked" },
    };
  },
};

/**
 * HAProxy's configuration for lint: parse.ts reads lines, config.ts what they mean, rules/ what is wrong with it, routes.ts the ways through it.
 */

import { lintFindings } from "../../findings/lint.ts";
import { findingMaker } from "../../findings/make.ts";
import { findProduct } from "../../hops/index.ts";
import type { LintAsk, SourceFile, Tool, ToolReading } from "../tool.ts";
import { configOf } from "./config.ts";
import { parseHaproxy } from "./parse.ts";
import { haproxyRoutes } from "./routes.ts";
import type { HaproxyRule } from "./rule.ts";
import { bareNumber } from "./rules/bare-number.ts";
import { bodyAwaited } from "./rules/body-awaited.ts";
import { clientServerDiffer } from "./rules/client-server-differ.ts";
import { connectionClosed } from "./rules/connection-closed.ts";
import { goneLines } from "./rules/gone.ts";
import { halfClosed } from "./rules/half-closed.ts";
import { headerDeadline } from "./rules/header-deadline.ts";
import { limits } from "./rules/limits.ts";
import { proxyHeader } from "./rules/proxy-header.ts";
import { reloadBehindBalancer, reloadEndless } from "./rules/reload.ts";
import { timeoutIgnored } from "./rules/timeout-ignored.ts";
import { timeoutsMissing } from "./rules/timeouts-missing.ts";
import { tunnelMissing } from "./rules/tunnel-missing.ts";

const rules: readonly HaproxyRule[] = [
  bareNumber,
  timeoutsMissing,
  tunnelMissing,
  clientServerDiffer,
  timeoutIgnored,
  connectionClosed,
  reloadEndless,
  reloadBehindBalancer,
  bodyAwaited,
  headerDeadline,
  halfClosed,
  proxyHeader,
  limits,
  goneLines,
];

const lintFinding = findingMaker(lintFindings);

export const haproxyTool: Tool = {
  id: "haproxy",
  name: "HAProxy",
  recognises({ file, text }) {
    if (/\.(conf|json|service|ya?ml)$/.test(file)) return false;
    const proxies = text.match(/^(frontend|backend|listen|defaults)([ \t]+\S+.*)?$/gm)?.length ?? 0;
    return proxies > 0 && (/haproxy/i.test(file) || /^[ \t]+(timeout (client|server|connect)|bind|server|mode (http|tcp)|default_backend)\b/m.test(text));
  },
  read(files: readonly SourceFile[], ask: LintAsk): ToolReading {
    const texts = files.map(parseHaproxy);
    const config = configOf(texts);
    const asked = ask.versions.haproxy ?? null;
    const version = asked ?? findProduct("haproxy")?.version ?? "3.2";
    const syntax = texts.flatMap(({ unreadable }) =>
      unreadable.map(({ place, what }) => lintFinding("lint_syntax", { title: `${place.file} can not be read from here on: ${what}`, hop: "haproxy", place })),
    );
    return {
      findings: [...syntax, ...rules.flatMap((rule) => rule({ config, ask, version }))],
      routes: haproxyRoutes(config, asked),
      rules: rules.length,
      version: { version, from: asked === null ? "assumed" : "asked" },
    };
  },
};

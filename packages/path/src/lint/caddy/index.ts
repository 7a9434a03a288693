/**
 * The Caddyfile for lint: tokens.ts and parse.ts read it, imports.ts puts it together, config.ts says what it means, rules/ what is wrong with it.
 * Caddy's JSON is recognised and not read.
 */

import { lintFindings } from "../../findings/lint.ts";
import { findingMaker } from "../../findings/make.ts";
import { findProduct } from "../../hops/index.ts";
import type { LintAsk, SourceFile, Tool, ToolReading } from "../tool.ts";
import { configOf } from "./config.ts";
import { expandImports, importedNames } from "./imports.ts";
import { caddyRoutes } from "./routes.ts";
import { type CaddyRule, caddyFinding } from "./rule.ts";
import { buffers } from "./rules/buffers.ts";
import { flushInterval } from "./rules/flush-interval.ts";
import { grpcVersion } from "./rules/grpc-version.ts";
import { keepaliveOff } from "./rules/keepalive-off.ts";
import { serverTimeouts } from "./rules/server-timeouts.ts";
import { streamCloseDelay } from "./rules/stream-close-delay.ts";
import { streamTimeout } from "./rules/stream-timeout.ts";

const rules: readonly CaddyRule[] = [streamCloseDelay, serverTimeouts, streamTimeout, keepaliveOff, buffers, flushInterval, grpcVersion];

const lintFinding = findingMaker(lintFindings);

/** Caddy's own form: `{"apps": {"http": {"servers": ...`. */
const isJson = ({ text }: SourceFile): boolean => /^\s*\{\s*"/.test(text) && /"apps"\s*:/.test(text) && /"http"\s*:/.test(text);

export const caddyTool: Tool = {
  id: "caddy",
  name: "Caddy",
  recognises: (source) => {
    const name = source.file.split("/").at(-1) as string;
    if (/^caddyfile/i.test(name) || /\.caddy(file)?$/i.test(name) || isJson(source)) return true;
    return !/\.[a-z]+$/.test(name) && /^[ \t]+reverse_proxy[ \t]/m.test(source.text);
  },
  includes: importedNames,
  read(files: readonly SourceFile[], ask: LintAsk): ToolReading {
    const json = files.filter(isJson);
    const { blocks, faults, missing } = expandImports(files.filter((source) => !json.includes(source)));
    const config = configOf({ blocks, faults, missing });
    const asked = ask.versions.caddy ?? null;
    const version = asked ?? findProduct("caddy")?.version ?? "2.11.5";
    return {
      findings: [
        ...json.map(({ file }) =>
          caddyFinding("caddy_json_not_read", { title: `${file} is Caddy's JSON, which lint does not read`, hop: "caddy", place: { file, line: 1 } }),
        ),
        ...faults.map(({ place, what }) => lintFinding("lint_syntax", { title: `${place.file} can not be read from here on: ${what}`, hop: "caddy", place })),
        ...missing.map(({ place, name }) => lintFinding("lint_include_missing", { title: `\`import ${name}\` was not read`, hop: "caddy", place })),
        ...rules.flatMap((rule) => rule({ config, ask, version })),
      ],
      routes: caddyRoutes(config, asked),
      rules: rules.length,
      version: { version, from: asked === null ? "assumed" : "asked" },
    };
  },
};

/**
 * Units of systemd for lint: parse.ts reads them, rules/ what is wrong with a service, across.ts what it says against the configuration of the program
 * that it starts. They make no route.
 */
import { lintFindings } from "../../findings/lint.ts";
import { findingMaker } from "../../findings/make.ts";
import type { SourceFile, Tool, ToolReading } from "../tool.ts";
import { servicesOf } from "./parse.ts";
import type { SystemdRule } from "./rule.ts";
import { descriptors } from "./rules/descriptors.ts";
import { restart } from "./rules/restart.ts";
import { stopping } from "./rules/stopping.ts";

const rules: readonly SystemdRule[] = [descriptors, stopping, restart];

const lintFinding = findingMaker(lintFindings);

export const systemdTool: Tool = {
  id: "systemd",
  name: "systemd",
  recognises: ({ file, text }) => /\.service$|\.service\.d\/[^/]+\.conf$/.test(file) || /^\[Service\][ \t]*$/m.test(text),
  read(files: readonly SourceFile[]): ToolReading {
    const { services, unreadable } = servicesOf(files);
    const syntax = unreadable.map((place) =>
      lintFinding("lint_syntax", { title: `${place.file}, line ${place.line}, can not be read: an equals sign is missing`, place }),
    );
    return { findings: [...syntax, ...services.flatMap((service) => rules.flatMap((rule) => rule(service)))], routes: [], rules: rules.length, version: null };
  },
};

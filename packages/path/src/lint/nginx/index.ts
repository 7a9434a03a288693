/**
 * nginx for lint: files in, findings and routes out. Files that others include are read in their place; fragments of one folder are read together.
 */
import type { Finding } from "../../finding.ts";
import { lintFindings } from "../../findings/lint.ts";
import { findingMaker } from "../../findings/make.ts";
import { folderOf, joinPath } from "../paths.ts";
import type { JudgedBy, LintAsk, SourceFile, Tool, ToolReading } from "../tool.ts";
import { splitDump } from "./dump.ts";
import { type Expanded, expandIncludes, Files, includesOf } from "./includes.ts";
import { type Directive, parseNginx } from "./parser.ts";
import { routesOf } from "./routes.ts";
import { nginxRules } from "./rules/index.ts";
import { asWhole, readSite } from "./site.ts";
import { nginxLine } from "./units.ts";
import { judgedBy } from "./version.ts";

const finding = findingMaker(lintFindings);

const blocks = /^[ \t]*(http|events|stream|server|upstream\s+\S+|location\s+[^{]+|map\s+\S+\s+\S+)\s*\{/m;
const lines = /^[ \t]*(proxy_|grpc_|listen\s|server_name\s|worker_|keepalive|client_|ssl_|gzip|include\s)[^;\n]*;/m;

export const nginxTool: Tool = {
  id: "nginx",
  name: "nginx",
  recognises: ({ file, text }) => /(^|\/)nginx[^/]*\.conf$/.test(file) || (/[;}]\s*(#.*)?$/m.test(text) && (blocks.test(text) || lines.test(text))),
  includes: ({ file, text }, root) => includesOf(parseNginx(file, text).directives, root),
  split: splitDump,
  read,
  line: nginxLine,
};

function read(given: readonly SourceFile[], ask: LintAsk): ToolReading {
  const files = new Files(given);
  const versions: JudgedBy[] = [];
  const readings = configurations(files, given).map(({ expanded, isWhole }, of): Pick<ToolReading, "findings" | "routes"> => {
    const site = readSite(expanded.directives, isWhole);
    const own = new Set(expanded.files);
    const judged = judgedBy(
      ask.versions.nginx,
      given.filter(({ file }) => own.has(joinPath("", file))),
    );
    versions.push(judged);
    const found = nginxRules.flatMap((rule) => rule({ site, judged, behind: ask.behind, beats: ask.beats ?? {} }));
    return { findings: [...faultsOf(expanded), ...found], routes: routesOf(site, judged.version).map((route) => ({ ...route, of })) };
  });
  return {
    findings: readings.flatMap(({ findings }) => findings),
    routes: readings.flatMap(({ routes }) => routes),
    rules: nginxRules.length,
    version: versions.length === 0 ? null : { version: [...new Set(versions.map(({ version }) => version))].join(", "), from: leastSure(versions) },
  };
}

const leastSure = (versions: readonly JudgedBy[]): JudgedBy["from"] =>
  versions.some(({ from }) => from === "assumed") ? "assumed" : (versions[0] as JudgedBy).from;

function faultsOf({ faults, missing }: Expanded): Finding[] {
  return [
    ...faults.map(({ place, message }) => finding("lint_syntax", { title: message, hop: "nginx", place })),
    ...missing.map(({ place, pattern }) =>
      finding("lint_include_missing", { title: `${pattern} was not read: it is not among the files given`, hop: "nginx", place }),
    ),
  ];
}

interface Configuration {
  readonly expanded: Expanded;
  /** False: only fragments of it were given, and the main block is not among them. */
  readonly isWhole: boolean;
}

/** Whole configurations each for itself; fragments of one folder as one, for an upstream often stands in another file than its server. */
function configurations(files: Files, given: readonly SourceFile[]): Configuration[] {
  const names = [...new Set(given.map(({ file }) => joinPath("", file)))];
  const expanded = new Map(names.map((name) => [name, expandIncludes(files, name)]));
  const included = new Set([...expanded].flatMap(([root, each]) => each.files.filter((file) => file !== root)));
  const roots = names.filter((name) => !included.has(name));
  // Files that all include one another have no beginning: the first one is as good as any.
  const all = (roots.length === 0 ? names.slice(0, 1) : roots).map((root) => {
    const whole = expanded.get(root) as Expanded;
    return { expanded: { ...whole, directives: asWhole(whole.directives).directives }, isWhole: asWhole(whole.directives).isWhole };
  });
  const fragments = Map.groupBy(
    all.filter(({ isWhole }) => !isWhole),
    ({ expanded }) => folderOf(expanded.files[0] ?? ""),
  );
  return [...all.filter(({ isWhole }) => isWhole), ...[...fragments.values()].map(joinFragments)];
}

function joinFragments(fragments: readonly Configuration[]): Configuration {
  const merged = new Map<string, Directive>();
  for (const each of fragments.flatMap(({ expanded }) => expanded.directives)) {
    const before = merged.get(each.name);
    merged.set(each.name, before === undefined ? each : { ...before, block: [...(before.block ?? []), ...(each.block ?? [])] });
  }
  const all = <T>(part: (expanded: Expanded) => readonly T[]): T[] => fragments.flatMap(({ expanded }) => part(expanded));
  const expanded = {
    directives: [...merged.values()],
    faults: all(({ faults }) => faults),
    missing: all(({ missing }) => missing),
    files: all(({ files }) => files),
  };
  return { expanded, isWhole: false };
}

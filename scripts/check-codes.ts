/**
 * Keeps the table of codes honest: every code is sent or handled somewhere in the sources, or marked `later`; none marked
 * `later` is in use already; and limits name only codes that exist. `--list` prints how often each is used.
 * A use is the code as a string literal in a value, or `codes.name`, outside the table itself.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as is from "typescript/unstable/ast/is";
import { repositoryRoot } from "./lib/files.ts";
import { type Finding, isProgram, report } from "./lib/findings.ts";
import { eachChild, type Node, openProject, type TypeScriptProject } from "./lib/project.ts";

const table = "packages/protocol/src/codes.ts";

/** What of a row of the table matters here. */
export interface CodeRow {
  readonly later?: boolean;
}

/** Sources that speak of the line: guard and pool have tables of their own (packages/guard/src/ends.ts, packages/pool/src/codes.ts), in which some words are the same. */
const scope = /^packages\/(?!guard\/|pool\/)[^/]+\/src\//;

/** How often each code is used, by name. */
export function countUses(project: TypeScriptProject, codes: Readonly<Record<string, CodeRow>>): Map<string, number> {
  const uses = new Map(Object.keys(codes).map((code) => [code, 0]));
  const count = (text: string): void => {
    const sofar = uses.get(text);
    if (sofar !== undefined) uses.set(text, sofar + 1);
  };
  const visit = (node: Node): void => {
    if (is.isStringLiteralLikeNode(node) && !is.isLiteralTypeNode(node.parent)) count(node.text);
    if (is.isPropertyAccessExpression(node) && is.isIdentifier(node.expression) && node.expression.text === "codes") count(node.name.text);
    eachChild(node, visit);
  };
  for (const file of project.files) {
    if (scope.test(file.path) && file.path !== table) visit(file.source);
  }
  return uses;
}

/** Rows whose `later` disagrees with their uses. */
export function findCodeFaults(codes: Readonly<Record<string, CodeRow>>, uses: ReadonlyMap<string, number>): Finding[] {
  return Object.entries(codes).flatMap(([code, { later }]) => {
    const used = (uses.get(code) ?? 0) > 0;
    if (used && later) return [{ file: table, line: 0, rule: "code-later", message: `${code} is in use; take away its \`later\`` }];
    if (!used && !later) return [{ file: table, line: 0, rule: "code-unused", message: `nothing sends or handles ${code}; mark it \`later\` or remove it` }];
    return [];
  });
}

/** Limits that answer with a code that is not in the table. */
export function findLimitFaults(codes: object, limits: Readonly<Record<string, { readonly code: string | null }>>): Finding[] {
  return Object.entries(limits)
    .filter(([, { code }]) => code !== null && !(code in codes))
    .map(([name, { code }]) => ({ file: "packages/protocol/src/limits.ts", line: 0, rule: "limit-code", message: `${name} names the unknown code ${code}` }));
}

if (isProgram(import.meta.filename)) {
  using project = openProject(repositoryRoot);
  const load = (path: string) => import(pathToFileURL(join(repositoryRoot, path)).href);
  const { codes } = await load(table);
  const { limits } = await load("packages/protocol/src/limits.ts");
  const uses = countUses(project, codes);
  if (process.argv.includes("--list"))
    for (const [code, count] of uses) console.log(`${String(count).padStart(4)} ${code}${codes[code].later ? " (later)" : ""}`);
  report("codes", `${uses.size} codes`, [...findCodeFaults(codes, uses), ...findLimitFaults(codes, limits)]);
}

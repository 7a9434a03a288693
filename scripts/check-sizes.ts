/**
 * Keeps files and functions small enough to be read in one go. Lines are physical lines; a function runs from its first
 * token to its last, with everything inside it. The bodies of `describe` and `suite` are lists of tests, not functions.
 * Functions are measured in files of the TypeScript project; other scripts by file only.
 */
import * as is from "typescript/unstable/ast/is";
import { projectFiles, readText, repositoryRoot } from "./lib/files.ts";
import { type Finding, isProgram, report } from "./lib/findings.ts";
import { eachChild, lineOf, type Node, openProject, type TypeScriptFile, type TypeScriptProject } from "./lib/project.ts";

/** Above `fileLinesMax` and `functionLinesMax` a check fails; above `fileLinesWarn` the file is named. */
export const sizes = { fileLinesMax: 600, fileLinesWarn: 400, functionLinesMax: 70 };

/** Violations, and the files that are merely large. */
export function findSizes(root: string, project: TypeScriptProject): { readonly findings: Finding[]; readonly large: string[] } {
  const findings: Finding[] = [];
  const large: string[] = [];
  for (const path of projectFiles(root)) {
    if (!/\.[cm]?[jt]sx?$/.test(path)) continue;
    const text = readText(root, path);
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    if (lines > sizes.fileLinesMax) {
      findings.push({ file: path, line: 0, rule: "file-size", message: `${lines} lines; at most ${sizes.fileLinesMax}` });
    } else if (lines > sizes.fileLinesWarn) {
      large.push(`${path}: ${lines} lines`);
    }
  }
  for (const file of project.files) findings.push(...longFunctions(file));
  return { findings, large };
}

function longFunctions(file: TypeScriptFile): Finding[] {
  const { source } = file;
  const findings: Finding[] = [];
  const visit = (node: Node): void => {
    if (is.isFunctionLikeDeclaration(node) && !isListOfTests(node)) {
      const first = lineOf(source, node);
      const lines = source.getLineAndCharacterOfPosition(node.getEnd()).line + 2 - first;
      if (lines > sizes.functionLinesMax) {
        const message = `${nameOf(node)} has ${lines} lines; at most ${sizes.functionLinesMax}`;
        findings.push({ file: file.path, line: first, rule: "function-size", message });
      }
    }
    eachChild(node, visit);
  };
  visit(source);
  return findings;
}

function isListOfTests(node: Node): boolean {
  const call = node.parent;
  return is.isCallExpression(call) && is.isIdentifier(call.expression) && ["describe", "suite"].includes(call.expression.text);
}

function nameOf(node: Node): string {
  for (const candidate of [node, node.parent]) {
    if (is.isConstructorDeclaration(candidate)) return "constructor";
    if (is.isFunctionDeclaration(candidate) || is.isMethodDeclaration(candidate) || is.isVariableDeclaration(candidate)) {
      if (candidate.name !== undefined) return candidate.name.getText();
    }
  }
  return "a function";
}

if (isProgram(import.meta.filename)) {
  using project = openProject(repositoryRoot);
  const { findings, large } = findSizes(repositoryRoot, project);
  for (const line of large) console.log(`warning: ${line}; above ${sizes.fileLinesWarn} it should be argued for`);
  report("sizes", `${project.files.length} files`, findings);
}

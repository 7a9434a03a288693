/**
 * The project's TypeScript as syntax trees with symbols, by the API of the `typescript` package (unstable in version 7, so
 * everything that knows its shape is here or imports its types from here).
 * It reads; it never changes a file.
 */
import { join, relative, sep } from "node:path";
import { type Node, type SourceFile, SyntaxKind } from "typescript/unstable/ast";
import { isStringLiteralLikeNode } from "typescript/unstable/ast/is";
import { API, type Checker } from "typescript/unstable/sync";

export type { Checker, Node, SourceFile };
export { SyntaxKind };

/** One file of the project's own, `path` relative to the root. */
export interface TypeScriptFile {
  readonly path: string;
  readonly source: SourceFile;
}

/** An open project. Dispose of it: a compiler process stands behind it. */
export interface TypeScriptProject {
  readonly files: readonly TypeScriptFile[];
  readonly checker: Checker;
  [Symbol.dispose](): void;
}

/** Opens the project that `tsconfig.json` in `root` describes. */
export function openProject(root: string): TypeScriptProject {
  const api = new API({ cwd: root });
  const project = api.updateSnapshot({ openProjects: [join(root, "tsconfig.json")] }).getProjects()[0];
  if (project === undefined) {
    api.close();
    throw new Error(`no TypeScript project in ${root}`);
  }
  const files: TypeScriptFile[] = [];
  for (const name of project.rootFiles) {
    const source = project.program.getSourceFile(name);
    if (source !== undefined) files.push({ path: relative(root, name).replaceAll(sep, "/"), source });
  }
  return { files, checker: project.checker, [Symbol.dispose]: () => api.close() };
}

/** The names of all modules that a file imports, re-exports, loads or takes types from, as literals in order. */
export function importSpecifiers(file: TypeScriptFile): (Node & { readonly text: string })[] {
  return file.source.imports.filter(isStringLiteralLikeNode);
}

/** The line of a node, from 1, without the comments and blanks before it. */
export function lineOf(source: SourceFile, node: Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

/** Calls `visit` for each direct child. */
export function eachChild(node: Node, visit: (child: Node) => void): void {
  node.forEachChild((child) => {
    visit(child);
    return undefined;
  });
}

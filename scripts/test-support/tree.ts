/**
 * A small repository on disk for a test of a check: the given files, a git index, this repository's tsconfig and dependencies.
 * It lies outside the work tree, so that no check of the real one ever sees it.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../lib/files.ts";

/** A tree on disk, removed on disposal. */
export interface Tree {
  readonly root: string;
  /** Adds or replaces files. */
  write(files: Readonly<Record<string, string>>): void;
  [Symbol.dispose](): void;
}

/** Makes a tree of `files` (path to content). */
export function makeTree(files: Readonly<Record<string, string>>): Tree {
  const root = mkdtempSync(join(tmpdir(), "holdfast-tree-"));
  const write = (more: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(more)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  };
  write({ ".gitignore": "node_modules\n", ...files });
  copyFileSync(join(repositoryRoot, "tsconfig.json"), join(root, "tsconfig.json"));
  symlinkSync(join(repositoryRoot, "node_modules"), join(root, "node_modules"));
  execFileSync("git", ["init", "--quiet"], { cwd: root });
  return { root, write, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

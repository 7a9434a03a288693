/**
 * Which files belong to the project: tracked ones and new ones that are not ignored.
 * Every check looks at these and at nothing else, so that build output and node_modules are never judged.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The repository that this script belongs to. */
export const repositoryRoot: string = join(import.meta.dirname, "..", "..");

/** Paths relative to `root`, sorted, with forward slashes. Throws when `root` is not a git work tree. */
export function projectFiles(root: string): string[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  // A file deleted in the work tree is still listed as cached.
  const present = listed.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
  return [...new Set(present)].sort();
}

/** The text of a file of the project. */
export function readText(root: string, path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** A JSON file of the project; the caller knows its shape. */
export function readJson<T>(root: string, path: string): T {
  return JSON.parse(readText(root, path)) as T;
}

/**
 * Builds what is published: JavaScript and declarations of every package into its dist/, each after the packages that it
 * depends on, because it is compiled against their declarations and not their sources. Then loads every entry as a user's
 * program would. It must never be needed to run or test the repository itself.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, posix } from "node:path";
import { projectFiles, readJson, repositoryRoot } from "./lib/files.ts";
import { isProgram } from "./lib/findings.ts";

/** What of a package.json matters here. */
export interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The folders, each after the folders of the packages that it depends on. Throws on a cycle. */
export function inOrder(manifests: ReadonlyMap<string, Manifest>): string[] {
  const folderOf = new Map([...manifests].map(([folder, { name }]) => [name, folder]));
  const ordered: string[] = [];
  const visit = (folder: string, path: readonly string[]): void => {
    if (path.includes(folder)) throw new Error(`packages depend on each other: ${[...path, folder].join(" -> ")}`);
    if (ordered.includes(folder)) return;
    for (const name of Object.keys(manifests.get(folder)?.dependencies ?? {})) {
      const needed = folderOf.get(name);
      if (needed !== undefined) visit(needed, [...path, folder]);
    }
    ordered.push(folder);
  };
  for (const folder of manifests.keys()) visit(folder, []);
  return ordered;
}

function run(...args: string[]): boolean {
  return spawnSync(process.execPath, args, { cwd: repositoryRoot, stdio: "inherit" }).status === 0;
}

/** Every file that `exports` promises and that is not there. */
function missingTargets(folder: string, manifest: Manifest): string[] {
  const targets = Object.values(manifest.exports ?? {}).flatMap((conditions) => Object.values(conditions));
  return targets.map((target) => posix.join(folder, target)).filter((path) => !existsSync(join(repositoryRoot, path)));
}

/** Built files that still point at TypeScript by URL, as workers do: the compiler rewrites imports only. */
function staleUrls(folder: string): string[] {
  const dist = join(repositoryRoot, folder, "dist");
  const built = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".js"));
  return built.filter((path) => /new URL\(\s*["'`][^"'`]*\.ts["'`]/.test(readFileSync(join(dist, path), "utf8")));
}

function build(): boolean {
  const manifests = new Map<string, Manifest>();
  for (const path of projectFiles(repositoryRoot)) {
    if (/^packages\/[^/]+\/package\.json$/.test(path)) manifests.set(posix.dirname(path), readJson<Manifest>(repositoryRoot, path));
  }
  const entries: string[] = [];
  for (const folder of inOrder(manifests)) {
    rmSync(join(repositoryRoot, folder, "dist"), { recursive: true, force: true });
    if (!run("node_modules/typescript/bin/tsc", "-p", `${folder}/tsconfig.build.json`)) return false;
    // Modules that run in browsers are a project of their own: other globals.
    const web = `${folder}/web/tsconfig.build.json`;
    if (existsSync(join(repositoryRoot, web)) && !run("node_modules/typescript/bin/tsc", "-p", web)) return false;
    const manifest = manifests.get(folder);
    if (manifest === undefined) continue;
    const missing = missingTargets(folder, manifest);
    if (missing.length > 0) {
      console.log(`${folder}: exports name files that were not built: ${missing.join(", ")}`);
      return false;
    }
    const stale = staleUrls(folder);
    if (stale.length > 0) {
      console.log(`${folder}: built files that point at .ts files by URL: ${stale.join(", ")}`);
      return false;
    }
    entries.push(...Object.keys(manifest.exports ?? {}).map((entry) => posix.join(manifest.name, entry)));
  }
  const load = entries.map((entry) => `await import(${JSON.stringify(entry)});`).join("\n");
  const good = run("--input-type=module", "--eval", load);
  console.log(good ? `build: ${manifests.size} packages, ${entries.length} entries load` : "build: an entry does not load");
  return good;
}

if (isProgram(import.meta.filename) && !build()) process.exitCode = 1;

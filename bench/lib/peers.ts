/**
 * What the benchmarks compare with and nothing else needs: installed into bench/node_modules, exactly as bench/package-lock.json says.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "..");

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>;
}

const lockAt = (path: string): Lock => JSON.parse(readFileSync(path, "utf8")) as Lock;

/** Whether everything that the lock file names is there, in that version. */
export function peersInstalled(): boolean {
  const installed = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const have = lockAt(installed).packages;
  return Object.entries(lockAt(join(folder, "package-lock.json")).packages).every(
    ([path, { version, optional }]) => path === "" || optional === true || have[path]?.version === version,
  );
}

/** Installs them unless they are there. Returns null, or why it could not be done. */
export async function installPeers(progress: (step: string) => void): Promise<string | null> {
  if (peersInstalled()) return null;
  progress("installing what is compared with (npm ci in bench/)");
  const { npm_execpath: npmFile, npm_node_execpath: npmNode } = process.env;
  const options = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const [command, args] = npmFile !== undefined && npmNode !== undefined ? [npmNode, [npmFile, ...options]] : ["npm", options];
  const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  const ended = await new Promise<string | number | null>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, signal) => resolve(code ?? signal));
  });
  return ended === 0 ? null : `npm ci in bench/ failed (${ended})`;
}

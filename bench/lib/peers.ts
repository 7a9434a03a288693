/**
 * What the benchmarks compare with and nothing else needs: installed beside its own package.json, exactly as the lock file there says.
 * bench/ has servers, bench/clients/ has clients of which only the size is measured. Needs the network once.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** Servers to compare with. */
const serversFolder = join(import.meta.dirname, "..");
/** Clients to compare with. */
export const clientsFolder = join(serversFolder, "clients");

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>;
}

const lockAt = (path: string): Lock => JSON.parse(readFileSync(path, "utf8")) as Lock;

/** Whether everything that the lock file names is there, in that version. */
export function peersInstalled(folder: string): boolean {
  const installed = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const have = lockAt(installed).packages;
  return Object.entries(lockAt(join(folder, "package-lock.json")).packages).every(
    ([path, { version, optional }]) => path === "" || optional === true || have[path]?.version === version,
  );
}

/** Installs them unless they are there. Returns null, or why it could not be done. */
export async function installPeers(progress: (step: string) => void, folder = serversFolder): Promise<string | null> {
  if (peersInstalled(folder)) return null;
  const command = `npm ci in ${relative(join(serversFolder, ".."), folder)}/`;
  progress(`installing what is compared with (${command})`);
  const { npm_execpath: npmFile, npm_node_execpath: npmNode } = process.env;
  const options = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  const [program, args] = npmFile !== undefined && npmNode !== undefined ? [npmNode, [npmFile, ...options]] : ["npm", options];
  const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  const ended = await new Promise<string | number | null>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, signal) => resolve(code ?? signal));
  });
  return ended === 0 ? null : `${command} failed (${ended})`;
}

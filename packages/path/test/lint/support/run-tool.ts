/**
 * The tool itself, asked about a file: what lint takes for a configuration must be one.
 */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs a command in a folder of its own that holds these files, and is gone afterwards. */
export function runWith(
  files: Readonly<Record<string, string>>,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): SpawnSyncReturns<string> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-lint-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return spawnSync(command, args, {
      cwd: folder,
      encoding: "utf8",
      timeout: 30_000,
      env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, ...env },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

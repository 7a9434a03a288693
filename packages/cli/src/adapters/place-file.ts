/**
 * The file of `tail --save`. Each write replaces it whole, by renaming, so that a killed process leaves the old or the new content.
 * It is not synced to the disk for each line: after a loss of power it may be older, and lines are printed again.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** The file's text, null when there is none. Throws when it cannot be read. */
export function readPlaceFile(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  }
}

/** Replaces the content. Throws when it cannot be written. */
export function writePlaceFile(path: string, text: string): void {
  const beside = `${path}.${process.pid}.new`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

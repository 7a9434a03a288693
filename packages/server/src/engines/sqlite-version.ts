/**
 * Which versions of SQLite may be trusted with a write-ahead log that several connections use: those without the
 * "WAL-reset" bug, which can corrupt a database when a checkpoint meets a writer (sqlite.org/wal.html#walresetbug). Pure.
 */

/** The first fixed release of each line that got the fix; 3.52.0 was withdrawn. */
const fixedLines: readonly (readonly [number, number, number])[] = [
  [3, 44, 6],
  [3, 50, 7],
  [3, 51, 3],
];
/** From this one on, every release has it. */
const fixedSince = [3, 53] as const;

/** Whether a version, as `sqlite_version()` says it, has the fix. False for text that is not a version. */
export function hasWalResetFix(version: string): boolean {
  const parts = version.split(".").map(Number);
  const [major, minor, patch = 0] = parts;
  if (major === undefined || minor === undefined || parts.some((part) => !Number.isSafeInteger(part))) return false;
  if (major > fixedSince[0] || (major === fixedSince[0] && minor >= fixedSince[1])) return true;
  return fixedLines.some(([lineMajor, lineMinor, fixed]) => major === lineMajor && minor === lineMinor && patch >= fixed);
}

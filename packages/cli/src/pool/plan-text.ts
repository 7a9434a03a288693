/**
 * A plan of database pools as text for people. Pure.
 */
import type { Plan } from "@holdfast/pool/plan";

export function planText({ fits, rows, fixes, sizeMax, needed, notes }: Plan): string {
  const width = Math.max(...rows.map(({ what }) => what.length));
  const lines = rows.map(({ what, used, limit, fits: each, sum }) => `${each ? "ok  " : "NOT "}  ${what.padEnd(width)}  ${used} of ${limit}  ${sum}`);
  lines.push("", fits ? "It fits." : "It does not fit:");
  for (const fix of fixes) lines.push(`  - ${fix}`);
  lines.push(`The largest size of a pool that fits is ${sizeMax}.`);
  if (needed !== null) lines.push(`The load needs ${needed.sizeAdvised} a pool, peaks included.`);
  for (const note of notes) lines.push(`Note: ${note}.`);
  return `${lines.join("\n")}\n`;
}

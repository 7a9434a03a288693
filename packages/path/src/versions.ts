/**
 * Versions, and the default that holds for one. Pure.
 */
import type { Knob, Value } from "./knob.ts";

/** Below 0, 0 or above: `1.9.0` stands before `1.29.7`. What is not a number in a part counts as 0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) =>
    text
      .replace(/^v/, "")
      .split(/[.+-]/)
      .map((part) => Number.parseInt(part, 10) || 0),
  ) as [number[], number[]];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The default of a knob in a version; without a version that of the newest. */
export function valueAt(knob: Knob, version: string | null): Value {
  if (!Array.isArray(knob.default)) return knob.default as Value;
  const rows = knob.default;
  const holds = rows.find(
    ({ since, before }) =>
      version === null || ((since === undefined || compareVersions(version, since) >= 0) && (before === undefined || compareVersions(version, before) < 0)),
  );
  if (holds === undefined) throw new Error(`${knob.name} has no default for version ${version}`);
  return holds.value;
}

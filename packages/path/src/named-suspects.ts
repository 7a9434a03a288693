/**
 * Suspects as words, for sentences. Rows that are not verified are not named: a finding must not blame on hearsay. Pure.
 */
import type { Suspect } from "./fingerprints.ts";

/** `AWS ALB idle_timeout or nginx proxy_read_timeout`; null: none is known. */
export function namedSuspects(suspects: readonly Suspect[], namesMax: number): string | null {
  const names = [...new Set(suspects.filter(({ grade }) => grade !== "unverified").map(({ name, knob }) => `${name} ${knob}`))];
  if (names.length === 0) return null;
  const shown = names.slice(0, namesMax);
  const more = names.length - namesMax;
  if (more > 0) return `${shown.join(", ")}, or ${more === 1 ? "1 other" : `${more} others`}`;
  return shown.length === 1 ? (shown[0] as string) : `${shown.slice(0, -1).join(", ")} or ${shown.at(-1)}`;
}

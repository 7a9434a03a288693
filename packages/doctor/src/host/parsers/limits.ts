/** Reads /proc/PID/limits. Pure. */
import type { Limit } from "../facts.ts";

/** The limit of descriptors, or null where the text has none. */
export function parseDescriptorLimit(text: string): Limit | null {
  const found = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(text);
  return found === null ? null : { soft: amount(found[1]), hard: amount(found[2]) };
}

const amount = (word: string | undefined): number | null => (word === undefined || word === "unlimited" ? null : Number(word));

/** Reads /proc/net/netstat and /proc/net/snmp: pairs of lines, names and then figures. Pure. */
import type { Counters } from "../facts.ts";

/** The counters of the blocks `Tcp` and `TcpExt`; null where the text has neither. Names of the two never collide. */
export function parseCounters(...texts: readonly string[]): Counters | null {
  const counters: Record<string, number> = {};
  for (const text of texts) {
    const names = new Map<string, readonly string[]>();
    for (const line of text.split("\n")) {
      const [block = "", ...words] = line.trim().split(/\s+/);
      if (block !== "Tcp:" && block !== "TcpExt:") continue;
      const known = names.get(block);
      if (known === undefined) names.set(block, words);
      else for (const [i, name] of known.entries()) if (words[i] !== undefined) counters[name] = Number(words[i]);
    }
  }
  return Object.keys(counters).length === 0 ? null : counters;
}

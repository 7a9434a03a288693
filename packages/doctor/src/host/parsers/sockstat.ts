/** Reads /proc/net/sockstat and sockstat6. Pure. */
import type { SocketTotals } from "../facts.ts";

const pageBytes = 4096;

/** Null where the text has no line about TCP. */
export function parseSockstat(text: string, text6: string): SocketTotals | null {
  const line = /^TCP: (.*)$/m.exec(text)?.[1];
  if (line === undefined) return null;
  const fact = (name: string): number | null => {
    const found = new RegExp(`\\b${name} (\\d+)`).exec(line)?.[1];
    return found === undefined ? null : Number(found);
  };
  const inUse6 = Number(/^TCP6: inuse (\d+)/m.exec(text6)?.[1] ?? 0);
  const [inUse, pages] = [fact("inuse"), fact("mem")];
  return {
    inUse: inUse === null ? null : inUse + inUse6,
    orphaned: fact("orphan"),
    timeWait: fact("tw"),
    memoryBytes: pages === null ? null : pages * pageBytes,
  };
}

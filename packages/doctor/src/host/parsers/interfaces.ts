/** Reads /proc/net/dev. Pure. */
import type { Interface } from "../facts.ts";

export function parseInterfaces(text: string): Interface[] {
  return text.split("\n").flatMap((line) => {
    const found = /^\s*([^\s:]+):\s*(.*)$/.exec(line);
    const figures = (found?.[2] ?? "").trim().split(/\s+/).map(Number);
    if (found === null || figures.length < 12 || figures.some(Number.isNaN)) return [];
    const at = (column: number): number => figures[column] ?? 0;
    return [{ name: found[1] ?? "", rxPackets: at(1), rxErrors: at(2), rxDropped: at(3), txPackets: at(9), txErrors: at(10), txDropped: at(11) }];
  });
}

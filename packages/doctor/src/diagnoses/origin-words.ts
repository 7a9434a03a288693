/**
 * What the diagnoses that need both ends say alike: which proxy it probably is, and the line for each. Pure.
 */
import { agentFindings, findingMaker } from "@holdfast/path";
import type { Facts } from "../facts.ts";

export const agentFinding = findingMaker(agentFindings);

/** The proxies that gave themselves away, by a header of theirs or by the words of an error page; ids of the hop database. */
export function proxiesSeen({ hops, origin }: Facts): readonly string[] {
  const page = origin.known && origin.value.deadline.known ? origin.value.deadline.value.product : null;
  const via = origin.known && origin.value.backend.known ? (origin.value.backend.value.headers["via"] ?? "") : "";
  const named = ["varnish", "squid", "nginx", "apache"].filter((product) => via.toLowerCase().includes(product));
  return [...new Set([...hops.flatMap(({ product }) => product ?? []), ...named, ...(page === null ? [] : [page])])];
}

/** The one proxy that was seen. Null: none, or several. */
export function proxySeen(facts: Facts): string | null {
  const seen = proxiesSeen(facts).filter((product) => product !== "node");
  return seen.length === 1 ? (seen[0] as string) : null;
}

/** The line for each proxy that was seen; where none of them has one, all lines, each with its proxy's name. */
export function linesFor(facts: Facts, lines: Readonly<Record<string, string>>): string[] {
  const seen = proxiesSeen(facts).filter((product) => Object.hasOwn(lines, product));
  return (seen.length > 0 ? seen : Object.keys(lines)).map((product) => `${product}: ${lines[product]}`);
}

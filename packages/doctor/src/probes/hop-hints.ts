/**
 * Headers that give a hop away: those that some product of the hop database writes, and those that say that there is one. Pure.
 */
import { headerOf, products } from "@holdfast/path";
import type { HopHint } from "../facts.ts";

/** Written by hops of any kind. */
const general = ["server", "via", "x-served-by", "x-cache"];

/** Longest value that is kept: what a server says ends up in a report. */
const valueCharsMax = 200;

export function hopHints(headers: Readonly<Record<string, string>>): HopHint[] {
  const named = Object.values(products).flatMap((product) => {
    const shown = headerOf(product, headers);
    const header = shown?.slice(0, shown.indexOf(":")) ?? null;
    return header === null ? [] : [{ header, value: valueIn(headers, header), product: product.id }];
  });
  const others = general.filter((header) => headers[header] !== undefined && !named.some((hint) => hint.header === header));
  return [...named, ...others.map((header) => ({ header, value: valueIn(headers, header), product: null }))];
}

/** A cookie's value is somebody's session. */
const valueIn = (headers: Readonly<Record<string, string>>, header: string): string =>
  header === "set-cookie" ? "(a cookie of it)" : (headers[header] ?? "").slice(0, valueCharsMax);

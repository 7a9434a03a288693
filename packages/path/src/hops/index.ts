/**
 * The hop database: every product, by id. A new product is one file here and one name in the list below.
 */
import type { Product } from "../knob.ts";
import { holdfastGuard, holdfastPool, holdfastServer } from "./holdfast.ts";
import { nginx } from "./nginx.ts";

export const products: Readonly<Record<string, Product>> = Object.fromEntries(
  [holdfastGuard, holdfastPool, holdfastServer, nginx].map((product) => [product.id, product]),
);

/** The product of that id or alias; null where there is none. */
export function findProduct(word: string): Product | null {
  const wanted = word.toLowerCase();
  return products[wanted] ?? Object.values(products).find(({ aliases }) => aliases?.includes(wanted)) ?? null;
}

/**
 * The rows of Holdfast's own parts in the hop database against the options of the parts themselves: same names, same defaults, same units. Whoever
 * declares a path relies on them, and so does what follows for guard, server and pool.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { guardOptionDocs, resolveGuardOptions } from "@holdfast/guard";
import { findProduct, type Knob, type Product } from "@holdfast/path";
import { httpPoolOptionDocs } from "@holdfast/pool";

interface OptionDoc {
  readonly default: unknown;
  readonly unit: string;
}

const guardDocs: Readonly<Record<string, OptionDoc>> = {
  ...guardOptionDocs,
  // By role; a guard that nobody told anything faces a proxy.
  keepAliveMs: { ...guardOptionDocs.keepAliveMs, default: resolveGuardOptions({}).keepAliveMs },
};

function product(id: string): Product {
  const found = findProduct(id);
  assert.ok(found !== null, id);
  return found;
}

const fits = (unit: Knob["unit"], word: string): boolean => (unit === "ms" ? word === "ms" : word !== "ms");

describe("Holdfast's own rows", () => {
  const cases: readonly [id: string, docs: Readonly<Record<string, OptionDoc>>][] = [
    ["holdfast-guard", guardDocs],
    ["holdfast", guardDocs],
    ["holdfast-pool", httpPoolOptionDocs],
  ];
  for (const [id, docs] of cases) {
    for (const knob of product(id).knobs) {
      it(`${id}: ${knob.name} is an option of that name, with that default`, () => {
        const doc = docs[knob.name];
        assert.ok(doc !== undefined);
        assert.equal(knob.default, doc.default);
        assert.ok(fits(knob.unit, doc.unit), `${knob.unit}, ${doc.unit}`);
      });
    }
  }
});

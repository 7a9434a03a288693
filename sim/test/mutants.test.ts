/**
 * The mutants that are found soonest, by docs/mutants.md, are found; and the page tells of all of them. `sim/mutants.ts` plays them all.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { root } from "../adapters/child.ts";
import { playMutant } from "../adapters/mutants-cli.ts";
import { patched } from "../adapters/patch-sources.ts";
import { mutants } from "../mutants/list.ts";

/** Seeds in which a mutant must be found to be among the quick ones, and in which it must be found here: the code it sits in may have changed. */
const quickSeeds = 6;
const seedsMax = 100;

const page = readFileSync(join(root, "docs/mutants.md"), "utf8");
const seedsOf = new Map([...page.matchAll(/^\| `([\w-]+)` \|.*\| (\d+) \|(?: [\w-]+ \|)?$/gm)].map(([, name, seeds]) => [name, Number(seeds)]));
const quick = mutants.filter(({ name, isHarmless }) => isHarmless !== true && (seedsOf.get(name) ?? Infinity) <= quickSeeds);

describe("planted mutants", { concurrency: 2 }, () => {
  it("are all on the page", () => {
    assert.deepEqual(mutants.map(({ name }) => name).toSorted(), [...seedsOf.keys()].toSorted());
    assert.ok(quick.length >= 12, `${quick.length} quick ones`);
  });

  it("fit the sources that they change", () => {
    for (const { patches = [] } of mutants) {
      const texts = new Map<string, string>();
      for (const patch of patches) texts.set(patch.file, patched(texts.get(patch.file) ?? readFileSync(join(root, patch.file), "utf8"), patch));
    }
  });

  it("do not fit a source that lacks their piece, or has it twice", () => {
    for (const text of ["", "a b a"]) assert.throws(() => patched(text, { file: "f", find: "a", replace: "c" }), /once/);
    assert.equal(patched("a b", { file: "f", find: "a", replace: "$&" }), "$& b");
  });

  for (const mutant of quick) {
    it(`such as ${mutant.name} are found`, async () => {
      assert.notEqual((await playMutant(mutant, seedsMax)).foundAs, null);
    });
  }
});

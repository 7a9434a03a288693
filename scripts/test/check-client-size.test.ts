/** The client's size: a bundle above what it may cost is a finding, one at it is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { budgetBytes, findSizeFaults, interimBytes } from "../check-client-size.ts";

const size = (gzipBytes: number) => ({ gzipBytes, minifiedBytes: 0, modules: [] });

test("the limit is inclusive", () => {
  assert.deepEqual(findSizeFaults(size(100), 100), []);
  assert.equal(findSizeFaults(size(101), 100)[0]?.message, "101 bytes gzipped; at most 100");
});

test("the interim limit is above the budget, not below it", () => {
  assert.ok(interimBytes >= budgetBytes);
});

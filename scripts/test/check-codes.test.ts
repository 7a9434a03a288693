/** The table of codes against the sources: unused, used too early, and limits that name nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { countUses, findCodeFaults, findLimitFaults } from "../check-codes.ts";
import { openProject } from "../lib/project.ts";
import { makeTree } from "../test-support/tree.ts";

test("uses are string literals in values and members of `codes`, outside the table, types and tests", () => {
  const codes = { sent: {}, member: {}, only_type: {}, only_test: {}, only_table: {}, only_comment: {} };
  using tree = makeTree({
    "packages/protocol/src/codes.ts": 'export const codes = { only_table: "only_table", member: 1 };\n',
    "packages/server/src/a.ts": [
      'import { codes } from "./b.ts";',
      'export const x = ["sent", `sent`, codes.member];',
      'export type T = "only_type"; // only_comment',
    ].join("\n"),
    "packages/server/src/b.ts": "export const codes = { member: 1 };\n",
    "packages/server/test/a.test.ts": 'export const x = "only_test";\n',
  });
  using project = openProject(tree.root);
  assert.deepEqual(Object.fromEntries(countUses(project, codes)), {
    ...{ sent: 2, member: 1, only_type: 0, only_test: 0, only_table: 0, only_comment: 0 },
  });
});

test("a code is in use exactly when it is not marked later", () => {
  const codes = { used: {}, unused: {}, planned: { later: true }, early: { later: true } };
  const uses = new Map(Object.entries({ used: 1, unused: 0, planned: 0, early: 2 }));
  assert.deepEqual(
    findCodeFaults(codes, uses).map(({ rule, message }) => `${rule}: ${message}`),
    ["code-unused: nothing sends or handles unused; mark it `later` or remove it", "code-later: early is in use; take away its `later`"],
  );
});

test("a limit names a code of the table, or none", () => {
  const limits = { a: { code: "used" }, b: { code: null }, c: { code: "gone" } };
  assert.deepEqual(
    findLimitFaults({ used: {} }, limits).map(({ message }) => message),
    ["c names the unknown code gone"],
  );
});

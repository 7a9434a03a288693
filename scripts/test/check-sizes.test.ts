/** Files and functions at their limit pass, and one line more is refused; lists of tests are not functions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findSizes, sizes } from "../check-sizes.ts";
import { formatFinding } from "../lib/findings.ts";
import { openProject } from "../lib/project.ts";
import { makeTree } from "../test-support/tree.ts";

/** Wraps `head ... tail` around enough lines for a total of `lines`. */
const block = (head: string, tail: string, lines: number): string => `${head}\n${"  0;\n".repeat(lines - 2)}${tail}\n`;
const { fileLinesMax, fileLinesWarn, functionLinesMax } = sizes;

function judge(files: Readonly<Record<string, string>>) {
  using tree = makeTree(files);
  using project = openProject(tree.root);
  const { findings, large } = findSizes(tree.root, project);
  return { found: findings.map(formatFinding).sort(), large };
}

test("limits are inclusive", () => {
  const { found, large } = judge({
    "packages/a/src/file.ts": "0;\n".repeat(fileLinesMax),
    "packages/a/src/no-last-newline.ts": `${"0;\n".repeat(fileLinesMax - 1)}0;`,
    "packages/a/src/medium.ts": "0;\n".repeat(fileLinesWarn),
    "packages/a/src/function.ts": `/** A comment\n * before.\n */\n${block("export function f() {", "}", functionLinesMax)}`,
  });
  assert.deepEqual(found, []);
  assert.deepEqual(large, [`packages/a/src/file.ts: ${fileLinesMax} lines`, `packages/a/src/no-last-newline.ts: ${fileLinesMax} lines`]);
});

test("one line more is refused, in files of every kind and functions of every form", () => {
  const over = functionLinesMax + 1;
  const { found } = judge({
    "packages/a/src/file.ts": "0;\n".repeat(fileLinesMax + 1),
    "packages/a/test/file.test.ts": "0;\n".repeat(fileLinesMax + 1),
    "scripts/file.mjs": "0;\n".repeat(fileLinesMax + 1),
    "packages/a/src/f.ts": `\n${block("export function f() {", "}", over)}`,
    "packages/a/src/g.ts": block("export const g = () => {", "};", over),
    "packages/a/src/h.ts": block("export class H { m() {", "} }", over),
    "packages/a/src/i.ts": block("[1].map(() => {", "});", over),
    "packages/a/src/j.ts": block("export class J { constructor() {", "} }", over),
  });
  const tooLong = (name: string): string => `${name} has ${over} lines; at most ${functionLinesMax}`;
  assert.deepEqual(found, [
    `packages/a/src/f.ts:2: [function-size] ${tooLong("f")}`,
    `packages/a/src/file.ts: [file-size] ${fileLinesMax + 1} lines; at most ${fileLinesMax}`,
    `packages/a/src/g.ts:1: [function-size] ${tooLong("g")}`,
    `packages/a/src/h.ts:1: [function-size] ${tooLong("m")}`,
    `packages/a/src/i.ts:1: [function-size] ${tooLong("a function")}`,
    `packages/a/src/j.ts:1: [function-size] ${tooLong("constructor")}`,
    `packages/a/test/file.test.ts: [file-size] ${fileLinesMax + 1} lines; at most ${fileLinesMax}`,
    `scripts/file.mjs: [file-size] ${fileLinesMax + 1} lines; at most ${fileLinesMax}`,
  ]);
});

test("a list of tests may be long; a test inside it may not", () => {
  const { found } = judge({
    "packages/a/test/a.test.ts": `declare const describe: any, test: any;\n${block("describe('a', () => {", "});", 200)}`,
    "packages/a/test/b.test.ts": `declare const describe: any, test: any;\ndescribe('b', () => {\n${block("test('x', () => {", "});", 71)}});\n`,
  });
  assert.deepEqual(found, [`packages/a/test/b.test.ts:3: [function-size] a function has 71 lines; at most ${functionLinesMax}`]);
});

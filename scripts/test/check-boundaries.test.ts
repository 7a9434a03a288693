/** Plants one violation of every rule about imports in a small tree and sees each refused at its line, and nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findBoundaryFaults } from "../check-boundaries.ts";
import { formatFinding } from "../lib/findings.ts";
import { openProject } from "../lib/project.ts";
import { makeTree } from "../test-support/tree.ts";

const manifest = (name: string, dependencies: readonly string[] = [], devDependencies: readonly string[] = []): string =>
  JSON.stringify({
    name: `@holdfast/${name}`,
    dependencies: Object.fromEntries(dependencies.map((each) => [each, "0.1.0"])),
    devDependencies: Object.fromEntries(devDependencies.map((each) => [each, "0.1.0"])),
  });

const sound = {
  "packages/protocol/package.json": manifest("protocol"),
  "packages/protocol/src/index.ts": "export const a = 1;\n",
  "packages/client/package.json": manifest("client", ["@holdfast/protocol"]),
  "packages/client/src/index.ts": 'export { a } from "@holdfast/protocol";\nexport { b } from "./b.ts";\n',
  "packages/client/src/b.ts": 'import { EventEmitter } from "node:events";\nexport const b = EventEmitter;\n',
  "packages/client/test/b.test.ts":
    'import fc from "fast-check";\nimport { needs } from "../../../scripts/test-support/needs.ts";\nimport "../src/b.ts";\nexport { fc, needs };\n',
  "packages/server/package.json": manifest("server", ["@holdfast/protocol", "ws"]),
  "packages/server/src/index.ts": 'import { a } from "@holdfast/protocol";\nexport { WebSocket } from "ws";\nexport { a };\n',
  "packages/lab/package.json": manifest("lab"),
  "packages/lab/src/index.ts": "export {};\n",
  "packages/cli/package.json": manifest("cli", ["@holdfast/client", "@holdfast/server"]),
  "packages/cli/src/index.ts": 'import "@holdfast/client";\nimport "@holdfast/server/engines";\n',
  "e2e/a.test.ts":
    'import "@holdfast/client";\nimport "@holdfast/server";\nimport "@holdfast/lab";\nimport { needs } from "../scripts/test-support/needs.ts";\nexport { needs };\n',
  "sim/run.ts": 'import "@holdfast/client";\nimport "@holdfast/server/engines";\n',
  "scripts/test-support/needs.ts": "export const needs = 1;\n",
};

function judge(files: Readonly<Record<string, string>>): string[] {
  using tree = makeTree({ ...sound, ...files });
  using project = openProject(tree.root);
  return findBoundaryFaults(tree.root, project).map(formatFinding).sort();
}

test("a sound tree has no fault", () => {
  assert.deepEqual(judge({}), []);
});

test("every rule refuses its violation, at its line", () => {
  const found = judge({
    "packages/protocol/src/up.ts": '// One line.\nimport "@holdfast/client";\n',
    "packages/protocol/src/third.ts": 'import "ws";\n',
    "packages/client/src/server.ts": 'export type T = import("@holdfast/server").T;\n',
    "packages/client/test/server.test.ts": 'await import("@holdfast/server");\n',
    "packages/client/src/path.ts": 'export * from "../../protocol/src/index.ts";\n',
    "packages/client/src/helper.ts": 'import "../../../scripts/test-support/needs.ts";\n',
    "packages/client/src/uses-test.ts": 'import "../test/b.test.ts";\n',
    "packages/protocol/package.json": manifest("protocol", [], ["fast-check"]),
    "packages/protocol/src/development.ts": 'import "fast-check";\n',
    "packages/cli/src/undeclared.ts": 'import "@holdfast/protocol";\nimport "ws";\n',
    "packages/lab/package.json": manifest("lab", [], ["@holdfast/protocol"]),
    "sim/lab.ts": 'import "@holdfast/lab";\n',
    "e2e/by-path.ts": 'import "../packages/client/src/index.ts";\n',
    "scripts/ours.ts": 'import "@holdfast/protocol";\n',
    "packages/server/src/one.ts": 'import type { Two } from "./two.ts";\nexport type One = Two;\n',
    "packages/server/src/two.ts": 'import type { One } from "./one.ts";\nexport type Two = One | 1;\n',
  });
  assert.deepEqual(found, [
    "e2e/by-path.ts:1: [relative] leaves e2e/ for packages/client/src/index.ts; import the package by its name",
    "packages/cli/src/undeclared.ts:1: [declared] @holdfast/protocol is not among the dependencies of packages/cli/package.json",
    "packages/cli/src/undeclared.ts:2: [declared] ws is not among the dependencies of packages/cli/package.json",
    "packages/client/src/helper.ts:1: [relative] leaves packages/client/ for scripts/test-support/needs.ts; import the package by its name",
    "packages/client/src/path.ts:1: [relative] leaves packages/client/ for packages/protocol/src/index.ts; import the package by its name",
    "packages/client/src/server.ts:1: [direction] client must not depend on @holdfast/server; it may depend on protocol",
    "packages/client/src/uses-test.ts:1: [source-and-test] a source imports a test: packages/client/test/b.test.ts",
    "packages/client/test/server.test.ts:1: [direction] client must not depend on @holdfast/server; it may depend on protocol",
    "packages/lab/package.json: [direction] lab must not depend on @holdfast/protocol; it may depend on nothing of ours",
    "packages/protocol/src/development.ts:1: [declared] fast-check is not among the dependencies of packages/protocol/package.json",
    "packages/protocol/src/third.ts:1: [declared] ws is not among the dependencies of packages/protocol/package.json",
    "packages/protocol/src/up.ts:2: [direction] protocol must not depend on @holdfast/client; it may depend on nothing of ours",
    "packages/server/src/one.ts:1: [cycle] imports itself: packages/server/src/one.ts -> packages/server/src/two.ts -> packages/server/src/one.ts",
    "scripts/ours.ts:1: [direction] scripts must not depend on @holdfast/protocol; it may depend on nothing of ours",
    "sim/lab.ts:1: [direction] sim must not depend on @holdfast/lab; it may depend on protocol, client, server",
  ]);
});

test("a dynamic import by a template cannot hide a direction", () => {
  assert.deepEqual(judge({ "packages/client/src/hidden.ts": "await import(`@holdfast/server`);\n" }), [
    "packages/client/src/hidden.ts:1: [direction] client must not depend on @holdfast/server; it may depend on protocol",
  ]);
});

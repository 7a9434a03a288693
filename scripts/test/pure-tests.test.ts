/** A test is pure when nothing that it reaches is an effect, directly or through files that it imports. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openProject } from "../lib/project.ts";
import { pureTests } from "../lib/pure-tests.ts";
import { makeTree } from "../test-support/tree.ts";

test("purity follows imports through files, and ends at effects, adapters and impure packages", () => {
  using tree = makeTree({
    "packages/a/src/pure.ts": 'import "@holdfast/protocol";\nimport "./circle.ts";\n',
    "packages/a/src/circle.ts": 'import "./pure.ts";\n',
    "packages/a/src/adapters/clock.ts": "export {};\n",
    "packages/a/src/uses-clock.ts": 'import "./adapters/clock.ts";\n',
    "packages/a/test/pure.test.ts": 'import "../src/pure.ts";\nimport "node:fs";\nimport "fast-check";\n',
    "packages/a/test/socket.test.ts": 'import "node:net";\n',
    "packages/a/test/clock.test.ts": 'import "../src/uses-clock.ts";\n',
    "packages/a/test/package.test.ts": 'import "@holdfast/server";\n',
    "packages/a/test/helper.ts": "export {};\n",
    "e2e/pure.test.ts": "export {};\n",
  });
  using project = openProject(tree.root);
  assert.deepEqual(pureTests(project), ["packages/a/test/pure.test.ts"]);
});

// Which modules the page may have: those of its graph, and no others.
import assert from "node:assert/strict";
import { test } from "node:test";
import { collectModules, importsOf, type ModuleSource } from "../src/page/module-graph.ts";

test("imports of every kind are found, each once, and nothing in comments or text", () => {
  const code = [
    "/**",
    ' * import { no } from "./comment.ts";',
    " */",
    'import "./side.ts";',
    "import { a,",
    "  b } from './many.ts';",
    'export { c } from "./again.ts";',
    'export * from "./star.ts";',
    'import d from "@holdfast/client";',
    "export const text = \"import x from './text.ts'\";",
    "export const other = './value.ts';",
    'const later = () => import("./later.ts");',
    'import { e } from "./many.ts";',
  ].join("\n");
  assert.deepEqual(importsOf(code), ["./side.ts", "./many.ts", "./again.ts", "./star.ts", "@holdfast/client", "./later.ts"]);
});

const files: Readonly<Record<string, string>> = {
  "file:///web/main.ts": 'import "./a.ts";\nimport { x } from "@holdfast/client";',
  "file:///web/a.ts": 'import "./main.ts";',
  "file:///client/index.ts": 'export { x } from "./deep/x.ts";',
  "file:///client/deep/x.ts": "export const x = 1;",
  "file:///web/outside.ts": 'import "../secret.ts";',
  "file:///web/stranger.ts": 'import "node:fs";',
  "file:///secret.ts": "",
};
const source: ModuleSource = {
  read: (url) => files[url] ?? assert.fail(url),
  resolve: (name) => (name === "@holdfast/client" ? "file:///client/index.ts" : null),
  address: (url) => {
    const found = /^file:\/\/\/(web|client)\/(.*)$/.exec(url);
    return found === null ? null : `/m/${found[1]}/${found[2]}`;
  },
};

test("the graph is walked whole, cycles included, and names get addresses", () => {
  const { modules, names } = collectModules("file:///web/main.ts", source);
  assert.deepEqual([...modules.keys()], ["/m/web/main.ts", "/m/web/a.ts", "/m/client/index.ts", "/m/client/deep/x.ts"]);
  assert.deepEqual([...names], [["@holdfast/client", "/m/client/index.ts"]]);
});

test("a module that leads out of the folders, or to a package that is not for pages, is refused", () => {
  assert.throws(() => collectModules("file:///web/outside.ts", source), /outside the folders/);
  assert.throws(() => collectModules("file:///web/stranger.ts", source), /imports node:fs, which a page may not/);
});

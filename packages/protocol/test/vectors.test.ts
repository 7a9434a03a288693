/** The vectors themselves: every case can be named, every file is explained, and no byte of them needs an encoding. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Case, expand, expandAll, readVectors, vectorFiles, vectorFolder } from "./support/vectors.ts";

const files = vectorFiles();

test("every case has an id of its own and a description", (t) => {
  const ids = new Map<string, string>();
  for (const file of files) {
    const lists = Object.values(readVectors<Record<string, unknown>>(file)).filter(Array.isArray) as Case[][];
    for (const { id, description } of lists.flat()) {
      assert.match(id, /^[a-z0-9]+(?:-[a-z0-9]+)*$/);
      assert.ok(description.length > 3, id);
      assert.equal(ids.get(id), undefined, `${id} is in ${ids.get(id)} and ${file}`);
      ids.set(id, file);
    }
  }
  t.diagnostic(`${ids.size} vectors in ${files.length} files`);
  assert.ok(ids.size > 400);
});

test("every file is plain ASCII and explained in README.md", () => {
  const readme = readFileSync(join(vectorFolder, "README.md"), "utf8");
  for (const file of files) {
    const text = readFileSync(join(vectorFolder, file), "latin1");
    for (const sign of text) assert.ok(sign === "\n" || (sign >= " " && sign <= "~"), `${file}: ${sign.charCodeAt(0)}`);
    assert.ok(readme.includes(`\`${file}\``), file);
  }
});

test("runs expand to text", () => {
  assert.equal(
    expand([
      ["ab", 2],
      ["c", 0],
      ["d", 1],
    ]),
    "ababd",
  );
  assert.deepEqual(expandAll({ a: [["x", 3]], b: ["x", "y"], c: [] }), { a: "xxx", b: ["x", "y"], c: [] });
});

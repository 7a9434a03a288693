/** Packages are built after what they depend on, and a circle of packages is an error that names it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inOrder, type Manifest } from "../build.ts";

const manifests = (needs: Readonly<Record<string, readonly string[]>>): Map<string, Manifest> =>
  new Map(
    Object.entries(needs).map(([name, all]) => [`packages/${name}`, { name: `@x/${name}`, dependencies: Object.fromEntries(all.map((each) => [each, "1"])) }]),
  );

test("a package comes after its dependencies, and foreign ones do not matter", () => {
  const order = inOrder(manifests({ cli: ["@x/client", "ws"], client: ["@x/protocol"], lab: [], protocol: [] }));
  assert.deepEqual(order, ["packages/protocol", "packages/client", "packages/cli", "packages/lab"]);
});

test("a circle is an error", () => {
  assert.throws(() => inOrder(manifests({ a: ["@x/b"], b: ["@x/a"] })), /packages\/a -> packages\/b -> packages\/a/);
});

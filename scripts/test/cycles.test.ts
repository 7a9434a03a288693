/** Cycles of imports: found once each, printed as a path that closes, and never seen where there is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findCycles } from "../lib/cycles.ts";

const graph = (text: string): Map<string, Map<string, number>> => {
  const edges = new Map<string, Map<string, number>>();
  for (const edge of text.split(" ").filter((each) => each !== "")) {
    const [from = "", to = ""] = edge.split(">");
    edges.set(from, (edges.get(from) ?? new Map<string, number>()).set(to, 1));
  }
  return edges;
};

test("a tree and a diamond have no cycle", () => {
  assert.deepEqual(findCycles(graph("a>b a>c b>d c>d d>e")), []);
});

test("a file that imports itself is a cycle of one", () => {
  assert.deepEqual(findCycles(graph("a>b b>b")), [["b"]]);
});

test("each group is reported once, by its shortest cycle", () => {
  assert.deepEqual(findCycles(graph("a>b b>c c>a c>d d>c x>y y>x z>x")), [
    ["a", "b", "c"],
    ["x", "y"],
  ]);
});

test("in any graph: no cycle is reported exactly when an order exists, and each reported path closes", () => {
  const edge = fc.tuple(fc.nat(7), fc.nat(7));
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 20 }), (pairs) => {
      const edges = graph(pairs.map(([from, to]) => `f${from}>f${to}`).join(" "));
      const cycles = findCycles(edges);
      assert.equal(cycles.length === 0, canBeOrdered(edges));
      for (const cycle of cycles) {
        for (const [i, file] of cycle.entries()) assert.ok(edges.get(file)?.has(cycle[(i + 1) % cycle.length] ?? ""));
      }
    }),
  );
});

/** Kahn's algorithm, as the independent judge. */
function canBeOrdered(edges: ReadonlyMap<string, ReadonlyMap<string, number>>): boolean {
  const left = new Map([...edges].map(([from, to]) => [from, new Set(to.keys())]));
  for (let removed = true; removed; ) {
    removed = false;
    for (const [from, targets] of left) {
      if ([...targets].some((target) => left.has(target))) continue;
      left.delete(from);
      removed = true;
    }
  }
  return left.size === 0;
}

// docs/grafana/holdfast.json asks for what guard and the server show, and is a board that Grafana takes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { adminListener, guardMetricDocs, guardMetrics } from "@holdfast/guard";
import { createServer, type HoldfastServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

const board = JSON.parse(readFileSync(new URL("../../../docs/grafana/holdfast.json", import.meta.url), "utf8")) as {
  readonly schemaVersion: number;
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
};
const expressions = board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const asked = (text: string): string[] => [...text.matchAll(/\bholdfast_\w+/g)].map(([name]) => name);

let server: HoldfastServer;
let families: ReadonlyMap<string, string>;

before(async () => {
  server = createServer({ engine: memoryEngine({ env: nodeEnv }) });
  const registry = guardMetrics(server.guard, server.metrics);
  adminListener({ guard: server.guard, registry, port: 0 });
  families = new Map([...(await registry.metrics()).matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = "", type = ""]) => [name, type]));
});
after(() => server.guard.release());

test("every metric that the board asks for is shown", () => {
  const names = new Set([...expressions, ...board.templating.list.map(({ definition = "" }) => definition)].flatMap(asked));
  assert.ok(names.size > 30, `${names.size}`);
  for (const name of names) {
    const family = name.replace(/_(?:bucket|sum|count)$/, "");
    assert.ok(families.has(name) || families.get(family) === "histogram", name);
  }
});

test("the board shows every metric of guard", () => {
  const names = new Set(expressions.flatMap(asked).map((name) => name.replace(/_(?:bucket|sum|count)$/, "")));
  for (const name of Object.keys(guardMetricDocs)) assert.ok(names.has(name), name);
});

test("counters are asked for their rate, and the snapshot is not", () => {
  for (const expr of expressions) {
    for (const name of asked(expr)) {
      const isRate = new RegExp(`(?:rate|increase)\\(${name}\\{`).test(expr);
      const isSnapshot = name.startsWith("holdfast_guard_open_age_seconds");
      assert.equal(isRate, !isSnapshot && (name.endsWith("_total") || /_(?:bucket|sum|count)$/.test(name)), `${name} in ${expr}`);
    }
  }
});

test("labels in expressions are labels of their metrics", () => {
  for (const expr of expressions) {
    const metrics = asked(expr).map((name) => name.replace(/_(?:bucket|sum|count)$/, "")) as (keyof typeof guardMetricDocs)[];
    if (!metrics.every((name) => name in guardMetricDocs)) continue;
    const known = new Set(["le", "instance", ...metrics.flatMap((name) => guardMetricDocs[name].labels)]);
    const used = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(", "));
    for (const label of used) assert.ok(known.has(label), `${label} in ${expr}`);
  }
});

test("panels have ids and places of their own, and expressions whose brackets match", () => {
  const { panels } = board;
  assert.ok(board.schemaVersion >= 39 && board.uid !== "");
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { title, type, targets = [], gridPos } of panels) {
    assert.ok(title !== "", "a panel without a title");
    assert.ok(type === "row" || type === "text" || targets.length > 0, title);
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x} ${y}`), `${title} overlaps`);
        taken.add(`${x} ${y}`);
      }
    }
  }
  for (const expr of expressions) {
    for (const [open, close] of ["()", "{}", "[]"].map((pair) => [...pair])) {
      assert.equal(expr.split(open as string).length, expr.split(close as string).length, expr);
    }
  }
});

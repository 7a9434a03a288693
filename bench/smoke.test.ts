/**
 * Every case of the benchmarks runs and counts right, in small numbers. No time is judged here.
 * The checks of counts are inside the cases: each throws when a reader, a log or a client has more or less than was published.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { cases } from "./cases/list.ts";
import { installPeers } from "./lib/peers.ts";
import { drawChart } from "./page/chart.ts";

describe("bench", { concurrency: 1 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const fault = await installPeers(() => undefined);
  after(() => rmSync(directory, { recursive: true, force: true }));

  test("what is compared with is installed", (t) => {
    if (fault !== null) t.skip(`${fault}: the cases run without Socket.IO`);
  });

  for (const { name, run } of cases) {
    test(`${name} runs and counts right`, async () => {
      const result = await run({ smoke: true, peers: fault === null, against: [], directory, progress: () => undefined });
      assert.equal(result.name, name);
      assert.ok(result.tables.length > 0);
      assert.ok(result.tables.every(({ columns, rows }) => rows.length > 0 && rows.every((row) => row.length === columns.length)));
      assert.deepEqual(
        Object.entries(result.figures).filter(([, value]) => !Number.isFinite(value)),
        [],
      );
      for (const chart of result.charts) assert.match(drawChart(chart), /^<svg [\s\S]*<\/svg>\n$/);
    });
  }
});

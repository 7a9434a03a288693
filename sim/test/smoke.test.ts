/**
 * A smoke run of the simulator: some hundred seeds without a fault found, in which every "sometimes" point was hit.
 * `npm run sim -- --minutes 30` is the long run.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runInChild } from "../adapters/child.ts";
import { runCampaign } from "../campaign.ts";
import { points } from "../points.ts";
import { reproduction } from "../report.ts";

const suites = 4;
const seedsPerSuite = 150;
const hit = new Set<string>();

describe("the simulator finds nothing wrong", { concurrency: 2 }, () => {
  for (let suite = 0; suite < suites; suite++) {
    const from = suite * seedsPerSuite + 1;
    it(`in seeds ${from} to ${from + seedsPerSuite - 1}`, async (t) => {
      const result = await runInChild(["--from", String(from), "--seeds", String(seedsPerSuite)]);
      t.diagnostic(`${(result.seeds / result.seconds).toFixed(1)} seeds/s, ${result.events.median} events in the median seed`);
      for (const [point, { hits }] of Object.entries(result.points)) if (hits > 0) hit.add(point);
      assert.deepEqual(
        result.bad.map(({ seed, violations }) => `${reproduction(seed, null)}   ${violations[0]?.kind}: ${violations[0]?.text}`),
        [],
      );
    });
  }
});

describe("the seeds of a smoke run", () => {
  it("see every rare thing happen", () => {
    assert.deepEqual(
      Object.keys(points).filter((point) => !hit.has(point)),
      [],
    );
  });

  it("are played exactly again", async () => {
    const [first, second] = [await runCampaign({ from: 7, seeds: 3 }), await runCampaign({ from: 7, seeds: 3 })];
    assert.equal(first.events.total, second.events.total);
    assert.deepEqual(first.points, second.points);
  });
});

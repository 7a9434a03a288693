/**
 * A smoke run of the simulator: a few hundred seeds without a fault found, with every "sometimes" point hit; and the mutants that are
 * found soonest, to see that it can find any. `npm run sim` and `sim/mutants.ts` are the long runs.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { missedPoints, runCampaign } from "../campaign.ts";
import { badSeedLines, campaignLines } from "../report.ts";

const seeds = 300;
/** One of each part of the system, from docs/mutants.md, each found within a few dozen seeds. */
const mutants = ["prev-unchecked", "seam-off-by-one", "outbox-renumbers", "doubt-ignored"];
const root = join(import.meta.dirname, "../..");

/** The exit code of a run of the simulator. */
function exitCode(...args: string[]): Promise<number> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...process.execArgv, "sim/run.ts", ...args], { cwd: root }, (error) =>
      resolve(typeof error?.code === "number" ? error.code : 0),
    );
  });
}

describe("the simulator", () => {
  it(`finds nothing wrong in ${seeds} seeds, and sees every rare thing happen`, async (t) => {
    const now = performance.now.bind(performance);
    const startMs = now();
    const result = await runCampaign({ from: 1, seeds });
    for (const line of campaignLines(result, (now() - startMs) / 1_000)) t.diagnostic(line);
    assert.deepEqual(
      result.bad.flatMap((bad) => badSeedLines(bad, null)),
      [],
    );
    assert.deepEqual(missedPoints(result), []);
  });

  for (const mutant of mutants) {
    it(`finds the mutant ${mutant}`, async () => {
      assert.equal(await exitCode("--mutant", mutant, "--seeds", "200", "--until-caught"), 1);
    });
  }

  it("plays a seed exactly again", async () => {
    const [first, second] = [await runCampaign({ from: 7, seeds: 3 }), await runCampaign({ from: 7, seeds: 3 })];
    assert.equal(first.events.total, second.events.total);
    assert.deepEqual(first.points, second.points);
  });
});

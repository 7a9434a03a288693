/** The reporter fed with events by hand, for what a real run shows only when the runner itself is broken or interrupted. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import type { TestEvent } from "node:test/reporters";
import ringReporter, { type RingCounts } from "../lib/ring-reporter.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-reporter-"));
const outer = process.env["HOLDFAST_RING_REPORT"];
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  if (outer === undefined) delete process.env["HOLDFAST_RING_REPORT"];
  else process.env["HOLDFAST_RING_REPORT"] = outer;
});

const file = join(process.cwd(), "a.test.ts");
const passed = { type: "test:pass", data: { name: "a", nesting: 0, file, line: 3, details: { type: "test", duration_ms: 1 } } };
const interrupted = { type: "test:interrupted", data: { tests: [{ name: "stuck", nesting: 0, file, line: 9 }] } };
const total = { type: "test:summary", data: { counts: { tests: 2 }, duration_ms: 1, success: true } };

test("counts that do not add up are a problem, and unfinished tests are named", async () => {
  const target = join(folder, "report.json");
  process.env["HOLDFAST_RING_REPORT"] = target;
  const events = async function* (): AsyncGenerator<TestEvent> {
    for (const event of [passed, interrupted, total]) yield event as unknown as TestEvent;
  };
  let text = "";
  for await (const piece of ringReporter(events())) text += piece;
  const counts = JSON.parse(readFileSync(target, "utf8")) as RingCounts;
  assert.deepEqual(counts, { passed: 1, failed: 0, skipped: {}, problems: ["the runner announced 2 tests, 1 were reported"] });
  assert.equal(text, "  UNFINISHED stuck (a.test.ts:9)\n");
});

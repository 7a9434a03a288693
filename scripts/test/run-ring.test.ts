/**
 * Runs real rings of small files: what passes, fails, is skipped, hangs, crashes, lies or leaves something behind is counted
 * as what it is.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type RingResult, runRing } from "../lib/run-ring.ts";
import { makeTree } from "../test-support/tree.ts";

const head = 'import { test, describe } from "node:test";\nimport { spawn } from "node:child_process";\nimport { writeFileSync } from "node:fs";\n';

async function run(sources: Readonly<Record<string, string>>, budgetSeconds = 20, look: (root: string) => void = () => {}): Promise<RingResult> {
  const files = Object.fromEntries(Object.entries(sources).map(([name, text]) => [`${name}.test.ts`, `${head}${text}`]));
  using tree = makeTree({ "package.json": '{"type":"module"}', ...files });
  const result = await runRing({ root: tree.root, files: Object.keys(files), concurrency: 2, budgetSeconds, silent: true });
  look(tree.root);
  return result;
}

const outcome = ({ passed, failed, skipped, problems }: RingResult) => ({ passed, failed, skipped, problems });

test("tests are counted, suites are not, and reasons of skipping are kept", async () => {
  const result = await run({
    a: 'test("a", () => {}); describe("s", () => { test("b", (t) => t.test("c", () => {})); }); test("d", { skip: "needs x" }, () => {});',
    b: 'test("e", { skip: "needs x" }, () => {}); test("f", { todo: true }, () => {}); test("g", (t) => t.skip("by itself"));',
  });
  assert.deepEqual(outcome(result), { passed: 3, failed: 0, skipped: { "needs x": 2, todo: 1, "by itself": 1 }, problems: [] });
});

test("children see the conditions with which the runner was started", async () => {
  const result = await run({ a: 'test("a", () => { if (!process.execArgv.includes("--conditions=source")) throw new Error(); });' });
  assert.deepEqual(outcome(result), { passed: 1, failed: 0, skipped: {}, problems: [] });
});

test("failed, crashed, unloadable and empty files all fail", async () => {
  const result = await run({
    fails: 'test("a", () => { throw new Error("no"); }); test("b", () => {});',
    crashes: 'test("c", () => {}); process.exit(3);',
    unloadable: 'import "./gone.ts";',
    empty: "",
    hollow: 'describe("s", () => {});',
    afterwards: 'test("d", () => {}); setTimeout(() => { throw new Error("late"); }, 50);',
  });
  assert.equal(result.passed, 2);
  assert.equal(result.failed, 6);
  assert.deepEqual(result.problems.toSorted(), ["empty.test.ts ran no test", "hollow.test.ts ran no test"]);
});

test("a failing hook of a suite fails the ring", async () => {
  const result = await run({ a: 'import { after } from "node:test"; describe("s", () => { after(() => { throw new Error("x"); }); test("a", () => {}); });' });
  assert.equal(result.passed, 1);
  assert.ok(result.failed > 0);
});

test("a ring without files fails", async () => {
  assert.deepEqual(outcome(await run({})), { passed: 0, failed: 1, skipped: {}, problems: ["no test files"] });
});

test("a test that hangs is failed by name, and a file that blocks is killed at twice the budget", async () => {
  const hung = await run({ a: 'test("a", () => new Promise((resolve) => setTimeout(resolve, 3400))); test("b", () => {});' }, 3);
  assert.deepEqual([hung.passed, hung.failed], [1, 1]);
  const blocked = await run({ a: 'test("a", () => { for (;;) {} });' }, 1);
  assert.ok(blocked.failed > 0);
  assert.ok(blocked.problems.includes("killed after 2 s, twice its budget"));
  assert.ok(blocked.seconds >= 2 && blocked.seconds < 15, `took ${blocked.seconds} s`);
});

test("an interrupted ring ends soon and says so", async () => {
  using tree = makeTree({ "a.test.ts": `${head}test("a", () => new Promise((resolve) => setTimeout(resolve, 60_000)));` });
  const result = await runRing({ root: tree.root, files: ["a.test.ts"], concurrency: 1, budgetSeconds: 60, silent: true, signal: AbortSignal.timeout(500) });
  assert.ok(result.problems.includes("interrupted"));
  assert.ok(result.seconds < 10, `took ${result.seconds} s`);
});

test("a process that outlives its ring is ended and counted", { skip: existsSync("/proc/self/environ") ? false : "needs Linux's /proc" }, async () => {
  let pid = 0;
  const source = `test("a", () => {
    const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
    child.unref();
    writeFileSync("pid", String(child.pid));
  });`;
  const result = await run({ a: source }, 20, (root) => {
    pid = Number(readFileSync(join(root, "pid"), "utf8"));
  });
  assert.deepEqual(outcome(result), { passed: 1, failed: 1, skipped: {}, problems: ["left a process behind: sleep 60"] });
  // Killed, though perhaps not yet waited for by whoever inherited it.
  assert.ok(!existsSync(`/proc/${pid}/cmdline`) || readFileSync(`/proc/${pid}/cmdline`, "utf8") === "");
});

// `holdfast pool plan`: what the command line says, and what is printed.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { plan } from "@holdfast/pool/plan";
import { readArgs } from "../src/args.ts";
import { planInput, poolPlan } from "../src/commands/pool/plan.ts";
import { planText } from "../src/pool/plan-text.ts";

const input = (...words: string[]) => {
  const given = readArgs(poolPlan.spec, words);
  assert.ok(given.ok);
  return planInput(given.value);
};

test("a surge is as large as the deployment unless it is given", () => {
  const read = input("--replicas", "4", "--size", "5");
  assert.ok(read.ok);
  assert.deepEqual([read.value.surge, read.value.maxConnections, read.value.bouncer, read.value.load], [4, 100, null, null]);
});

test("what can not be meant is refused", () => {
  for (const [words, message] of [
    [[], "expected --replicas N"],
    [["--replicas", "0"], "expected --replicas to be a whole number from 1 to 1000000"],
    [["--replicas", "3", "--per-second", "10"], "expected --per-second and --hold-ms together"],
  ] as const) {
    const read = input(...words);
    assert.ok(!read.ok && read.message.startsWith(message), JSON.stringify(read));
  }
});

test("the text has the sums, the verdict and both fixes", () => {
  const read = input("--replicas", "6", "--size", "10", "--per-second", "1200", "--hold-ms", "20");
  assert.ok(read.ok);
  const text = planText(plan(read.value));
  for (const part of [
    "NOT   database  123 of 97",
    "(6 replicas + 6 surge) x 1 x 10 + 3 others, of 100 - 3 reserved",
    "It does not fit:",
    "  - lower the size of each pool to 7",
    "  - raise max_connections to 126",
    "1200 per second x 20 ms = 24 in use on average",
  ]) {
    assert.ok(text.includes(part), `${part} in\n${text}`);
  }
});

const holdfast = (...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const main = new URL("../src/main.ts", import.meta.url).pathname;
    execFile(process.execPath, [...process.execArgv.filter((each) => !each.startsWith("--test")), main, ...words], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

test("the command ends with 0 when it fits and with 9 when not, as JSON too", async () => {
  const [fits, not, json, help, wrong] = await Promise.all([
    holdfast("pool", "plan", "--replicas", "4", "--size", "10"),
    holdfast("pool", "plan", "--replicas", "6", "--size", "10"),
    holdfast("pool", "plan", "--replicas", "6", "--json"),
    holdfast("pool", "--help"),
    holdfast("pool", "plam"),
  ]);
  assert.deepEqual([fits.code, not.code, json.code, help.code, wrong.code], [0, 9, 9, 0, 2]);
  assert.equal(JSON.parse(json.stdout).sizeMax, 7);
  assert.match(help.stdout, /pool plan/);
  assert.match(wrong.stderr, /did you mean plan\?/);
});

/**
 * Everything that is tested, in one command: the checks, then the rings in order. Prints a table of where the time went, why
 * tests were skipped, and as its last line `N passed, N failed`, summed over the reports of all rings.
 * A part of the run that fails without a failed test (a check, a hang, a missing file) adds one to the failed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { projectFiles, repositoryRoot } from "./lib/files.ts";
import { type RingResult, runRing } from "./lib/run-ring.ts";
import { ensureTools, systemTools } from "./lib/system-packages.ts";
import { lastLine, type Part, skipReasons, table } from "./lib/test-summary.ts";
import { checkBudgetSeconds, rings, totalBudgetSeconds } from "./rings.ts";

const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());

/** The checks as a part of the run; their pure tests are left out, because the first ring runs them all. */
async function runChecks(): Promise<RingResult> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, "check.ts"), "--without=tests"], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  interrupt.signal.addEventListener("abort", () => child.kill("SIGTERM"));
  const [code] = await once(child, "exit");
  const problems = code === 0 ? [] : ["`npm run check` failed; see above"];
  return { passed: 0, failed: problems.length, skipped: {}, problems, seconds: (performance.now() - startMs) / 1000 };
}

const say = (line: string): void => console.log(line);
const missing = ensureTools(systemTools, (line) => say(`holdfast: ${line}`));
if (missing.length > 0) say(`\n!!! Tests that need ${missing.join(", ")} will be SKIPPED. Install what is missing to run them all.\n`);

say("== check");
const parts: Part[] = [{ name: "check", budgetSeconds: checkBudgetSeconds, result: await runChecks() }];
const files = projectFiles(repositoryRoot);
for (const ring of rings) {
  if (interrupt.signal.aborted) break;
  say(`\n== ${ring.name}`);
  const { name, concurrency, budgetSeconds } = ring;
  const run = { root: repositoryRoot, files: files.filter((file) => ring.files.test(file)), concurrency, budgetSeconds, signal: interrupt.signal };
  parts.push({ name, budgetSeconds, result: await runRing(run) });
}

const noSkips = process.env["CI"] === "true" && process.getuid?.() === 0;
say(`\n${table(parts, totalBudgetSeconds)}\n`);
for (const line of skipReasons(parts)) say(line);
for (const { name, result } of parts) for (const problem of result.problems) say(`FAILED ${name}: ${problem}`);
if (interrupt.signal.aborted) say("FAILED: interrupted");
const { text, ok } = lastLine(parts, noSkips);
if (!ok && noSkips) say("As root in CI a skipped test is a failed test.");
process.exitCode = ok && !interrupt.signal.aborted ? 0 : 1;
say(text);

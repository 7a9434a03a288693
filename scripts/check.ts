/**
 * Every check that needs no server: types, lint and format, the project's own rules, and the pure tests. Two run at a time;
 * the output of one that fails is printed whole. `--without=NAME,...` leaves some out.
 */
import { spawn } from "node:child_process";
import { repositoryRoot } from "./lib/files.ts";
import { openProject } from "./lib/project.ts";
import { pureTests } from "./lib/pure-tests.ts";

interface Step {
  readonly name: string;
  /** Arguments for Node; null when there is nothing to run. */
  readonly args: () => readonly string[] | null;
}

const script = (name: string): Step => ({ name, args: () => ["--conditions=source", `scripts/check-${name}.ts`] });

/** Longest first, so that two at a time end together. */
const steps: readonly Step[] = [
  { name: "tests", args: testArgs },
  { name: "build", args: () => ["--conditions=source", "scripts/build.ts"] },
  { name: "types", args: () => ["node_modules/typescript/bin/tsc", "--noEmit", "--pretty", "false"] },
  { name: "types-web", args: () => ["node_modules/typescript/bin/tsc", "--noEmit", "--pretty", "false", "-p", "packages/cli/web"] },
  { name: "lint", args: () => ["node_modules/@biomejs/biome/bin/biome", "ci", "--error-on-warnings", "--colors=off", "."] },
  ...["ambient", "boundaries", "sizes", "codes", "docs", "hygiene", "client-size"].map(script),
];

function testArgs(): string[] | null {
  using project = openProject(repositoryRoot);
  const files = pureTests(project);
  return files.length === 0
    ? null
    : ["--conditions=source", "--test", "--test-reporter=./scripts/lib/ring-reporter.ts", "--test-reporter-destination=stdout", ...files];
}

interface Outcome {
  readonly code: number;
  readonly output: string;
}

function run(args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: repositoryRoot, stdio: ["ignore", "pipe", "pipe"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", (error) => resolve({ code: 1, output: error.message }));
    child.on("close", (code, signal) => resolve({ code: code ?? 1, output: `${Buffer.concat(chunks)}${signal === null ? "" : `ended by ${signal}\n`}` }));
  });
}

async function runStep({ name, args }: Step): Promise<boolean> {
  const startMs = performance.now();
  const command = args();
  const { code, output } = command === null ? { code: 0, output: "" } : await run(command);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1).padStart(5);
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${seconds} s  ${name}${command === null ? " (none yet)" : ""}`);
  if (code !== 0) console.log(output.trimEnd().replaceAll(/^/gm, "     "));
  return code === 0;
}

const without = new Set(process.argv.flatMap((arg) => /^--without=(.*)$/.exec(arg)?.[1]?.split(",") ?? []));
const queue = steps.filter(({ name }) => !without.has(name));
const failed: string[] = [];
const startMs = performance.now();
const worker = async (): Promise<void> => {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    if (!(await runStep(step))) failed.push(step.name);
  }
};
await Promise.all([worker(), worker()]);
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
console.log(failed.length === 0 ? `check: all good in ${seconds} s` : `check: ${failed.join(", ")} failed, in ${seconds} s`);
process.exitCode = failed.length === 0 ? 0 : 1;

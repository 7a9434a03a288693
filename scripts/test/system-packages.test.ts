/**
 * Programs that tests need: asked for on a PATH of the test's own, with an apt-get that only notes its calls and "installs".
 * Run in processes of their own, because what a machine has is looked up once.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { repositoryRoot } from "../lib/files.ts";
import { needs } from "../test-support/needs.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-tools-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Makes an empty folder for a PATH, with a fake apt-get in it on demand. */
function makePath(name: string, aptGetStatus?: number): string {
  const path = join(folder, name);
  mkdirSync(path);
  if (aptGetStatus === undefined) return path;
  const install = `[ "$1" = install ] && echo > ${path}/tool && /bin/chmod +x ${path}/tool`;
  writeFileSync(
    join(path, "apt-get"),
    `#!/bin/sh\necho "$@" >> ${path}/calls\n[ ${aptGetStatus} = 0 ] || { echo no network >&2; exit 100; }\n${install}\nexit 0\n`,
  );
  chmodSync(join(path, "apt-get"), 0o755);
  return path;
}

function evaluate(path: string, code: string): unknown {
  const source = `import { ensureTools } from "./scripts/lib/system-packages.ts"; import { needs } from "./scripts/test-support/needs.ts"; ${code}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", source], {
    cwd: repositoryRoot,
    env: { PATH: path },
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

const ensure =
  "const said = []; const missing = ensureTools({ tool: 'tool-package' }, (line) => said.push(line)); console.log(JSON.stringify({ missing, said }));";
const calls = (path: string): string => (existsSync(join(path, "calls")) ? readFileSync(join(path, "calls"), "utf8") : "");

test("nothing is installed when everything is there", () => {
  const path = makePath("there", 0);
  writeFileSync(join(path, "tool"), "");
  chmodSync(join(path, "tool"), 0o755);
  assert.deepEqual(evaluate(path, ensure), { missing: [], said: [] });
  assert.equal(calls(path), "");
});

test("what is missing is installed after the lists are refreshed", { skip: needs("root") }, () => {
  const path = makePath("missing", 0);
  assert.deepEqual(evaluate(path, ensure), { missing: [], said: ["installing tool-package (apt-get) ..."] });
  assert.equal(calls(path), "update -qq\ninstall -y -qq --no-install-recommends tool-package\n");
});

test("what cannot be installed is named with the reason", { skip: needs("root") }, () => {
  const path = makePath("offline", 100);
  const said = ["installing tool-package (apt-get) ...", "apt-get update -qq failed: no network"];
  assert.deepEqual(evaluate(path, ensure), { missing: ["tool"], said });
  assert.equal(calls(path), "update -qq\n");
});

test("without apt-get what is missing is named", () => {
  const said = ["not installed, and this user may not install it: tool"];
  assert.deepEqual(evaluate(makePath("bare"), ensure), { missing: ["tool"], said });
});

test("unmet needs are reasons to skip, all of them, and met ones are none", () => {
  const path = makePath("needs");
  assert.equal(evaluate(path, "console.log(JSON.stringify(needs('curl', 'strace')))"), "needs curl; needs strace, and the right to trace");
  writeFileSync(join(path, "curl"), "");
  chmodSync(join(path, "curl"), 0o755);
  assert.equal(evaluate(path, "console.log(JSON.stringify(needs('curl')))"), false);
  assert.equal(evaluate(path, "console.log(JSON.stringify(needs()))"), false);
});

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "holdfast-plan-emit-"));
const path = join(folder, "path.yaml");
writeFileSync(path, "- nginx\n- node\n");

interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

const plan = (...flags: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, ["--conditions=source", main, "plan", path, ...flags], (_, stdout, stderr) =>
      resolve({ exit: child.exitCode ?? -1, stdout, stderr }),
    );
  });

describe("holdfast plan", { concurrency: 2 }, () => {
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("draws the path beside what it says, and still ends with 10 when something is broken", async () => {
    const svg = join(folder, "ladder.svg");
    const { exit, stdout } = await plan("--svg", svg);
    assert.equal(exit, 10);
    assert.notEqual(stdout, "");
    assert.match(readFileSync(svg, "utf8"), /^<svg [\s\S]*receiver first by 54 s[\s\S]*<\/svg>\n$/);
  });

  it("prints a configuration alone, with what was broken mended", async () => {
    const { exit, stdout } = await plan("--emit", "node", "--hop", "node");
    assert.equal(exit, 0);
    assert.match(stdout, /server\.keepAliveTimeout = 6\d_000;.*was 5 s/);
    assert.match(
      (await plan("--emit", "nginx", "--listen", "127.0.0.1:81", "--to", "127.0.0.1:82")).stdout,
      /server 127\.0\.0\.1:82;[\s\S]*listen 127\.0\.0\.1:81;/,
    );
  });

  it("names what it can not do, and writes nothing", async () => {
    for (const [flags, exit, words] of [
      [["--emit", "haproxy"], 2, /expected a hop of this path that is haproxy, got nginx \(nginx\), node \(node\)/],
      [["--emit", "apache"], 2, /expected --emit to be nginx or haproxy/],
      [["--to", "a:1"], 2, /--to needs --emit/],
      [["--emit", "nginx", "--json"], 2, /expected --emit or --json, got both/],
      [["--svg", join(folder, "no", "where.svg")], 1, /ENOENT/],
    ] as const) {
      const ran = await plan(...flags);
      assert.equal(ran.exit, exit, ran.stderr);
      assert.match(ran.stderr, words);
      assert.equal(ran.stdout, "");
    }
  });
});

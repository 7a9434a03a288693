import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { parseUnit } from "../../../src/lint/systemd/parse.ts";
import { filesIn } from "../support/fixtures.ts";
import { runWith } from "../support/run-tool.ts";

/** Not asked for as a need: a container has no systemd, and lint's own reading is held against the table all the same. */
const hasSystemd = spawnSync("systemd-analyze", ["--version"], { stdio: "ignore" }).status === 0;

/** Lines that are no assignment. */
const unreadable: Readonly<Record<string, readonly number[]>> = { "worker.service": [5] };

test("units are read as systemd reads them: the same lines can not be read, and no other", () => {
  for (const source of [...filesIn(import.meta.dirname, "good"), ...filesIn(import.meta.dirname, "bad")]) {
    const lines = parseUnit(source).unreadable.map(({ line }) => line);
    assert.deepEqual(lines, unreadable[source.file] ?? [], source.file);
    if (!hasSystemd) continue;
    const { stderr } = runWith({ [source.file]: source.text }, "systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", `./${source.file}`]);
    // What it thinks of KillMode=none is a judgement.
    const complained = [...stderr.matchAll(/\.service:(\d+): (?!Unit uses KillMode=none)/g)].map(([, line]) => Number(line));
    assert.deepEqual(complained, lines, `${source.file}: ${stderr}`);
  }
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { systemdFindings } from "../../../src/findings/systemd.ts";
import { lintFiles } from "../../../src/lint/index.ts";
import { systemdTool } from "../../../src/lint/systemd/index.ts";
import { systemdTime } from "../../../src/lint/systemd/parse.ts";
import { nothingAsked, read, said, testFixtures } from "../support/fixtures.ts";
import { testGarbage } from "../support/garbage.ts";

testFixtures({
  tool: systemdTool,
  folder: import.meta.dirname,
  codes: Object.keys(systemdFindings),
  elsewhere: ["systemd_descriptors_below_connections", "systemd_stop_below_drain"],
  bad: {
    "app.service": ["systemd_no_restart:4", "systemd_kill_mode:7", "systemd_stop_short:8", "systemd_descriptors_few:9", "systemd_tasks_few:10"],
    "haproxy.service": ["systemd_descriptors_endless:3", "systemd_kill_mode:4"],
    "nginx.service": ["systemd_kill_signal:1", "systemd_stop_endless:4", "systemd_descriptors_few:5"],
    "worker.service": ["systemd_kill_signal:3", "systemd_no_restart:4", "lint_syntax:5"],
  },
});

testGarbage(systemdTool, [
  "[Service]\n",
  "[Unit]\n",
  "ExecStart=/usr/bin/node a\n",
  "ExecStart=/usr/sbin/nginx\n",
  "ExecStart=haproxy\n",
  "ExecStart=",
  "LimitNOFILE=infinity\n",
  "LimitNOFILE=5:\n",
  "LimitNOFILE=9\n",
  "TimeoutStopSec=",
  "1s",
  "KillMode=none\n",
  "KillSignal=9\n",
  "TasksMax=1\n",
  "Restart=no\n",
  "\\\n",
  "\n",
  "#",
]);

test("times are read as systemd reads them", () => {
  for (const [text, ms] of [
    ["45", 45_000],
    ["1min 30s", 90_000],
    ["500ms", 500],
    ["infinity", "never"],
    ["", null],
    ["soon", null],
  ] as const) {
    assert.equal(systemdTime(text), ms, text);
  }
});

test("a drop-in adds to its unit, the last assignment holds, and an empty one takes back", () => {
  const unit = { file: "system/app.service", text: "[Service]\nExecStart=/usr/bin/node a.js\nRestart=always\nLimitNOFILE=1024\n" };
  const dropIn = (text: string) => ({ file: "system/app.service.d/limits.conf", text: `[Service]\n${text}\n` });
  const codes = (...files: { file: string; text: string }[]): string[] => said(systemdTool.read(files, nothingAsked).findings);
  assert.deepEqual(codes(unit), ["systemd_descriptors_few:4"]);
  assert.deepEqual(codes(dropIn("LimitNOFILE=65536"), unit), []);
  assert.deepEqual(codes(unit, dropIn("LimitNOFILE=")), []);
  // A drop-in alone says nothing of what it does not set.
  assert.deepEqual(codes(dropIn("ExecStart=/usr/bin/node b.js")), []);
});

test("programs that raise the soft limit are judged by the hard one", () => {
  const codes = (command: string): string[] => said(read(systemdTool, `[Service]\nExecStart=${command}\nRestart=always\nLimitNOFILE=1024:524288\n`).findings);
  assert.deepEqual(codes("/usr/bin/node a.js"), []);
  assert.deepEqual(codes("/usr/bin/caddy run"), []);
  assert.deepEqual(codes("/usr/local/bin/legacy"), ["systemd_descriptors_few:4"]);
});

/** What is said across files, whatever stands above it. */
const across = (...files: { file: string; text: string }[]): string[] => {
  const { findings } = lintFiles(files, { as: null, versions: {}, path: null });
  const all = (each: (typeof findings)[number]): (typeof findings)[number]["finding"][] => [each.finding, ...each.symptoms.flatMap(all)];
  return said(findings.flatMap(all)).filter((each) => /below_(connections|drain)/.test(each) && each.startsWith("systemd"));
};

test("nginx's connections are held against the unit that starts it", () => {
  const conf = (main = "") => ({
    file: "nginx.conf",
    text: `${main}\nevents {\n worker_connections 4096;\n}\nhttp {\n server {\n listen 80;\n location / {\n proxy_pass http://127.0.0.1:3000;\n }\n }\n}\n`,
  });
  const unit = (limit: string) => ({ file: "nginx.service", text: `[Service]\nExecStart=/usr/sbin/nginx\nKillSignal=SIGQUIT\n${limit}\n` });
  assert.deepEqual(across(conf(), unit("LimitNOFILE=4096")), ["systemd_descriptors_below_connections:4"]);
  assert.deepEqual(across(conf(), unit("")), ["systemd_descriptors_below_connections:1"]);
  assert.deepEqual(across(conf(), unit("LimitNOFILE=16384")), []);
  assert.deepEqual(across(conf("worker_rlimit_nofile 16384;"), unit("")), []);
});

test("guard's drain is held against the time that systemd gives", () => {
  const options = { file: "app.json", text: '{ "server": { "port": 3000 }, "guard": { "drainMs": 60000, "unreadyMs": 5000 } }' };
  const unit = (stop: string) => ({ file: "app.service", text: `[Service]\nExecStart=/usr/bin/node a.js\nRestart=always\n${stop}\n` });
  assert.deepEqual(across(options, unit("TimeoutStopSec=60")), ["systemd_stop_below_drain:4"]);
  assert.deepEqual(across(options, unit("TimeoutStopSec=70")), []);
  // 90 s, where a unit names none.
  assert.deepEqual(across(options, unit("")), []);
});

test("the unit that the documentation shows gives nothing to say", () => {
  const page = readFileSync(new URL("../../../../../docs/drain.md", import.meta.url), "utf8");
  const unit = /```ini\n(\[Service\][\s\S]*?)```/.exec(page)?.[1];
  assert.ok(unit);
  assert.deepEqual(said(read(systemdTool, unit, {}, "holdfast.service").findings), []);
});

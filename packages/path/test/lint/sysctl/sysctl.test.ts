import assert from "node:assert/strict";
import { test } from "node:test";
import { sysctlFindings } from "../../../src/findings/sysctl.ts";
import { sysctlTool } from "../../../src/lint/sysctl/index.ts";
import { parseSysctl } from "../../../src/lint/sysctl/parse.ts";
import { nothingAsked, read, said, testFixtures } from "../support/fixtures.ts";
import { testGarbage } from "../support/garbage.ts";

testFixtures({
  tool: sysctlTool,
  folder: import.meta.dirname,
  codes: Object.keys(sysctlFindings),
  bad: {
    "70-keepalive.conf": ["sysctl_keepalive_late:1", "sysctl_conntrack_renamed:2", "sysctl_ports_few:3", "lint_syntax:4"],
    "80-units.conf": ["sysctl_keepalive_late:1", "sysctl_tw_reuse:2", "sysctl_tw_recycle:3 info"],
    "90-kubernetes.conf": ["sysctl_keepalive_scope:3", "sysctl_keepalive_slow:3", "sysctl_conntrack_forgets:4"],
    "99-tuning.conf": [
      "sysctl_backlog_small:2",
      "sysctl_backlog_small:3",
      "sysctl_tw_recycle:4",
      "sysctl_tw_reuse:5 warning",
      "sysctl_fin_timeout:6",
      "sysctl_ports_overlap:8",
      "sysctl_conntrack_renamed:9",
      "sysctl_retries_few:10",
    ],
    "sysctl-a.txt": ["sysctl_slow_start_after_idle:10", "sysctl_conntrack_forgets:12"],
  },
});

testGarbage(sysctlTool, [
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_keepalive_intvl = 0\n",
  "net.ipv4.tcp_tw_reuse = 1\n",
  "net.ipv4.ip_local_port_range = 9 1\n",
  "net/ipv4/ip_forward=1\n",
  "net.netfilter.nf_conntrack_tcp_timeout_established = 0\n",
  " = ",
  "5\n",
  "-",
  "\n",
]);

test("keys with slashes are those with dots, and a dot within them is a slash", () => {
  const { settings } = parseSysctl([{ file: "f", text: "net/ipv4/conf/eth0.1/rp_filter = 1\n-net.core.somaxconn=5\n -net.core.other\n" }]);
  assert.deepEqual([...settings.keys()], ["net.ipv4.conf.eth0/1.rp_filter", "net.core.somaxconn"]);
});

test("of several files the one that sysctl reads last holds", () => {
  const file = (name: string, value: number) => ({ file: name, text: `net.core.somaxconn = ${value}\n` });
  const codes = (...files: { file: string; text: string }[]): string[] => said(sysctlTool.read(files, nothingAsked).findings);
  assert.deepEqual(codes(file("sysctl.d/90-a.conf", 128), file("sysctl.d/10-b.conf", 4096)), ["sysctl_backlog_small:1"]);
  assert.deepEqual(codes(file("etc/sysctl.conf", 4096), file("sysctl.d/99-a.conf", 128)), []);
});

test("a value that is no number is not judged", () => {
  assert.deepEqual(said(read(sysctlTool, "net.core.somaxconn = many\nnet.ipv4.ip_local_port_range = 1\n").findings), []);
});

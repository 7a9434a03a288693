/** What facts of a host mean: each family of findings, with a case beside it that is well. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Finding } from "@holdfast/path";
import { findingDocs } from "@holdfast/path";
import type { Known } from "../../src/facts.ts";
import type { HostFacts, Interface, ProcessFacts, SocketFact } from "../../src/host/facts.ts";
import { judgeHost } from "../../src/host/judge.ts";
import { drawHost, reportHost } from "../../src/host/report.ts";

const known = <T>(value: T): Known<T> => ({ known: true, value });
const unknown = { known: false, why: "no permission" } as const;

const settings: Readonly<Record<string, string>> = {
  "net.core.somaxconn": "4096",
  "net.ipv4.ip_local_port_range": "32768 60999",
  "net.ipv4.tcp_keepalive_time": "7200",
  "net.ipv4.tcp_retries2": "15",
  "net.ipv4.tcp_slow_start_after_idle": "1",
  "net.ipv4.tcp_rmem": "4096 131072 33554432",
  "net.ipv4.tcp_wmem": "4096 16384 4194304",
  "net.ipv4.tcp_notsent_lowat": "4294967295",
  "fs.file-nr": "1000 0 2466186",
  "fs.file-max": "2466186",
  "fs.nr_open": "1048576",
  "net.netfilter.nf_conntrack_count": "100",
  "net.netfilter.nf_conntrack_max": "262144",
  "net.netfilter.nf_conntrack_tcp_timeout_established": "432000",
};

interface Given {
  readonly sockets?: readonly SocketFact[];
  readonly process?: Partial<ProcessFacts>;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly before?: Readonly<Record<string, number>>;
  readonly after?: Readonly<Record<string, number>>;
  readonly nics?: readonly [readonly Interface[], readonly Interface[]];
  readonly availableBytes?: number;
}

function factsOf({ sockets = [], process, sysctls = {}, before = {}, after = before, nics = [[], []], availableBytes = 8e9 }: Given): HostFacts {
  const whole: ProcessFacts = {
    pid: 7,
    name: known("node"),
    descriptorLimit: known({ soft: 65_536, hard: 65_536 }),
    descriptors: known(50),
    otherNetwork: known(false),
    ...process,
  };
  return {
    kernel: known("6.1"),
    process: process === undefined ? null : whole,
    network: { likeInit: known(true), container: null },
    betweenMs: 1_000,
    before: { counters: known(before), interfaces: known(nics[0]) },
    after: { counters: known(after), interfaces: known(nics[1]) },
    sockets: known({ source: "ss", sockets, leftOut: 0, ofProcess: null }),
    closingStill: known(new Set(sockets.map(({ inode }) => inode))),
    totals: unknown,
    sysctls: Object.fromEntries(Object.entries({ ...settings, ...sysctls }).map(([name, value]) => [name, known(value)])),
    memory: known({ totalBytes: 16e9, availableBytes }),
  };
}

let inode = 1;
const socket = (over: Partial<SocketFact> = {}): SocketFact => ({
  state: "ESTAB",
  local: { address: "10.0.0.1", port: 443 },
  peer: { address: "192.0.2.1", port: 1_024 + inode },
  receiveQueue: 0,
  sendQueue: 0,
  timer: { kind: "keepalive", inMs: 30_000, retries: 0 },
  inode: inode++,
  lastSentMs: 100,
  lastReceivedMs: 100,
  rttMs: 20,
  retransmitted: 0,
  ...over,
});
const many = (count: number, over: Partial<SocketFact> = {}): SocketFact[] => Array.from({ length: count }, () => socket(over));
const listener = (over: Partial<SocketFact> = {}): SocketFact =>
  socket({ state: "LISTEN", local: { address: "0.0.0.0", port: 443 }, peer: { address: "0.0.0.0", port: 0 }, sendQueue: 511, timer: null, ...over });

const judged = (given: Given, connections: number | null = null): Finding[] => judgeHost(factsOf(given), connections);
const only = (given: Given, connections: number | null = null): string[] =>
  judged(given, connections)
    .filter(({ severity }) => severity !== "info")
    .map(({ code, severity }) => `${code} ${severity}`);
const found = (code: string, given: Given, connections: number | null = null): Finding => {
  const finding = judged(given, connections).find((each) => each.code === code);
  assert.ok(finding, `expected ${code}`);
  return finding;
};

describe("a host", () => {
  it("that is well gives no error and no warning", () => {
    assert.deepEqual(only({ sockets: [listener(), ...many(500)], process: {} }, 2_000 / 2), []);
  });

  it("of which nothing is known gives no finding, and says what is not known", () => {
    const facts: HostFacts = {
      ...factsOf({}),
      before: { counters: unknown, interfaces: unknown },
      after: { counters: unknown, interfaces: unknown },
      sockets: unknown,
      closingStill: unknown,
      sysctls: {},
      memory: unknown,
    };
    assert.deepEqual(judgeHost(facts, null), []);
    assert.match(drawHost(reportHost(facts, null)), /sockets +unknown: no permission/);
  });

  it("has only findings of the catalogue", () => {
    const given: Given = {
      sockets: [listener({ receiveQueue: 600 }), ...many(60, { state: "CLOSE-WAIT" })],
      process: { descriptorLimit: known({ soft: 100, hard: 100 }) },
    };
    for (const { code } of judged(given, 5_000)) assert.ok(findingDocs[code], code);
  });
});

describe("descriptors", () => {
  it("that do not suffice for what is asked are an error with the lines to write", () => {
    const finding = found("descriptor_limit", { process: { descriptorLimit: known({ soft: 1_024, hard: 4_096 }) } }, 10_000);
    assert.equal(finding.severity, "error");
    assert.match(finding.title, /1,024 descriptors; 10,000 connections need 11,0\d\d/);
    assert.match(finding.advice.join("\n"), /prlimit --pid 7 --nofile=20000:20000[\s\S]*LimitNOFILE=20000/);
  });

  it("that are nearly all open are an error whatever is asked", () => {
    assert.deepEqual(only({ process: { descriptorLimit: known({ soft: 1_000, hard: 1_000 }), descriptors: known(950) } }), ["descriptor_limit error"]);
  });

  it("that suffice for twice of now, or are far from used, are no finding", () => {
    assert.deepEqual(only({ sockets: many(100), process: { descriptorLimit: known({ soft: 1_024, hard: 1_024 }), descriptors: known(130) } }), []);
  });

  it("of the system are looked at too", () => {
    assert.deepEqual(only({ sysctls: { "fs.file-nr": "90000 0 100000", "fs.file-max": "100000" } }), ["descriptors_system error"]);
  });
});

describe("accept queues", () => {
  it("that are full now, or overflow now, are an error", () => {
    assert.match(found("accept_queue_overflow", { sockets: [listener({ receiveQueue: 512 })] }).title, /0\.0\.0\.0:443 is full: 512 wait, 511 may/);
    const rising = found("accept_queue_overflow", { before: { ListenOverflows: 10 }, after: { ListenOverflows: 60 } });
    assert.deepEqual([rising.severity, /50 connections dropped in 1000 ms/.test(rising.title)], ["error", true]);
  });

  it("that overflowed long ago are a warning, and a few times are nothing", () => {
    assert.deepEqual(only({ before: { ListenOverflows: 5_000 } }), ["accept_queue_overflow warning"]);
    assert.deepEqual(only({ before: { ListenOverflows: 5 } }), []);
  });

  it("that are too short for what is asked say who keeps them short", () => {
    const finding = found("accept_queue_short", { sockets: [listener()], process: {} }, 20_000);
    assert.match(finding.evidence.join("\n"), /0\.0\.0\.0:443: 511, as the program asked/);
  });
});

describe("ports", () => {
  const backend = { address: "10.0.0.9", port: 8_080 };
  const outgoing = (count: number, over: Partial<SocketFact> = {}): SocketFact[] =>
    Array.from({ length: count }, (_, i) => socket({ local: { address: "10.0.0.1", port: 32_768 + i }, peer: backend, ...over }));

  it("run out for one destination, not for all together", () => {
    const spread = Array.from({ length: 10 }, (_, i) => outgoing(2_600, { peer: { address: `10.0.1.${i}`, port: 80 } })).flat();
    assert.deepEqual(only({ sockets: spread }), []);
    const finding = found("ports_exhausted", { sockets: outgoing(26_000) });
    assert.match(finding.title, /26,000 of 28,232 ephemeral ports are taken for 10\.0\.0\.1 -> 10\.0\.0\.9:8080/);
    assert.equal(finding.severity, "error");
  });

  it("in TIME-WAIT on the side that opens are its own doing", () => {
    const finding = found("time_wait_outgoing", { sockets: [...outgoing(600, { state: "TIME-WAIT", inode: 0 }), ...outgoing(3)] });
    assert.match(finding.title, /600 connections to 10\.0\.0\.9:8080 .* about 10 are opened per second, and this side closes them/);
  });

  it("in TIME-WAIT at a listener take none, and name who comes for a moment only", () => {
    const codes = judged({ sockets: [listener(), ...many(1_200, { state: "TIME-WAIT", inode: 0 })] }).map(({ code }) => code);
    assert.deepEqual(codes, ["time_wait_incoming", "health_check_churn"]);
  });
});

describe("timers", () => {
  it("that probe nobody are a warning where connections have long been silent", () => {
    const silent = many(5, { timer: null, lastSentMs: 700_000, lastReceivedMs: 700_000 });
    assert.deepEqual(only({ sockets: silent }), ["keepalive_two_hours warning"]);
    assert.equal(found("keepalive_two_hours", { sockets: many(5, { timer: null }) }).severity, "info");
  });

  it("on loopback are nobody's worry", () => {
    const local = many(20, { timer: null, peer: { address: "127.0.0.1", port: 5 }, lastSentMs: 9e6, lastReceivedMs: 9e6 });
    assert.deepEqual(only({ sockets: local }), []);
  });
});

describe("what is lost", () => {
  it("is judged from enough segments on", () => {
    const counters = (out: number, again: number): Given => ({ before: { OutSegs: 0, RetransSegs: 0 }, after: { OutSegs: out, RetransSegs: again } });
    assert.deepEqual(only(counters(100, 50)), []);
    assert.deepEqual(only(counters(1_000, 5)), []);
    assert.deepEqual(only(counters(1_000, 20)), ["retransmissions warning"]);
    assert.deepEqual(only(counters(1_000, 80)), ["retransmissions error"]);
    // A peer behind a bad radio, on a server that has little to do.
    assert.deepEqual(only(counters(200, 12)), ["retransmissions warning"]);
  });

  it("on an interface is its cause", () => {
    const nic = { name: "eth0", rxPackets: 1e6, rxErrors: 0, rxDropped: 0, txPackets: 1e6, txErrors: 0, txDropped: 0 };
    assert.deepEqual(only({ nics: [[nic], [{ ...nic, rxDropped: 50 }]] }), ["interface_errors warning"]);
    assert.deepEqual(only({ nics: [[nic], [{ ...nic, rxErrors: 1 }]] }), ["interface_errors warning"]);
    // Frames of foreign protocols, as every switch sends them.
    assert.deepEqual(only({ nics: [[nic], [{ ...nic, rxDropped: 9 }]] }), []);
    assert.deepEqual(only({ nics: [[{ ...nic, name: "lo" }], [{ ...nic, name: "lo", rxDropped: 9 }]] }), []);
  });

  it("is a peer where the same bytes are sent again and again", () => {
    const waiting = (retries: number): Given => ({ sockets: many(2, { sendQueue: 500, timer: { kind: "on", inMs: 12_000, retries } }) });
    assert.deepEqual(only(waiting(1)), []);
    assert.match(found("dead_peers", waiting(6)).title, /2 connections with 1,000 bytes/);
  });
});

describe("the rest", () => {
  it("finds connections that the program does not close, when they stay", () => {
    const piled = many(60, { state: "CLOSE-WAIT" });
    assert.deepEqual(only({ sockets: piled }), ["close_wait_pile error"]);
    const facts = { ...factsOf({ sockets: piled }), closingStill: known<ReadonlySet<number>>(new Set()) };
    assert.deepEqual(
      judgeHost(facts, null).filter(({ code }) => code === "close_wait_pile"),
      [],
    );
  });

  it("finds a table of flows that is full, or forgets", () => {
    const at = (count: string, established = "432000"): Given => ({
      sysctls: { "net.netfilter.nf_conntrack_count": count, "net.netfilter.nf_conntrack_tcp_timeout_established": established },
    });
    assert.deepEqual(only(at("250000")), ["conntrack_full error"]);
    assert.deepEqual(only(at("200000")), ["conntrack_full warning"]);
    assert.equal(found("conntrack_full", at("100"), 200_000).severity, "warning");
    assert.deepEqual(only(at("100", "350")), ["conntrack_forgets warning"]);
    assert.deepEqual(only(at("0", "350")), []);
  });

  it("finds buffers that hold less than a round trip's worth", () => {
    const far = many(20, { rttMs: 400 });
    const finding = found("window_small", { sockets: far });
    assert.match(finding.title, /round trip of 400 ms .* 5,000,000 bytes .* tcp_wmem holds 4,194,304/);
    assert.deepEqual(
      judged({ sockets: many(20, { rttMs: 20 }) }).filter(({ code }) => code === "window_small"),
      [],
    );
  });

  it("finds that the memory does not hold what is asked", () => {
    assert.match(
      found("memory_short", { availableBytes: 1e9 }, 50_000).title,
      /50,000 more connections need about 477 MiB, with TLS 2,623 MiB; 954 MiB are available/,
    );
  });

  it("says in numbers what is needed", () => {
    const text = drawHost(reportHost(factsOf({ sockets: [listener()], process: { descriptorLimit: known({ soft: 1_024, hard: 4_096 }) } }), 10_000));
    assert.match(text, /LOW descriptors of the process \(soft limit\) +1,024, needed 11,064: LimitNOFILE=20000/);
    assert.match(text, /ok +net\.core\.somaxconn +4,096, needed 1,024/);
  });
});

describe("advice", () => {
  const past = (accepted: number): Given => ({ before: { ListenOverflows: 500, PassiveOpens: accepted } });

  it("never makes a queue shorter than it is", () => {
    const finding = found("accept_queue_overflow", { sockets: [listener({ receiveQueue: 512 })], sysctls: { "net.ipv4.tcp_max_syn_backlog": "512" } });
    assert.ok(finding.advice.includes("sysctl -w net.core.somaxconn=4096 net.ipv4.tcp_max_syn_backlog=1024"), finding.advice.join("\n"));
  });

  it("for a million connections is what a kernel takes, in the order in which it takes it", () => {
    const given: Given = { process: { descriptorLimit: known({ soft: 20_000, hard: 20_000 }) } };
    assert.match(found("descriptor_limit", given, 1_000_000).advice[0] ?? "", /^first: sysctl -w fs\.nr_open=2000000/);
    assert.match(found("accept_queue_short", given, 1_000_000).advice[0] ?? "", /somaxconn=65535 net\.ipv4\.tcp_max_syn_backlog=65535$/);
    assert.match(found("memory_short", given, 1_000_000).advice[0] ?? "", /^at most 800,000 more on this host, with TLS 145,454$/);
  });

  it("takes a few overflows of long ago among millions of connections for a note", () => {
    assert.equal(found("accept_queue_overflow", past(10_000_000)).severity, "info");
    assert.equal(found("accept_queue_overflow", past(10_000)).severity, "warning");
  });
});

/** The readers of /proc and ss against text as kernels and iproute2 write it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { containerOf } from "../../src/host/parsers/container.ts";
import { parseCounters } from "../../src/host/parsers/counters.ts";
import { parseInterfaces } from "../../src/host/parsers/interfaces.ts";
import { parseDescriptorLimit } from "../../src/host/parsers/limits.ts";
import { parseMemory } from "../../src/host/parsers/memory.ts";
import { memoryFolders, withinGroup } from "../../src/host/parsers/memory-group.ts";
import { parseProcTcp } from "../../src/host/parsers/proc-tcp.ts";
import { parseSockstat } from "../../src/host/parsers/sockstat.ts";
import { parseSs } from "../../src/host/parsers/ss.ts";

describe("/proc", () => {
  it("tells the limit of descriptors, soft and hard", () => {
    const text =
      "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 524288               files     \n";
    assert.deepEqual(parseDescriptorLimit(text), { soft: 1024, hard: 524288 });
    assert.deepEqual(parseDescriptorLimit(text.replaceAll(/1024 {4}|524288 {3}/g, "unlimited")), { soft: null, hard: null });
    assert.equal(parseDescriptorLimit("Max processes 5 5 processes"), null);
  });

  it("has counters as pairs of lines, and those of other protocols are left alone", () => {
    const netstat = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 3 17 19\nIpExt: InOctets\nIpExt: 5\n";
    const snmp = "Ip: Forwarding\nIp: 1\nTcp: RtoMin OutSegs RetransSegs\nTcp: 200 1000 -1\n";
    assert.deepEqual(parseCounters(netstat, snmp), { SyncookiesSent: 3, ListenOverflows: 17, ListenDrops: 19, RtoMin: 200, OutSegs: 1000, RetransSegs: -1 });
    assert.equal(parseCounters("Udp: InDatagrams\nUdp: 5\n"), null);
  });

  it("tells totals of sockets, both families together", () => {
    const text = "sockets: used 19\nTCP: inuse 7 orphan 2 tw 40 alloc 9 mem 3\nUDP: inuse 1 mem 0\n";
    assert.deepEqual(parseSockstat(text, "TCP6: inuse 5\n"), { inUse: 12, orphaned: 2, timeWait: 40, memoryBytes: 12_288 });
    assert.equal(parseSockstat("UDP: inuse 1 mem 0", ""), null);
  });

  it("tells packets, errors and drops of interfaces", () => {
    const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
  eth0:1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0
`;
    assert.deepEqual(parseInterfaces(text), [{ name: "eth0", rxPackets: 10, rxErrors: 1, rxDropped: 2, txPackets: 20, txErrors: 3, txDropped: 4 }]);
  });

  it("tells memory, or that it does not", () => {
    assert.deepEqual(parseMemory("MemTotal:  2048 kB\nMemFree: 1 kB\nMemAvailable:   1024 kB\n"), { totalBytes: 2_097_152, availableBytes: 1_048_576 });
    assert.equal(parseMemory("MemTotal: 2048 kB\n"), null);
  });

  it("shows a container where there is one", () => {
    assert.equal(containerOf("0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-9f.scope", []), "Kubernetes");
    assert.equal(containerOf("0::/", ["/.dockerenv"]), "Docker");
    assert.equal(containerOf("0::/user.slice", []), null);
  });
});

describe("/proc/net/tcp", () => {
  it("has a socket per line: addresses, queues, timer, retries", () => {
    const socket = parseProcTcp(
      "   1: 0100007F:1F90 0A02A8C0:C350 01 0000002A:00000007 01:00000064 00000003  1000        0 17093699 1 000000000bdf5dcb 20 4 30 10 -1",
    );
    assert.deepEqual(socket, {
      state: "ESTAB",
      local: { address: "127.0.0.1", port: 8080 },
      peer: { address: "192.168.2.10", port: 50_000 },
      receiveQueue: 7,
      sendQueue: 42,
      timer: { kind: "on", inMs: 1_000, retries: 3 },
      inode: 17_093_699,
      lastSentMs: null,
      lastReceivedMs: null,
      rttMs: null,
      retransmitted: null,
    });
  });

  it("tells of a listener how many wait, and not how many may", () => {
    const socket = parseProcTcp(
      "   0: 00000000:07E8 00000000:0000 0A 00000000:00000005 00:00000000 00000000     0        0 49 1 000000000bdf5dcb 100 0 0 10 0",
    );
    assert.deepEqual([socket?.state, socket?.receiveQueue, socket?.sendQueue, socket?.timer], ["LISTEN", 5, null, null]);
  });

  it("writes IPv6 addresses the short way, and mapped ones as IPv4", () => {
    const at = (local: string): string | undefined =>
      parseProcTcp(`   0: ${local}:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1 0`)?.local.address;
    assert.equal(at("00000000000000000000000000000000"), "::");
    assert.equal(at("00000000000000000000000001000000"), "::1");
    assert.equal(at("B80D0120000000000000000001000000"), "2001:db8::1");
    assert.equal(at("0000000000000000FFFF00000100007F"), "127.0.0.1");
  });

  it("takes the head and rubbish for no socket", () => {
    assert.equal(parseProcTcp("  sl  local_address rem_address   st tx_queue rx_queue"), null);
    assert.equal(parseProcTcp(""), null);
  });
});

describe("ss", () => {
  const figures =
    "\t ts sack bbr wscale:10,10 rto:204 rtt:0.5/0.013 ato:40 mss:1448 cwnd:11 bytes_sent:5 retrans:0/4 lastsnd:608 lastrcv:61000 lastack:600 rcv_space:65483 minrtt:0.013";

  it("has an open socket with its timer, its round trip and its silence", () => {
    const socket = parseSs(
      'ESTAB      0      12      127.0.0.1:40781 127.0.0.1:38734 users:(("node",pid=1353,fd=22)) timer:(keepalive,4.392ms,0) ino:17093699 sk:3 cgroup:/ <->',
      figures,
    );
    assert.deepEqual(socket, {
      state: "ESTAB",
      local: { address: "127.0.0.1", port: 40_781 },
      peer: { address: "127.0.0.1", port: 38_734 },
      receiveQueue: 0,
      sendQueue: 12,
      timer: { kind: "keepalive", inMs: 4_392, retries: 0 },
      inode: 17_093_699,
      lastSentMs: 608,
      lastReceivedMs: 61_000,
      rttMs: 0.5,
      retransmitted: 4,
    });
  });

  it("reads the times of timers as iproute2 writes them", () => {
    const inMs = (time: string): number | null | undefined => parseSs(`ESTAB 0 0 1.2.3.4:1 5.6.7.8:2 timer:(on,${time},5) ino:1`, "")?.timer?.inMs;
    assert.deepEqual(["392ms", "4.392ms", "12sec", "1min30sec", "119min", "?"].map(inMs), [392, 4_392, 12_000, 90_000, 7_140_000, null]);
  });

  it("has a listener with its queue, and addresses of IPv6 without brackets and zones", () => {
    const listener = parseSs("LISTEN     3      511    [::]:443   [::]:* ino:5 sk:2 cgroup:/ <->", "");
    assert.deepEqual([listener?.local, listener?.receiveQueue, listener?.sendQueue], [{ address: "::", port: 443 }, 3, 511]);
    assert.deepEqual(parseSs("ESTAB 0 0 [::ffff:10.0.0.1]:443 [fe80::1%eth0]:5000 ino:5", "")?.local, { address: "10.0.0.1", port: 443 });
    assert.deepEqual(parseSs("ESTAB 0 0 [::ffff:10.0.0.1]:443 [fe80::1%eth0]:5000 ino:5", "")?.peer, { address: "fe80::1", port: 5_000 });
  });

  it("has sockets in TIME-WAIT, which are of no process", () => {
    const socket = parseSs("TIME-WAIT  0      0      10.0.0.1:38736 10.0.0.2:443 timer:(timewait,59sec,0) ino:0 sk:9", "");
    assert.deepEqual([socket?.state, socket?.inode, socket?.timer?.kind], ["TIME-WAIT", 0, "timewait"]);
  });

  it("takes a head or rubbish for no socket", () => {
    assert.equal(parseSs("State Recv-Q Send-Q Local Address:Port Peer Address:Port", ""), null);
    assert.equal(parseSs("", ""), null);
  });
});

it("memory is that of the innermost group with a limit, file caches taken for free", () => {
  assert.deepEqual(
    memoryFolders("12:cpu:/x\n4:memory:/a/../b\n0::/c\n").map(({ folder }) => folder),
    ["/sys/fs/cgroup/memory/a/b", "/sys/fs/cgroup/memory/a", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/c", "/sys/fs/cgroup"],
  );
  const host = { totalBytes: 16e9, availableBytes: 8e9 };
  assert.deepEqual(withinGroup(host, { max: "max\n", current: "5\n", stat: "" }), host);
  assert.deepEqual(withinGroup(host, { max: "9223372036854771712\n", current: "5\n", stat: "" }), host);
  const stat = "anon 1\ninactive_file 100000000\n";
  assert.deepEqual(withinGroup(host, { max: "512000000\n", current: "300000000\n", stat }), { totalBytes: 512e6, availableBytes: 312e6 });
  const inner = { totalBytes: 512e6, availableBytes: 300e6 };
  assert.deepEqual(withinGroup(inner, { max: "900000000", current: "800000000", stat: "" }), { totalBytes: 512e6, availableBytes: 100e6 });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@holdfast/protocol";
import { openMachine } from "../src/adapters/machine.ts";
import { hostVital } from "../src/vitals/host.ts";
import { processVital } from "../src/vitals/process.ts";
import { countStates, parseSockstat, socketsVital } from "../src/vitals/sockets.ts";
import { startTicker, vitals } from "../src/vitals/ticker.ts";
import type { Machine, ServerFigures } from "../src/vitals/vital.ts";

const figures: ServerFigures = { links: 0, linksByTransport: {}, subscriptions: 0, streams: 0, oldestLinkMs: 0, meanLinkMs: 0 };

const machine = (files: Record<string, string>): Machine => ({
  readText: async (path) => files[path] ?? null,
  countNames: async () => null,
  memory: () => ({ rssBytes: 1, heapUsedBytes: 1, heapTotalBytes: 1, externalBytes: 1 }),
  uptimeMs: () => 1.5,
  cpuMs: () => 1.5,
  loopDelay: () => null,
  load: () => null,
  hostMemory: () => ({ totalBytes: 2, availableBytes: 1 }),
  cpus: () => 2,
});

const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1036 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 43009 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1036 0100007F:D43A 01 00000000:00000000 00:00000000 00000000     0        0 43010 1 0000000000000000 20 4 30 10 -1
 123: 0100007F:D43A 0100007F:1036 01 00000000:00000000 02:000AF7C2 00000000     0        0 43011 2 0000000000000000 20 4 31 10 -1
12345: 0100007F:D43C 0100007F:1036 06 00000000:00000000 03:00001234 00000000     0        0 0 3 0000000000000000
`;
const tcp6 = `  sl  local_address                         remote_address                        st tx_queue
   0: 00000000000000000000000001000000:1036 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000
`;
const sockstat = "sockets: used 17\nTCP: inuse 3 orphan 1 tw 2 alloc 4 mem 5\nUDP: inuse 9 mem 8\n";

test("sockets are counted by state over both address families", () => {
  const counts = countStates(`${tcp}\n${tcp6}`);
  assert.deepEqual([counts["listen"], counts["established"], counts["timeWait"], counts["closeWait"]], [2, 2, 1, 0]);
});

test("totals come from the TCP line and tell kernel memory in bytes", () => {
  assert.deepEqual(parseSockstat(sockstat, "TCP6: inuse 7\n"), { inUse: 10, orphaned: 1, timeWait: 2, memoryBytes: 20_480 });
  assert.deepEqual(parseSockstat("nothing", ""), { inUse: null, orphaned: null, timeWait: null, memoryBytes: null });
});

test("a system without /proc gets nulls, not zeros", async () => {
  assert.deepEqual(await socketsVital.read(machine({}), figures), { tcp: null, totals: null, descriptors: null });
  const host = await hostVital.read(machine({}), figures);
  assert.equal(host["load"], null);
  const process = await processVital.read(machine({}), figures);
  assert.deepEqual([process["loopDelay"], process["oldestLinkMs"], process["meanLinkMs"]], [null, null, null]);
});

test("too many sockets are counted in total only", async () => {
  const files = { "/proc/net/sockstat": sockstat.replace("inuse 3", "inuse 9999"), "/proc/net/tcp": tcp };
  const reading = await socketsVital.read(machine(files), figures);
  assert.equal(reading["tcp"], null);
  assert.equal((reading["totals"] as { inUse: number }).inUse, 9_999);
});

test("this machine has readings of every vital sign", async () => {
  const real = openMachine();
  try {
    const [sockets, process, host] = await Promise.all(vitals.map((vital) => vital.read(real, { ...figures, links: 1, oldestLinkMs: 5, meanLinkMs: 5 })));
    assert.ok((process?.["rssBytes"] as number) > 1_000_000);
    assert.ok((host?.["cpus"] as number) >= 1);
    if (globalThis.process.platform === "linux") {
      assert.ok((sockets?.["descriptors"] as number) > 3);
      assert.ok(sockets?.["totals"] !== null && host?.["load"] !== null);
    }
  } finally {
    real.close();
  }
});

test("the event loop's delay shows a block", async () => {
  const real = openMachine();
  try {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const endMs = performance.now() + 100;
    while (performance.now() < endMs);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const delay = real.loopDelay();
    assert.ok(delay !== null && delay.maxMs >= 75 && delay.maxMs < 1_000 && delay.p50Ms < 50, JSON.stringify(delay));
  } finally {
    real.close();
  }
});

/** A clock that runs only when told. */
function handClock(): Clock & { advance(ms: number): Promise<void> } {
  let nowMs = 0;
  let pending: { atMs: number; call: () => void }[] = [];
  return {
    monoMs: () => nowMs,
    wallMs: () => nowMs,
    after: (delayMs, call) => {
      const timer = { atMs: nowMs + delayMs, call };
      pending.push(timer);
      const cancel = (): void => {
        pending = pending.filter((each) => each !== timer);
      };
      return { cancel };
    },
    advance: async (ms) => {
      nowMs += ms;
      const due = pending.filter((timer) => timer.atMs <= nowMs);
      pending = pending.filter((timer) => timer.atMs > nowMs);
      for (const timer of due) timer.call();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test("each second has one reading of each, and a store that hangs makes no queue", async () => {
  const clock = handClock();
  const stored: string[] = [];
  const reports: unknown[] = [];
  let release: (() => void) | null = null;
  let answer: string | null = null;
  let hangs = false;
  const ticker = startTicker({
    clock,
    machine: machine({}),
    vitals,
    figures: () => figures,
    store: async (stream) => {
      stored.push(stream);
      if (hangs && stream === "vitals/host") await new Promise<void>((resolve) => (release = resolve));
      return answer;
    },
    report: (event) => reports.push(event),
  });
  await clock.advance(0);
  assert.deepEqual(stored.splice(0).sort(), ["vitals/host", "vitals/process", "vitals/sockets"]);
  hangs = true;
  await clock.advance(1_000);
  await clock.advance(1_000);
  await clock.advance(1_000);
  assert.equal(stored.length, 3);
  hangs = false;
  answer = "storage_full";
  (release as unknown as () => void)();
  await clock.advance(0);
  assert.deepEqual(reports.splice(0), [{ event: "vitals_failing", stream: "vitals/host", code: "storage_full", secondsLeftOut: 2 }]);
  await clock.advance(1_000);
  assert.deepEqual(reports, [], "a failure that lasts is told once");
  answer = null;
  await clock.advance(1_000);
  assert.deepEqual(reports, [{ event: "vitals_again", secondsLeftOut: 2 }]);
  await ticker.stop();
  const before = stored.length;
  await clock.advance(5_000);
  assert.equal(stored.length, before);
});

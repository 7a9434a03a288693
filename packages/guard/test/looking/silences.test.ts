/**
 * A server learns the timers of the path from the ends of its own connections: real sockets, some of which a box in the middle cuts after a
 * fixed silence while people leave the others at any time. Seconds stand for minutes.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { connect as connectSecurely } from "node:tls";
import { adminListener, type Guard, type GuardOptions, guard, guardMetrics } from "@holdfast/guard";
import { idleDrop, openProxy } from "@holdfast/lab";
import type { Finding } from "@holdfast/path";
import { onePair } from "../../../../scripts/test-support/certificates.ts";
import { RawHttp, requestBytes } from "../../../../scripts/test-support/raw-http.ts";
import { Silences } from "../../src/silences.ts";
import { parseExposition, seriesValue } from "../support/exposition.ts";
import { until } from "../support/guarded.ts";

interface Subject {
  readonly guard: Guard;
  readonly port: number;
  readonly warnings: string[];
  readonly found: Finding[];
}

const answer: RequestListener = (request, response) => {
  if (request.url === "/") response.end("hello");
  else response.writeHead(200, { "Content-Type": "text/event-stream" }).write(":\n\n");
};

async function subject(t: TestContext, options: Partial<GuardOptions> = {}, server: Server = createServer(answer)): Promise<Subject> {
  server.on("upgrade", (_request, socket: Socket) => {
    socket.on("error", () => {}).on("end", () => socket.end());
    socket.resume().write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  });
  const [warnings, found]: [string[], Finding[]] = [[], []];
  const made = guard(server, options, { warning: (message) => warnings.push(message), found: (finding) => found.push(finding) });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    server.close();
    for (const { id } of made.connections()) made.kill(id);
    made.release();
  });
  return { guard: made, port: (server.address() as AddressInfo).port, warnings, found };
}

const upgradeHead = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/** Connections that have been served, and are silent from now on. `/events` and an upgrade stay open, `/` waits for a next request. */
async function silent(t: TestContext, port: number, count: number, target: "/" | "/events" | "upgrade"): Promise<Socket[]> {
  const head = target === "upgrade" ? `GET /ws HTTP/1.1\r\nHost: x\r\n${upgradeHead}\r\n` : `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const sockets = Array.from({ length: count }, () => connect(port, "127.0.0.1").on("error", () => {}));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(
    sockets.map(async (socket) => {
      socket.write(head);
      await once(socket, "data");
      socket.resume();
    }),
  );
  return sockets;
}

/** People leave: one after the other, over so many ms. */
async function leave(sockets: readonly Socket[], fromMs: number, overMs: number): Promise<void> {
  const startMs = performance.now();
  for (const [i, socket] of sockets.entries()) {
    await until(() => performance.now() - startMs >= fromMs + (overMs * i) / sockets.length, undefined, 30_000);
    socket.destroy();
  }
}

async function behindBox(t: TestContext, port: number, idleMs: number, ending: "fin" | "reset"): Promise<number> {
  const proxy = await openProxy({ target: { host: "127.0.0.1", port } });
  t.after(() => proxy.close());
  proxy.add(idleDrop({ idleMs, ending }));
  return proxy.port;
}

const boxMs = 3_000;
const pair = onePair();

describe("silence before the end", { concurrency: 6 }, () => {
  it("of streams names the timer of a box that cuts two fifths of them", async (t) => {
    const one = await subject(t);
    const box = await behindBox(t, one.port, boxMs, "fin");
    const admin = adminListener({ guard: one.guard, port: 0 });
    const { port: adminPort } = await admin.listen();
    t.after(() => admin.close());
    const [people] = await Promise.all([silent(t, one.port, 30, "/events"), silent(t, box, 10, "upgrade"), silent(t, box, 10, "/events")]);
    await leave(people, 300, 6_000);
    await until(
      () => one.found.length > 0,
      () => JSON.stringify(one.guard.counters.silences.buckets("stream")),
    );
    const [finding] = one.found;
    assert.equal(finding?.code, "silence_names_a_hop");
    const seconds = Number(/after ([\d.]+) s \(/.exec(finding?.title ?? "")?.[1]);
    assert.ok(seconds >= 2.4 && seconds <= 3.6, finding?.title);
    await until(() => one.guard.counters.silences.total >= 50);
    assert.deepEqual([one.found.length, one.warnings.filter((line) => line.includes("silence_names_a_hop")).length], [1, 1], "said once");
    const exposition = parseExposition(await guardMetrics(one.guard).metrics());
    const shown = seriesValue(exposition, "holdfast_guard_silence_spike_seconds", { of: "stream" }) ?? 0;
    assert.ok(shown >= 2.4 && shown <= 3.6, `${shown}`);
    const http = await RawHttp.send(adminPort, requestBytes("GET", "/findings", adminPort));
    const { findings } = JSON.parse((await http.whole()).body.toString()) as { findings: Finding[] };
    http.destroy();
    assert.deepEqual(findings, one.guard.findings());
    assert.equal(findings.length, 1);
  });

  it("of idle connections is told apart from that of streams", async (t) => {
    const one = await subject(t);
    const box = await behindBox(t, one.port, 2_500, "reset");
    await silent(t, box, 25, "/");
    await until(() => one.found.length > 0, undefined, 20_000);
    assert.deepEqual(
      one.found.map(({ code, severity }) => [code, severity]),
      [["idle_names_a_hop", "info"]],
    );
    const warned = one.warnings.filter((line) => line.includes("idle_names_a_hop"));
    assert.deepEqual(warned, [], "whoever closes an idle connection first is right, and nobody is warned");
  });

  it("ends with the words that end TLS, and those are no sign of life", { skip: pair === null && "needs openssl" }, async (t) => {
    const one = await subject(t, {}, createSecureServer({ ...pair }, answer));
    const sockets = Array.from({ length: 25 }, () => connectSecurely({ port: one.port, host: "127.0.0.1", rejectUnauthorized: false }).on("error", () => {}));
    await Promise.all(
      sockets.map(async (socket) => {
        socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        await once(socket, "data");
        socket.resume();
      }),
    );
    // A pool whose timer is this long: it says goodbye by an alert, and closes.
    const servedMs = performance.now();
    await until(() => performance.now() - servedMs >= 2_500);
    for (const socket of sockets) socket.end();
    await until(
      () => one.found.length > 0,
      () => JSON.stringify(one.guard.counters.silences.buckets("idle")),
      20_000,
    );
    assert.deepEqual(
      one.found.map(({ code }) => code),
      ["idle_names_a_hop"],
    );
  });

  it("is nothing where people leave at any time", async (t) => {
    const one = await subject(t);
    await leave(await silent(t, one.port, 50, "/events"), 200, 6_000);
    await until(() => one.guard.counters.silences.total === 50);
    assert.deepEqual(one.guard.findings(), []);
  });

  it("is nothing where few were cut", async (t) => {
    const one = await subject(t);
    await silent(t, await behindBox(t, one.port, boxMs, "fin"), 15, "/events");
    await until(() => one.guard.counters.silences.total === 15, undefined, 20_000);
    assert.deepEqual(one.guard.findings(), []);
  });

  it("does not count what guard ended itself", async (t) => {
    const one = await subject(t, { idleMs: 2_000, keepAliveMs: 2_000 });
    const sockets = [...(await silent(t, one.port, 25, "/events")), ...(await silent(t, one.port, 25, "/"))];
    await Promise.all(sockets.map((socket) => (socket.closed ? null : once(socket, "close"))));
    await until(() => one.guard.connections().length === 0, undefined, 20_000);
    assert.deepEqual([one.guard.counters.silences.total, one.guard.findings()], [0, []]);
  });
});

describe("the counts of silences", () => {
  it("tell a minute from 59 s and from 61 s, and never grow", () => {
    const silences = new Silences();
    for (const ms of [0, 499, 58_900, 59_600, 60_400, 61_100, 599_999, 3_599_999, 89_999_999, 1e12]) silences.add("stream", ms);
    const at = silences.buckets("stream").map(({ fromMs, count }) => [fromMs, count]);
    assert.deepEqual(at, [
      [0, 2],
      [58_500, 1],
      [59_500, 1],
      [60_000, 1],
      [61_000, 1],
      [599_000, 1],
      [3_590_000, 1],
      [89_400_000, 2],
    ]);
    assert.deepEqual(silences.buckets("idle"), []);
  });
});

/**
 * The examination over real sockets: servers and boxes with random idle timers that end connections in every way there is. Each timer is found within a
 * second, and each end told apart.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import test from "node:test";
import { type AskOptions, diagnose, drawFacts, examine, type Facts, type IdleOf, type ProbeName, resolveAsk } from "@holdfast/doctor";
import { idleDrop, openProxy } from "@holdfast/lab";
import { onePair } from "../../../scripts/test-support/certificates.ts";
import { ends, goawayServer, okAnswer, type Running, rawServer, socketServer, streamAnswer } from "./support/endings.ts";

const draw = (): number => randomInt(1_200, 2_900);
/** A server's timer is late when the machine is busy. */
const lateMsMax = 1_000;

async function look(port: number, only: readonly ProbeName[], more: Partial<AskOptions> = {}, path = "/"): Promise<Facts> {
  return await examine(resolveAsk(`http://127.0.0.1:${port}${path}`, { maxMs: 14_000, only, opensPerSecond: 100, ...more }));
}

interface Expected {
  readonly of: IdleOf;
  readonly timerMs: number;
  readonly how: string;
  readonly code?: number;
}

function found(facts: Facts, { of, timerMs, how, code }: Expected): void {
  const fact = facts.idle.find((each) => each.of === of && each.moving === "nothing");
  const said = `${of} of ${timerMs} ms: ${JSON.stringify(facts.idle)} ${JSON.stringify(facts.notMeasured)}`;
  assert.ok(fact !== undefined && fact.atMostMs !== null, said);
  assert.equal(fact.how, how, said);
  assert.equal(fact.code, code, said);
  assert.ok(fact.atMostMs - fact.atLeastMs <= 1_001, said);
  assert.ok(fact.atLeastMs <= timerMs + lateMsMax && fact.atMostMs >= timerMs - 50, said);
}

async function gone(server: Running): Promise<void> {
  const untilMs = Date.now() + 5_000;
  while (server.open() > 0 && Date.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(server.open(), 0, "the doctor leaves no connection behind");
}

const cases: Readonly<Record<string, () => Promise<void>>> = {
  "FIN on a kept connection": async () => {
    const timerMs = draw();
    await using server = await rawServer(timerMs, ends.fin, () => okAnswer);
    const facts = await look(server.port, ["http1", "tcp", "matrix"]);
    found(facts, { of: "http1", timerMs, how: "fin" });
    found(facts, { of: "tcp", timerMs, how: "fin" });
    assert.ok(facts.keepAlive.known && facts.keepAlive.value.reused);
    assert.equal(facts.controls[0]?.ended, null, "the busy one lives");
    assert.ok(
      facts.idle.some(({ moving, atMostMs }) => moving === "tcp_keepalive" && atMostMs !== null),
      "TCP probes do not keep it",
    );
    assert.deepEqual(
      diagnose(facts, null).map(({ code }) => code),
      ["keep_alive_short"],
    );
    assert.match(drawFacts(facts), /closed \(FIN\)/);
    await gone(server);
  },
  "RST on a kept connection": async () => {
    const timerMs = draw();
    await using server = await rawServer(timerMs, ends.rst, () => okAnswer);
    found(await look(server.port, ["http1"]), { of: "http1", timerMs, how: "rst" });
    await gone(server);
  },
  "408 before the end": async () => {
    const timerMs = draw();
    await using server = await rawServer(timerMs, ends.timeout408, () => okAnswer);
    found(await look(server.port, ["http1"]), { of: "http1", timerMs, how: "answer", code: 408 });
  },
  "GOAWAY with its code, over TLS": async () => {
    const pair = onePair();
    if (pair === null) return;
    const timerMs = draw();
    await using server = await goawayServer(timerMs, 0, pair);
    const ask = resolveAsk(`https://127.0.0.1:${server.port}/`, { maxMs: 14_000, only: ["http2", "matrix", "tls"], opensPerSecond: 100, insecure: true });
    const facts = await examine(ask);
    found(facts, { of: "http2", timerMs, how: "goaway", code: 0 });
    assert.ok(facts.http.known && facts.http.value.http2.known && facts.http.value.http2.value);
    assert.ok(
      facts.idle.some(({ moving, atMostMs }) => moving === "h2_ping" && atMostMs !== null),
      "PING does not keep it here",
    );
    assert.ok(facts.resumption.known && facts.resumption.value.reconnects === 8 && facts.resumption.value.resumed === 8);
    const codes = diagnose(facts, null).map(({ code }) => code);
    assert.deepEqual(codes.sort(), ["certificate_bad", "certificate_expiring", "keep_alive_short"]);
    await gone(server);
  },
  "a certificate that nobody vouches for": async () => {
    const pair = onePair();
    if (pair === null) return;
    await using server = await goawayServer(60_000, 0, pair);
    const facts = await examine(resolveAsk(`https://127.0.0.1:${server.port}/`, { maxMs: 5_000 }));
    assert.ok(facts.tls.known && facts.tls.value.trustFault !== null && facts.tls.value.nameFault === null);
    assert.ok(!facts.http.known && /nothing is sent to a stranger/.test(facts.http.why));
  },
  "a close frame with its code": async () => {
    const timerMs = draw();
    await using server = await socketServer(timerMs, (close) => close(4_000));
    const facts = await look(server.port, ["websocket", "matrix"]);
    found(facts, { of: "websocket", timerMs, how: "close_frame", code: 4_000 });
    assert.ok(
      facts.idle.some(({ moving, atMostMs }) => moving === "websocket_ping" && atMostMs === null),
      "pings keep it",
    );
    assert.equal(diagnose(facts, null)[0]?.code, "stream_idle_timeout");
    await gone(server);
  },
  "a WebSocket that is ended without a close frame": async () => {
    const timerMs = draw();
    await using server = await socketServer(timerMs, (_, socket) => void socket.end());
    found(await look(server.port, ["websocket"]), { of: "websocket", timerMs, how: "fin" });
  },
  "an event stream": async () => {
    const timerMs = draw();
    await using server = await rawServer(timerMs, ends.fin, (path) => (path === "/stream" ? streamAnswer : okAnswer));
    const facts = await look(server.port, ["event-stream"], {}, "/stream");
    found(facts, { of: "event-stream", timerMs, how: "fin" });
    assert.ok(facts.eventStream.known && facts.eventStream.value.is);
    await gone(server);
  },
  "packets that vanish": async () => {
    const timerMs = draw();
    await using server = await socketServer(null, () => {});
    const box = await openProxy({ target: { host: "127.0.0.1", port: server.port } });
    box.add(idleDrop({ idleMs: timerMs }));
    const facts = await look(box.port, ["http1", "websocket", "matrix"]);
    await box.close();
    found(facts, { of: "http1", timerMs, how: "silent" });
    found(facts, { of: "websocket", timerMs, how: "silent" });
    assert.deepEqual(
      diagnose(facts, null).map(({ code }) => code),
      ["silent_drop"],
      "one box, one finding",
    );
  },
  "a reset for whoever writes": async () => {
    const timerMs = draw();
    await using server = await socketServer(null, () => {});
    const box = await openProxy({ target: { host: "127.0.0.1", port: server.port } });
    box.add(idleDrop({ idleMs: timerMs, ending: "reset-on-next" }));
    const facts = await look(box.port, ["http1"]);
    await box.close();
    found(facts, { of: "http1", timerMs, how: "rst_on_write" });
  },
};

test("each way to end an idle connection is told apart, and its timer found within a second", { timeout: 60_000, concurrency: true }, async (t) => {
  await Promise.all(Object.entries(cases).map(([name, run]) => t.test(name, { timeout: 55_000 }, run)));
});

test("what outlives the time is said to last at least so long, and nothing is said of what was not asked for", { timeout: 30_000 }, async () => {
  await using server = await rawServer(3_600_000, ends.fin, () => okAnswer);
  const facts = await look(server.port, ["http1"], { maxMs: 6_000, connections: 8 });
  const [fact] = facts.idle;
  assert.ok(fact?.atMostMs === null && fact.atLeastMs >= 1_500 && fact.atLeastMs < 6_000, JSON.stringify(facts.idle));
  assert.ok(facts.tookMs <= 7_000 && facts.cost.openMax <= 8);
  assert.ok(!facts.webSocket.known && facts.webSocket.why === "not asked for");
  await gone(server);
});

test("keep-alive that is off is proven by what the answer does", { timeout: 30_000 }, async () => {
  await using server = await rawServer(60_000, ends.fin, () => okAnswer.replace("Server: test", "Connection: close"));
  const facts = await look(server.port, ["keep-alive"], { maxMs: 5_000 });
  assert.ok(facts.keepAlive.known && !facts.keepAlive.value.reused && facts.keepAlive.value.connection === "close");
  assert.equal(diagnose(facts, null)[0]?.code, "keep_alive_off");
});

test("an examination that is given up returns at once with what is known", { timeout: 30_000 }, async () => {
  await using server = await rawServer(3_600_000, ends.fin, () => okAnswer);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 1_000);
  const startMs = Date.now();
  const facts = await examine(resolveAsk(`http://127.0.0.1:${server.port}/`, { maxMs: 60_000 }), { signal: stop.signal });
  assert.ok(Date.now() - startMs < 10_000 && facts.keepAlive.known);
  await gone(server);
});

test("nobody there is a fact, and no fault", { timeout: 30_000 }, async () => {
  const server = await rawServer(1_000, ends.fin, () => okAnswer);
  const { port } = server;
  await server[Symbol.asyncDispose]();
  const facts = await look(port, []);
  assert.ok(!facts.tcp.known && /ECONNREFUSED/.test(facts.tcp.why));
  assert.deepEqual(diagnose(facts, null), []);
});

/**
 * The examination over real sockets: servers and boxes with random idle timers that end connections in every way there is. Each timer is found within a
 * second, and each end told apart.
 */
import assert from "node:assert/strict";
import { createHash, randomInt } from "node:crypto";
import type { Socket } from "node:net";
import test from "node:test";
import { type AskOptions, diagnose, drawFacts, examine, type Facts, type IdleOf, type ProbeName, resolveAsk } from "@holdfast/doctor";
import { idleDrop, openProxy } from "@holdfast/lab";
import { onePair } from "../../../scripts/test-support/certificates.ts";
import { requestOf } from "../src/adapters/examine.ts";
import { countingServer, ends, goawayServer, okAnswer, type Running, rawServer, socketServer, streamAnswer } from "./support/endings.ts";

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
  assert.deepEqual(
    diagnose(facts, null).map(({ code }) => code),
    ["target_unreachable"],
  );
});

test("what is too slow, resets, or answers with a stream is told as it is, within the time", { timeout: 60_000 }, async (t) => {
  const codesOf = (facts: Facts): string[] => diagnose(facts, null).map(({ code }) => code);
  const within = async (server: Running, more: Partial<AskOptions>, path = "/"): Promise<Facts> => {
    const facts = await look(server.port, [], { maxMs: 4_000, ...more }, path);
    assert.ok(facts.tookMs < 5_000, String(facts.tookMs));
    return facts;
  };
  const delayed = (socket: Socket, request: number): void => void setTimeout(() => socket.writable && socket.write(okAnswer), request * 3_000);
  await Promise.all([
    t.test("an application that is slow does not refuse to keep connections", async () => {
      await using server = await countingServer(delayed);
      const facts = await within(server, {});
      assert.ok(facts.http.known && !facts.keepAlive.known, JSON.stringify(facts.keepAlive));
      assert.deepEqual(codesOf(facts), []);
    }),
    t.test("a port that resets whoever asks", async () => {
      await using server = await countingServer((socket) => socket.resetAndDestroy());
      assert.deepEqual(codesOf(await within(server, {})), ["no_http_answer"]);
    }),
    t.test("a port that says nothing", async () => {
      await using server = await countingServer(() => {});
      assert.deepEqual(codesOf(await within(server, {})), ["no_http_answer"]);
    }),
    t.test("an event stream is known by its head, and is not waited for", async () => {
      await using server = await countingServer((socket) => void socket.write(streamAnswer));
      const facts = await look(server.port, [], { maxMs: 6_000, only: ["event-stream"], headers: [["Accept", "text/event-stream"]] }, "/stream");
      assert.ok(facts.http.known && facts.eventStream.known && facts.eventStream.value.is, JSON.stringify(facts));
      assert.deepEqual(codesOf(facts), []);
    }),
    t.test("frames that are none", async () => {
      await using server = await countingServer((socket, _, text) => {
        const key = /sec-websocket-key: (\S+)/i.exec(text)?.[1];
        if (key === undefined) return void socket.write(okAnswer);
        const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
        socket.write(Buffer.from([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]));
      });
      const facts = await look(server.port, ["websocket"], { maxMs: 6_000 });
      assert.ok(!facts.webSocket.known && /no WebSocket/.test(facts.webSocket.why), JSON.stringify(facts.webSocket));
      assert.deepEqual(codesOf(facts), [], "no timer is made of it");
    }),
  ]);
});

test("a caller's header stands in place of the doctor's own, over HTTP/2 as well", { timeout: 30_000 }, async () => {
  const pair = onePair();
  if (pair === null) return;
  await using server = await goawayServer(60_000, 0, pair);
  const headers = [
    ["User-Agent", "me"],
    ["Accept", "text/html"],
    ["X-A", "1"],
    ["x-a", "2"],
  ] as const;
  const ask = resolveAsk(`https://127.0.0.1:${server.port}/`, { maxMs: 6_000, only: ["http2"], opensPerSecond: 100, insecure: true, headers });
  assert.deepEqual(requestOf(ask).headers, [
    ["user-agent", "me"],
    ["accept", "text/html"],
    ["x-a", "1, 2"],
  ]);
  const facts = await examine(ask);
  assert.ok(
    facts.idle.some(({ of }) => of === "http2"),
    JSON.stringify(facts.notMeasured),
  );
});

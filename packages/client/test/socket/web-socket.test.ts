/** The socket against a plain `ws` server: the platform's interface, what is told and when, restarts, close codes, the queue, proof of life. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, describe, test } from "node:test";
import { isFinalClose, ReliableWebSocket } from "../../src/socket/index.ts";
import { closeAll, dial, PlainServer, record, states, until } from "./support/servers.ts";

after(closeAll);

const state = (socket: ReliableWebSocket): string => socket.status.getSnapshot().state;

describe("as the platform's WebSocket", { concurrency: 4 }, () => {
  test("texts and bytes go both ways; constants, protocol, url and states are the platform's", async () => {
    await using server = await new PlainServer((peer) => peer.on("message", (data, isBinary) => peer.send(data, { binary: isBinary }))).listen();
    const socket = dial(server.wsUrl, ["one", "two"]);
    socket.binaryType = "arraybuffer";
    assert.equal(socket.readyState, WebSocket.CONNECTING);
    assert.throws(() => socket.send("x"), { name: "InvalidStateError" });
    const got: unknown[] = [];
    const events: Event[] = [];
    socket.addEventListener("message", (event) => {
      events.push(event);
      got.push((event as MessageEvent).data);
    });
    await new Promise<void>((resolve) => {
      socket.onopen = () => resolve();
    });
    assert.deepEqual([socket.readyState, socket.protocol, socket.url], [ReliableWebSocket.OPEN, "one", server.wsUrl]);
    socket.send("é");
    socket.send(Uint8Array.of(1, 2));
    await until("two echoes", () => got.length === 2);
    assert.equal(got[0], "é");
    assert.deepEqual(new Uint8Array(got[1] as ArrayBuffer), Uint8Array.of(1, 2));
    assert.equal(events[0]?.target, socket);
    const closed = new Promise<CloseEvent>((resolve) => {
      socket.onclose = resolve;
    });
    socket.close(3001, "enough");
    assert.equal(socket.readyState, ReliableWebSocket.CLOSING);
    const { code, reason, wasClean } = await closed;
    assert.deepEqual([code, reason, wasClean, socket.readyState], [3001, "enough", true, ReliableWebSocket.CLOSED]);
    socket.send("late");
    assert.equal(socket.bufferedAmount, 4);
    assert.equal(state(socket), "closed");
  });

  test("an address that is none, a close code that is none and a wrong option throw at once", async () => {
    assert.throws(() => new ReliableWebSocket("http//nowhere"), { name: "SyntaxError" });
    assert.throws(() => dial("ws://127.0.0.1:1", undefined, { heartbeatMs: -1 }), /`heartbeatMs`/);
    assert.throws(() => dial("ws://127.0.0.1:1", undefined, { ackMs: 9, silenceMs: 9 }), /`silenceMs`/);
    await using server = await new PlainServer().listen();
    const socket = dial(server.wsUrl);
    assert.throws(() => socket.close(1001), { name: "InvalidAccessError" });
    assert.throws(() => socket.close(1000, "x".repeat(124)), { name: "SyntaxError" });
    socket.close();
  });

  test("a handler keeps its place among the listeners, and can be replaced or taken away", async () => {
    await using server = await new PlainServer().listen();
    const socket = dial(server.wsUrl);
    const told: string[] = [];
    socket.onopen = () => told.push("wrong");
    socket.addEventListener("open", () => told.push("listener"));
    socket.onopen = () => told.push("handler");
    socket.onclose = () => told.push("wrong");
    socket.onclose = null;
    assert.equal(socket.onclose, null);
    await until("open", () => told.length === 2);
    assert.deepEqual(told, ["handler", "listener"]);
    socket.close();
    await until("closed", () => socket.readyState === 3);
    assert.equal(told.length, 2);
  });

  test("close during the dial, and while waiting for the next, ends it with one close event", async () => {
    await using server = await new PlainServer().listen();
    server.isShut = true;
    const socket = dial(server.wsUrl);
    const told = record(socket);
    await until("a failed dial", () => socket.status.getSnapshot().attempt === 1);
    socket.close();
    const early = dial(server.wsUrl);
    const toldEarly = record(early);
    early.close(1000);
    await until("both closed", () => told.length > 0 && toldEarly.length > 0);
    assert.deepEqual([told, toldEarly], [["close 1006  false"], ["close 1006  false"]]);
    assert.equal(server.peers.length, 0);
  });
});

describe("across losses", { concurrency: 4 }, () => {
  test("a server restart is survived: open is told again, close is not, and what open sends restores the subscription", async () => {
    await using server = await new PlainServer().listen();
    const socket = dial(server.wsUrl);
    const told = record(socket);
    const seen = states(socket.status);
    socket.addEventListener("open", () => socket.send("subscribe"));
    await until("subscribed", () => server.heard.length === 1);
    await server.kill();
    await until("the loss is known", () => socket.readyState === 0);
    assert.equal(socket.readyState, ReliableWebSocket.CONNECTING);
    assert.throws(() => socket.send("x"), { name: "InvalidStateError" });
    const { code, peerCode, reason, retryAtMs } = socket.status.getSnapshot();
    assert.deepEqual([code, peerCode], ["remote_closed", 1006]);
    assert.match(reason, /1006/);
    assert.ok(retryAtMs !== null && retryAtMs <= Date.now() + 1_000);
    await server.listen();
    await until("subscribed again", () => server.heard.length === 2, 20_000);
    server.last.send("after");
    await until("message", () => told.includes("message after"));
    assert.deepEqual(told, ["open", "open", "message after"]);
    assert.deepEqual([...new Set(seen.map((each) => each.state))], ["live", "offline"]);
    socket.close();
  });

  test("onReconnect restores before open and before the queue; nothing of the queue is lost or doubled", async () => {
    await using server = await new PlainServer().listen();
    const socket = dial(server.wsUrl, undefined, { queueBytesMax: 10, onReconnect: (each) => each.send("restore") });
    const bytes = Uint8Array.of(7);
    socket.send("early");
    await until("the first link", () => server.heard.length === 1);
    server.last.terminate();
    await until("the loss is known", () => socket.readyState === 0);
    socket.onopen = () => socket.send("open");
    socket.send("é");
    socket.send(bytes);
    bytes[0] = 9;
    assert.equal(socket.bufferedAmount, 3);
    assert.throws(() => socket.send("12345678"), { name: "QuotaExceededError" });
    socket.send("1234567");
    await until("all is sent", () => server.heard.length === 6);
    assert.deepEqual(server.heard, ["early", "restore", "open", "é", "binary 07", "1234567"]);
    assert.equal(socket.bufferedAmount, 0);
    socket.close();
  });

  for (const [code, isFinal] of [
    [1000, false],
    [1001, false],
    [1008, false],
    [1012, false],
    [3000, false],
    [4400, false],
    [4499, false],
    [1003, true],
    [1009, true],
    [4500, true],
    [4999, true],
  ] as const) {
    test(`close ${code} is ${isFinal ? "the last word" : "survived"}`, async () => {
      await using server = await new PlainServer().listen();
      const socket = dial(server.wsUrl);
      const told = record(socket);
      const seen = states(socket.status);
      await until("open", () => told.length === 1);
      server.last.close(code, "why");
      await until("an end", () => seen.some((each) => each.state !== "live"));
      assert.equal(isFinalClose({ code }), isFinal);
      if (isFinal) {
        await until("close", () => told.length === 3);
        assert.deepEqual(told, ["open", "error", `close ${code} why true`]);
        const { state: name, code: why, peerCode, reason } = socket.status.getSnapshot();
        assert.deepEqual([name, why, peerCode, reason, socket.readyState], ["denied", "remote_closed", code, "why", 3]);
      } else await until("open again", () => told.filter((each) => each === "open").length === 2);
      socket.close();
    });
  }

  test("a first dial that fails is repeated, with growing attempts and the address asked each time", async () => {
    await using server = await new PlainServer().listen();
    server.isShut = true;
    let asked = 0;
    const address = async (): Promise<string> => {
      if (++asked === 2) throw new Error("no token");
      return `${server.wsUrl}?token=${asked}`;
    };
    const socket = dial(address, undefined, { backoffCapMs: 50 });
    const told = record(socket);
    await until("the function has failed", () => socket.status.getSnapshot().reason === "no token");
    await until("four failures", () => socket.status.getSnapshot().attempt >= 4);
    server.isShut = false;
    await until("open", () => told.includes("open"));
    assert.deepEqual(told, ["open"]);
    assert.equal(socket.url, `${server.wsUrl}?token=${asked}`);
    socket.close();
  });

  test("onLoss: close tells the first loss with its code and stays closed", async () => {
    await using server = await new PlainServer().listen();
    const socket = dial(server.wsUrl, undefined, { onLoss: "close" });
    const told = record(socket);
    await until("open", () => told.length === 1);
    server.last.close(4401, "Unauthorized");
    await until("close", () => told.length === 2);
    assert.deepEqual([told[1], socket.readyState, state(socket)], ["close 4401 Unauthorized true", 3, "closed"]);
  });
});

describe("proof of life", { concurrency: 4 }, () => {
  test("a quiet but living server is kept: by protocol ping, by its own text with the answers swallowed, by a function", async () => {
    await using server = await new PlainServer((peer) => peer.on("message", (data) => String(data) === "ping" && peer.send("pong"))).listen();
    let proved = 0;
    const times = { heartbeatMs: 60, ackMs: 1_000 };
    const sockets = [
      dial(server.wsUrl, undefined, times),
      dial(server.wsUrl, undefined, { ...times, ping: () => "ping", isPong: (data) => data === "pong" }),
      dial(server.wsUrl, undefined, { ...times, prove: async () => ++proved }),
    ];
    const told = sockets.map(record);
    await until("many beats", () => proved >= 5 && server.heard.length >= 5);
    assert.deepEqual(told, [["open"], ["open"], ["open"]]);
    assert.equal(server.peers.length, 3);
    for (const socket of sockets) {
      assert.ok(Date.now() - (socket.status.getSnapshot().lastProofOfLifeMs ?? 0) < 2_000);
      socket.close();
    }
  });

  for (const [name, more] of Object.entries({
    "does not answer its ping": { ping: "ping" },
    "cannot be proved by a function": { prove: () => Promise.reject(new Error("no")) },
    "falls silent": { silenceMs: 300, ackMs: 100, ping: "ping" },
  })) {
    test(`a server that ${name} is left within heartbeat and ack`, async () => {
      // Paused: it reads nothing, so that not even protocol pings are answered.
      await using server = await new PlainServer((peer) => void peer.pause()).listen();
      const socket = dial(server.wsUrl, undefined, { heartbeatMs: 200, ackMs: 100, ...more });
      const seen = states(socket.status);
      await until("a new link", () => server.peers.length === 2);
      const [live, stale, offline] = seen;
      assert.deepEqual([live?.state, stale?.state, offline?.state, offline?.code], ["live", "stale", "offline", "heartbeat_lost"]);
      const noticedMs = (offline?.atMs ?? Number.NaN) - (live?.atMs ?? 0);
      assert.ok(noticedMs >= 190 && noticedMs < 800, `noticed after ${noticedMs} ms`);
      socket.close();
    });
  }

  test("close on a server that never answers is over within a second or so, and keeps no process", async () => {
    await using server = await new PlainServer((peer) => void peer.pause()).listen();
    const code = `
      import { ReliableWebSocket } from "@holdfast/client/socket";
      const socket = new ReliableWebSocket(${JSON.stringify(server.wsUrl)});
      socket.onopen = () => socket.close(1000);
      socket.onclose = ({ code }) => console.log("closed", code);
    `;
    const child = spawn(process.execPath, [...process.execArgv.filter((each) => !each.startsWith("--test")), "--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: import.meta.dirname,
    });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    const exitCode = await new Promise((resolve) => child.once("exit", resolve));
    assert.deepEqual([output, exitCode], ["closed 1006\n", 0]);
  });
});

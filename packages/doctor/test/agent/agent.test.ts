import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Agent, type AgentEnded, type AgentHello, type AgentMessage, type AgentOptions, agentProtocol, attachAgent } from "@holdfast/doctor/agent";
import { WebSocket, WebSocketServer } from "ws";

const opened: (() => void)[] = [];
after(() => {
  for (const close of opened) close();
});

interface Running {
  readonly agent: Agent;
  readonly server: Server;
  readonly port: number;
  readonly at: string;
}

async function open(options: Partial<AgentOptions> = {}, server = createServer((_, response) => response.end("the application"))): Promise<Running> {
  const agent = attachAgent(server, options);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  opened.push(() => {
    agent.close();
    server.close();
    server.closeAllConnections();
  });
  return { agent, server, port, at: `http://127.0.0.1:${port}${agent.options.prefix}` };
}

/** Each on a connection of its own. */
const json = async <T>(url: string, init: RequestInit = {}): Promise<{ status: number; body: T }> => {
  const response = await fetch(url, { ...init, headers: { connection: "close", ...init.headers } });
  return { status: response.status, body: (await response.json()) as T };
};

const codeOf = async (url: string, init: RequestInit = {}): Promise<[number, string]> => {
  const { status, body } = await json<{ error: { code: string } }>(url, init);
  return [status, body.error.code];
};

/** Asks until the answer is as it should be. */
async function until<T>(ask: () => Promise<T>, isRight: (value: T) => boolean): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const value = await ask();
    if (isRight(value) || performance.now() > deadline) return value;
    await sleep(20);
  }
}

const endOf = ({ at }: Running, id: string): Promise<AgentEnded> =>
  until(
    async () => (await json<AgentEnded>(`${at}/ended?id=${id}`)).body,
    (ended) => !ended.known || !ended.open,
  );

/** A request on a socket of its own, which stays open; resolves with what was read when `isEnough`. */
async function raw(port: number, text: string, isEnough: (read: string) => boolean): Promise<{ socket: Socket; read: string }> {
  const socket = connect(port, "127.0.0.1");
  let read = "";
  await new Promise<void>((resolve, reject) => {
    socket.on("data", (chunk) => {
      read += String(chunk);
      if (isEnough(read)) resolve();
    });
    socket.once("error", reject).once("close", () => resolve());
    socket.write(text);
  });
  socket.on("error", () => {});
  return { socket, read };
}

const hello = (prefix: string, more = ""): string => `GET ${prefix}/hello HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
const bodyOf = <T>(read: string): T => JSON.parse(read.slice(read.indexOf("\r\n\r\n"))) as T;

async function openSocket(
  at: string,
  protocols: readonly string[] = [agentProtocol],
): Promise<{ ws: WebSocket; hello: AgentHello; next(): Promise<AgentMessage> }> {
  const ws = new WebSocket(`${at.replace("http", "ws")}/socket`, [...protocols]);
  const waiting: AgentMessage[] = [];
  const listeners: ((message: AgentMessage) => void)[] = [];
  ws.on("message", (data) => {
    const message = JSON.parse(String(data)) as AgentMessage;
    const listener = listeners.shift();
    if (listener === undefined) waiting.push(message);
    else listener(message);
  });
  const next = (): Promise<AgentMessage> => {
    const first = waiting.shift();
    return first === undefined ? new Promise((resolve) => listeners.push(resolve)) : Promise.resolve(first);
  };
  await once(ws, "open");
  const first = await next();
  assert.equal(first.is, "hello");
  return { ws, hello: first as unknown as AgentHello, next };
}

describe("hello", { concurrency: true }, () => {
  test("names the connection, counts its requests and shows the headers that arrived", async () => {
    const { port, agent } = await open();
    const more = "Via: 1.1 hop\r\nX-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer secret-of-the-caller\r\n";
    const { socket, read } = await raw(port, hello(agent.options.prefix, more), (text) => text.endsWith("}\n"));
    const first = bodyOf<AgentHello>(read);
    assert.deepEqual(first.headers, { host: "a", via: "1.1 hop", "x-forwarded-for": "192.0.2.1" });
    assert.equal(first.httpVersion, "1.1");
    assert.equal(first.requestsOnConn, 1);
    socket.write(hello(agent.options.prefix));
    const [chunk] = (await once(socket, "data")) as [Buffer];
    const second = bodyOf<AgentHello>(String(chunk));
    assert.equal(second.connId, first.connId);
    assert.equal(second.requestsOnConn, 2);
    socket.destroy();
    const other = await raw(port, hello(agent.options.prefix, "Connection: close\r\n"), (text) => text.endsWith("}\n"));
    const third = bodyOf<AgentHello>(other.read);
    assert.notEqual(third.connId, first.connId);
    assert.equal(third.headers["connection"], "close");
  });

  test("tells HTTP/1.0 and HTTP/2 apart", async () => {
    const { port, agent } = await open();
    const { read } = await raw(port, `GET ${agent.options.prefix}/hello HTTP/1.0\r\n\r\n`, () => false);
    assert.equal(bodyOf<AgentHello>(read).httpVersion, "1.0");
    const server = createHttp2Server();
    const h2 = attachAgent(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const session: ClientHttp2Session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    opened.push(() => {
      session.close();
      h2.close();
      server.close();
    });
    const stream = session.request({ ":path": `${h2.options.prefix}/hello` });
    let text = "";
    for await (const chunk of stream.setEncoding("utf8")) text += chunk;
    const said = JSON.parse(text) as AgentHello;
    assert.equal(said.httpVersion, "2.0");
    assert.equal(said.headers["host"], `127.0.0.1:${(server.address() as AddressInfo).port}`);
    assert.equal(said.server.socket, false);
  });
});

describe("events", { concurrency: true }, () => {
  const lines = async (url: string): Promise<string> => (await fetch(url)).text();

  test("carry a sequence and the server's time, and end after the count", async () => {
    const { at } = await open();
    const text = await lines(`${at}/events?everyMs=10&count=3&bytes=100`);
    const data = text.split("\n\n").flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? []);
    const [first, ...ticks] = data.map((each) => JSON.parse(each));
    assert.equal(first.agent, 1);
    assert.deepEqual(
      ticks.map(({ seq }) => seq),
      [1, 2, 3],
    );
    assert.ok(ticks.every(({ at, pad }) => Math.abs(at - Date.now()) < 60_000 && pad.length === 100));
    assert.notEqual(ticks[0].pad, ticks[1].pad);
  });

  test("are comments, other types and requests to hops as asked", async () => {
    const { at } = await open();
    const comments = await fetch(`${at}/events?everyMs=10&count=1&comment=1&accel=no&transform=no`);
    assert.equal(comments.headers.get("x-accel-buffering"), "no");
    assert.equal(comments.headers.get("cache-control"), "no-cache, no-transform");
    assert.match(await comments.text(), /\n: \{"seq":1/);
    const other = await fetch(`${at}/events?everyMs=10&count=1&type=application/x-ndjson`);
    assert.equal(other.headers.get("content-type"), "application/x-ndjson");
    assert.equal(other.headers.get("x-accel-buffering"), null);
    assert.equal((await other.text()).trim().split("\n").length, 2);
  });

  test("fall silent without an end, and the end is remembered", async () => {
    const running = await open();
    const { port, agent } = running;
    const { socket, read } = await raw(port, `GET ${agent.options.prefix}/events?everyMs=10&silentAfter=2 HTTP/1.1\r\nHost: a\r\n\r\n`, (text) =>
      text.includes('"seq":2'),
    );
    await sleep(100);
    const { connId } = JSON.parse(/data: (\{"agent".*)/.exec(read)?.[1] ?? "") as AgentHello;
    const open_ = (await json<AgentEnded>(`${running.at}/ended?id=${connId}`)).body;
    assert.ok(open_.known && open_.open && open_.afterSilentMs >= 90);
    assert.equal(agent.counters.open, 1);
    socket.resetAndDestroy();
    const ended = await endOf(running, connId);
    assert.ok(ended.known && ended.how === "rst" && ended.afterSilentMs >= 90, JSON.stringify(ended));
    await until(
      async () => agent.counters.open,
      (count) => count === 0,
    );
    assert.equal(agent.counters.open, 0);
  });

  test("are refused with parameters out of bounds", async () => {
    const { at } = await open();
    for (const query of ["everyMs=1", "bytes=9999999", "type=text/html", "count=x"])
      assert.deepEqual(await codeOf(`${at}/events?${query}`), [400, "agent_bad_request"]);
  });
});

describe("how a connection ended", { concurrency: true }, () => {
  test("is fin, when the other side ends it, and here, when the application does", async () => {
    const running = await open();
    const one = await raw(running.port, hello(running.agent.options.prefix), (text) => text.endsWith("}\n"));
    one.socket.end();
    const first = bodyOf<AgentHello>(one.read).connId;
    const ended = await endOf(running, first);
    assert.ok(ended.known && ended.how === "fin", JSON.stringify(ended));
    const two = await raw(running.port, hello(running.agent.options.prefix), (text) => text.endsWith("}\n"));
    const closed = once(two.socket, "close");
    running.server.closeAllConnections();
    await closed;
    const here = await endOf(running, bodyOf<AgentHello>(two.read).connId);
    assert.ok(here.known && here.how === "here", JSON.stringify(here));
    assert.deepEqual((await json<AgentEnded>(`${running.at}/ended?id=nobody`)).body, { known: false });
  });

  test("is known of WebSockets: fin, rst, close frame, and here", async () => {
    const running = await open();
    const ends: Record<string, (ws: WebSocket, socket: Socket) => void> = {
      fin: (_, socket) => socket.end(),
      rst: (_, socket) => socket.resetAndDestroy(),
      close_frame: (ws) => ws.close(1000),
      here: (ws) => ws.send('{"do":"close"}'),
    };
    for (const [how, end] of Object.entries(ends)) {
      const { ws, hello: said } = await openSocket(running.at);
      ws.on("error", () => {});
      end(ws, (ws as unknown as { _socket: Socket })._socket);
      const ended = await endOf(running, said.connId);
      assert.ok(ended.known && ended.how === how, `${how}: ${JSON.stringify(ended)}`);
    }
  });

  test("is forgotten of the oldest, so that memory is bounded", async () => {
    const running = await open({ endingsMax: 1 });
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) {
      const { read, socket } = await raw(running.port, hello(running.agent.options.prefix, "Connection: close\r\n"), (text) => text.endsWith("}\n"));
      ids.push(bodyOf<AgentHello>(read).connId);
      socket.destroy();
    }
    assert.deepEqual((await json<AgentEnded>(`${running.at}/ended?id=${ids[0]}`)).body, { known: false });
  });
});

describe("the WebSocket", { concurrency: true }, () => {
  test("sends, pings, echoes and falls silent as it is told", async () => {
    const { at } = await open();
    const { ws, next } = await openSocket(at);
    ws.send('{"do":"echo"}');
    assert.equal((await next()).is, "echo");
    ws.send('{"do":"send","everyMs":10,"count":2}');
    assert.deepEqual(
      [(await next()) as { seq?: number }, (await next()) as { seq?: number }].map(({ seq }) => seq),
      [1, 2],
    );
    const pinged = once(ws, "ping");
    ws.send('{"do":"ping","everyMs":10}');
    await pinged;
    ws.send('{"do":"silent"}');
    ws.send("no command");
    assert.deepEqual(await next(), { is: "refused", code: "agent_bad_request" });
    ws.close();
  });

  test("shows the subprotocols that arrived, and agrees on its own only", async () => {
    const { at } = await open();
    const { ws, hello: said } = await openSocket(at, ["other", agentProtocol]);
    assert.deepEqual((said as unknown as { protocols: string[] }).protocols, ["other", agentProtocol]);
    assert.equal(ws.protocol, agentProtocol);
    ws.close();
  });

  test("answers 426 with what arrived, where the upgrade got lost", async () => {
    const { at } = await open();
    const { status, body } = await json<{ error: { code: string }; hello: AgentHello }>(`${at}/socket`, { headers: { via: "1.0 hop" } });
    assert.equal(status, 426);
    assert.equal(body.error.code, "agent_upgrade_required");
    assert.equal(body.hello.headers["via"], "1.0 hop");
  });
});

test("an answer is held back for as long as was asked for, its head too", async () => {
  const { at } = await open();
  const began = performance.now();
  const { body } = await json<{ heldMs: number }>(`${at}/hold?ms=150`);
  assert.equal(body.heldMs, 150);
  assert.ok(performance.now() - began >= 145);
});

describe("who may", { concurrency: true }, () => {
  const token = "a-token-of-20-letters";

  test("is whoever has the token, by header or query", async () => {
    const { at, agent } = await open({ token });
    assert.deepEqual(await codeOf(`${at}/hello`), [401, "agent_unauthenticated"]);
    assert.deepEqual(await codeOf(`${at}/hello?token=${token}x`), [401, "agent_unauthenticated"]);
    assert.equal((await json(`${at}/hello?token=${token}`)).status, 200);
    assert.equal((await json(`${at}/hello`, { headers: { authorization: `Bearer ${token}` } })).status, 200);
    const ws = new WebSocket(`${at.replace("http", "ws")}/socket`);
    const [, response] = (await once(ws, "unexpected-response")) as [unknown, IncomingMessage];
    assert.equal(response.statusCode, 401);
    assert.equal(agent.counters.refused.agent_unauthenticated, 3);
  });

  test("is no page, nothing but GET, and nothing unknown", async () => {
    const { at } = await open();
    const answers: [number, string][] = [];
    const pages = [{ origin: "http://evil.test" }, { "sec-fetch-site": "cross-site" }];
    for (const headers of pages) {
      const { statusCode } = await new Promise<IncomingMessage>((resolve) => get(`${at}/hello`, { headers }, resolve));
      assert.equal(statusCode, 403);
    }
    answers.push(await codeOf(`${at}/hello`, { method: "POST", body: "x" }), await codeOf(`${at}/other`));
    assert.deepEqual(answers, [
      [405, "agent_method"],
      [404, "agent_unknown"],
    ]);
  });
});

describe("its limits", { concurrency: true }, () => {
  test("bound connections that are open, and a place that is given back is free", async () => {
    const { at, agent } = await open({ connectionsMax: 1 });
    const { ws } = await openSocket(at);
    assert.deepEqual(await codeOf(`${at}/events`), [503, "agent_full"]);
    const refused = new WebSocket(`${at.replace("http", "ws")}/socket`);
    const [, response] = (await once(refused, "unexpected-response")) as [unknown, IncomingMessage];
    assert.equal(response.statusCode, 503);
    ws.terminate();
    await until(
      async () => agent.counters.open,
      (count) => count === 0,
    );
    assert.equal((await json<{ heldMs: number }>(`${at}/hold?ms=1`)).body.heldMs, 1);
  });

  test("bound requests in a second", async () => {
    const { at } = await open({ requestsPerSecondMax: 2 });
    const statuses = await Promise.all(Array.from({ length: 6 }, async () => (await json(`${at}/hello`)).status));
    assert.ok(statuses.includes(200) && statuses.includes(429), String(statuses));
  });

  test("bound bytes and life, and say which it was", async () => {
    const spent = await open({ connectionBytesMax: 2_000 });
    assert.match(await (await fetch(`${spent.at}/events?everyMs=10&bytes=500`)).text(), /event: end\ndata: \{"code":"agent_spent"\}/);
    const minute = await open({ minuteBytesMax: 2_000 });
    assert.match(await (await fetch(`${minute.at}/events?everyMs=10&bytes=500`)).text(), /"agent_spent"/);
    assert.deepEqual(await codeOf(`${minute.at}/events`), [503, "agent_spent"]);
    const short = await open({ lifeMs: 60 });
    assert.match(await (await fetch(`${short.at}/events?everyMs=50`)).text(), /"agent_life"/);
    const { ws } = await openSocket(short.at);
    const [code, reason] = (await once(ws, "close")) as [number, Buffer];
    assert.deepEqual([code, String(reason)], [4_000, "agent_life"]);
  });

  test("bound pings without a body, and messages without one", async () => {
    const { at, agent } = await open({ connectionBytesMax: 20_000 });
    for (const flood of [(ws: WebSocket) => ws.ping(), (ws: WebSocket) => ws.send("")]) {
      const before = agent.counters.refused.agent_spent ?? 0;
      const { ws } = await openSocket(at);
      for (let i = 0; i < 2_000; i++) flood(ws);
      const [code, reason] = (await once(ws, "close")) as [number, Buffer];
      assert.equal(agent.counters.refused.agent_spent, before + 1, `closed with ${code} ${String(reason)}: ${JSON.stringify(agent.counters)}`);
    }
  });

  test("allow no life that a timer can not have", () => {
    assert.throws(() => attachAgent(createServer(), { lifeMs: 2 ** 31 }), /lifeMs/);
  });

  test("cut off who does not read", async () => {
    const { agent, port } = await open({ waitingBytesMax: 100_000 });
    const socket = connect(port, "127.0.0.1").pause();
    socket.on("error", () => {});
    socket.write(`GET ${agent.options.prefix}/events?everyMs=10&bytes=131072 HTTP/1.1\r\nHost: a\r\n\r\n`);
    await until(
      async () => agent.counters.refused.agent_slow_reader,
      (count) => count === 1,
    );
    assert.equal(agent.counters.refused.agent_slow_reader, 1);
    socket.destroy();
  });

  test("are checked when it is attached", () => {
    const server = createServer();
    assert.throws(() => attachAgent(server, { token: "short" }), /at least 16/);
    assert.throws(() => attachAgent(server, { prefix: "x/" }), /prefix/);
    assert.throws(() => attachAgent(server, { connectionsMax: 0 }), /connectionsMax/);
    assert.throws(() => attachAgent(server, { other: 1 } as never), /other/);
  });
});

describe("the application", { concurrency: true }, () => {
  test("gets what is not the agent's, its own upgrades too, and all of it when the agent has left", async () => {
    const server = createServer((_, response) => response.end("the application"));
    const sockets = new WebSocketServer({ server, path: "/own" });
    const running = await open({}, server);
    const text = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${running.port}${path}`)).text();
    assert.equal(await text("/"), "the application");
    assert.equal(await text("/.holdfast/doctorate/hello"), "the application");
    sockets.on("connection", (ws) => ws.send("own"));
    const own = new WebSocket(`ws://127.0.0.1:${running.port}/own`);
    assert.equal(String((await once(own, "message"))[0]), "own");
    own.close();
    const { ws } = await openSocket(running.at);
    ws.close();
    running.agent.close();
    assert.equal(await text("/.holdfast/doctor/hello"), "the application");
  });

  test("that takes no upgrades still answers offers to upgrade as requests", async () => {
    const { port } = await open();
    const { read, socket } = await raw(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", (text) =>
      text.includes("application"),
    );
    assert.match(read, /^HTTP\/1\.1 200 /);
    socket.destroy();
  });
});

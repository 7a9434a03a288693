// A front before servers that somebody else made: each serves what it served, over sockets that are what they were.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttp, type RequestListener } from "node:http";
import { connect as connectH2, constants, createServer as createH2, createSecureServer, type Http2SecureServer } from "node:http2";
import { Agent, createServer as createHttps, get } from "node:https";
import { type AddressInfo, connect, createServer as createNet, type Server, type Socket } from "node:net";
import { after, describe, it } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { WebSocket, WebSocketServer } from "ws";
import { certificates } from "../../../../scripts/test-support/certificates.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import type { TlsFacts } from "../../src/connection.ts";
import { guard } from "../../src/guard.ts";
import { type AttachSettings, attachTls } from "../../src/tls/adapters/attach-tls.ts";

interface Seen {
  readonly encrypted: boolean;
  readonly remotePort: number | undefined;
  readonly httpVersion: string;
}

/** Says what its socket is, as an application would ask it. */
const tell: RequestListener = (request, response) => {
  const { encrypted, remotePort } = request.socket as TLSSocket;
  response.end(JSON.stringify({ encrypted, remotePort, httpVersion: request.httpVersion } satisfies Seen));
};

describe("a TLS front before a server", { skip: needs("openssl") }, () => {
  const made = certificates();
  after(() => made[Symbol.dispose]());
  const pair = made.make("attached");
  const files = { certFile: pair.certFile, keyFile: pair.keyFile };

  /** Listens, attaches, and ends all of it afterwards. */
  async function attached(server: Server, more: Partial<AttachSettings> = {}) {
    const facts: TlsFacts[] = [];
    const front = attachTls(server, { ...files, ...more }, { secure: (_, each) => facts.push(each) });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const sockets = new Set<Socket>();
    server.on("connection", (socket: Socket) => sockets.add(socket));
    return {
      ...{ front, facts, port: (server.address() as AddressInfo).port },
      [Symbol.asyncDispose]: async () => {
        front.close();
        for (const socket of sockets) socket.destroy();
        server.close();
        await once(server, "close");
      },
    };
  }

  async function ask(port: number, agent: Agent): Promise<{ readonly seen: Seen; readonly socket: TLSSocket }> {
    const request = get({ port, host: "127.0.0.1", servername: "localhost", ca: pair.cert, agent });
    const [response] = await once(request, "response");
    let text = "";
    for await (const chunk of response) text += String(chunk);
    return { seen: JSON.parse(text), socket: request.socket as TLSSocket };
  }

  async function askH2(port: number): Promise<Seen> {
    const session = connectH2(`https://localhost:${port}`, { ca: pair.cert, host: "127.0.0.1" } as object);
    const stream = session.request({ [constants.HTTP2_HEADER_PATH]: "/" });
    let text = "";
    for await (const chunk of stream) text += String(chunk);
    session.close();
    await once(session, "close");
    return JSON.parse(text);
  }

  async function askWebSocket(port: number): Promise<string> {
    const ws = new WebSocket(`wss://localhost:${port}/`, { ca: pair.cert });
    await once(ws, "open");
    ws.send("hello");
    const [message] = await once(ws, "message");
    ws.close();
    await once(ws, "close");
    return String(message);
  }

  /** Requests, keep-alive and WebSocket over HTTP/1.1. */
  async function servesHttp1(port: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ALPNProtocols: ["http/1.1"] });
    const [one, two] = [await ask(port, agent), await ask(port, agent)];
    assert.equal(one.socket, two.socket, "one connection serves both");
    assert.deepEqual(one.seen, { encrypted: true, remotePort: one.socket.localPort, httpVersion: "1.1" });
    agent.destroy();
    assert.equal(await askWebSocket(port), "hello");
  }

  function echoing(server: ReturnType<typeof createHttp> | ReturnType<typeof createHttps>): WebSocketServer {
    const wss = new WebSocketServer({ server });
    wss.on("connection", (ws, request) => {
      assert.equal((request.socket as TLSSocket).encrypted, true);
      ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary }));
    });
    return wss;
  }

  it("of `https`: requests, keep-alive, WebSocket", async () => {
    const server = createHttps(tell);
    echoing(server);
    await using at = await attached(server);
    await servesHttp1(at.port);
    assert.deepEqual([...new Set(at.facts.map(({ alpn }) => alpn))], ["http/1.1", null]);
  });

  it("of `https`: failures are `tlsClientError` and `clientError` of the server, as they were", async () => {
    const server = createHttps(tell);
    await using at = await attached(server);
    const told = Promise.all([once(server, "tlsClientError"), once(server, "clientError")]);
    const socket = connect(at.port, "127.0.0.1").on("error", () => undefined);
    socket.resume().write("GET / HTTP/1.1\r\n\r\n");
    const [[error, tlsSocket]] = await told;
    assert.equal((error as NodeJS.ErrnoException).code, "ERR_SSL_HTTP_REQUEST");
    assert.equal((tlsSocket as TLSSocket).encrypted, true);
    assert.equal(at.front.counters.failed.not_tls, 1);
  });

  it("of `http2` with TLS: both versions of HTTP by what ALPN agrees on", async () => {
    const server = createSecureServer({ allowHTTP1: true }, (request, response) => tell(request as never, response as never)) as Http2SecureServer & Server;
    await using at = await attached(server, { alpn: ["h2", "http/1.1"] });
    const seen = await askH2(at.port);
    assert.deepEqual([seen.httpVersion, seen.encrypted], ["2.0", true]);
    const agent = new Agent();
    assert.equal((await ask(at.port, agent)).seen.httpVersion, "1.1");
    agent.destroy();
  });

  it("of plain `http`, with an `http2` server beside it: one port for https, h2 and wss", async () => {
    const server = createHttp(tell);
    echoing(server);
    const h2 = createH2((request, response) => tell(request as never, response as never));
    await using at = await attached(server, { h2 });
    await servesHttp1(at.port);
    const seen = await askH2(at.port);
    assert.deepEqual([seen.httpVersion, seen.encrypted], ["2.0", true]);
    assert.deepEqual([...new Set(at.facts.map(({ alpn }) => alpn))].sort(), ["h2", "http/1.1", null].sort());
  });

  it("of plain `http`: without an `http2` server h2 is not offered", async () => {
    await using at = await attached(createHttp(tell));
    const session = connectH2(`https://localhost:${at.port}`, { ca: pair.cert });
    await assert.rejects(once(session, "connect"));
    assert.equal(at.front.counters.failed.no_application_protocol, 1);
  });

  it("of plain `http`: its timers and its way of closing see the connections", async () => {
    const server = createHttp({ headersTimeout: 200, connectionsCheckingInterval: 50 }, tell);
    await using at = await attached(server);
    const agent = new Agent({ keepAlive: true });
    const { socket: idle } = await ask(at.port, agent);
    // A request whose headers never end.
    const stalled = connectTls({ port: at.port, host: "127.0.0.1", ca: pair.cert, servername: "localhost" });
    stalled.on("error", () => undefined);
    await once(stalled, "secureConnect");
    stalled.write("GET / HTTP/1.1\r\nHost:");
    const [answer] = await once(stalled, "data");
    assert.match(String(answer), /^HTTP\/1\.1 408 /);
    stalled.destroy();
    const closed = once(idle, "close");
    server.closeIdleConnections();
    await closed;
    agent.destroy();
  });

  it("leaves the host's own listeners where they are", async () => {
    const server = createHttps(tell);
    const seen: Socket[] = [];
    const first = (socket: Socket): void => void seen.push(socket);
    server.prependListener("connection", first);
    await using at = await attached(server);
    assert.ok(server.listeners("connection").includes(first));
    const agent = new Agent();
    await ask(at.port, agent);
    agent.destroy();
    assert.equal(seen.length, 1);
    assert.equal("encrypted" in (seen[0] ?? {}), false, "a raw connection, as from Node");
  });

  it("and a guard serve one server together: the table of connections tells of TLS", async () => {
    const server = createHttps(tell);
    const guarded = guard(server);
    await using at = await attached(server);
    const agent = new Agent({ keepAlive: true });
    const { socket } = await ask(at.port, agent);
    const [row = assert.fail()] = guarded.connections();
    assert.deepEqual(row.tls, at.facts[0]);
    assert.deepEqual([row.requests, row.peer, guarded.connections().length], [1, `127.0.0.1:${socket.localPort}`, 1]);
    agent.destroy();
    guarded.release();
  });

  it("does not hand on a connection that `secure` has ended", async () => {
    const server = createHttps(tell);
    let requests = 0;
    server.on("request", () => requests++);
    const front = attachTls(server, files, { secure: (socket) => void socket.destroy() });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const agent = new Agent();
    await assert.rejects(ask((server.address() as AddressInfo).port, agent));
    agent.destroy();
    front.close();
    server.close();
    assert.equal(requests, 0);
  });

  it("refuses what cannot work, and leaves the server as it was", () => {
    const h2 = createH2();
    const ends = (server: Server, more: Partial<AttachSettings>, message: RegExp): void => {
      const before = server.listeners("connection");
      assert.throws(() => attachTls(server, { ...files, ...more }), message);
      assert.deepEqual(server.listeners("connection"), before);
    };
    ends(createNet(), { alpn: ["http/1.1"] }, /a server of `http`, `https` or `http2`/);
    ends(createSecureServer() as unknown as Server, {}, /Expected `alpn` for this server/);
    ends(createHttps(), { alpn: ["h2"] }, /Expected `alpn` without h2/);
    ends(createHttps(), { h2 }, /Expected no `h2`/);
    ends(createHttp(), { alpn: ["h2", "http/1.1"] }, /Expected `alpn` without h2/);
    ends(createHttp(), { certFile: "nowhere.crt" }, /unreadable/);
    const twice = createHttp();
    attachTls(twice, files);
    ends(twice, { alpn: ["http/1.1"] }, /no TLS front is attached yet/);
  });
});

/**
 * What Node really does with settings of which the opposite is published. Each case has a control beside it whose timer does fire, so that
 * "still open" is seen after the moment at which a connection would have been closed, and nothing waits for a guessed time.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { findProduct } from "../src/hops/index.ts";

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

/** A server that answers everything, with these settings, until the test ends. */
async function serverWith(
  settings: Partial<Pick<Server, "keepAliveTimeout" | "keepAliveTimeoutBuffer" | "maxRequestsPerSocket">>,
  t: { after(fn: () => void): void },
): Promise<number> {
  const server = createServer((_, answer) => answer.end("ok"));
  Object.assign(server, settings);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return portOf(server);
}

const request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/** A raw connection with one request answered; `ended` is the time from the last answer to the server's FIN. */
async function connection(port: number, requests = 1): Promise<{ socket: Socket; text: () => string; ended: Promise<number> }> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  let answeredMs = 0;
  socket.on("data", (chunk) => {
    text += chunk;
    answeredMs = performance.now();
  });
  const ended = once(socket, "end").then(() => performance.now() - answeredMs);
  await once(socket, "connect");
  socket.write(request.repeat(requests));
  await once(socket, "data");
  return { socket, text: () => text, ended };
}

describe("Node's keepAliveTimeout", () => {
  it("of 0 never expires and announces nothing, while one of 1 s ends the connection beside it", async (t) => {
    const never = await connection(await serverWith({ keepAliveTimeout: 0 }, t));
    const control = await connection(await serverWith({ keepAliveTimeout: 1_000, keepAliveTimeoutBuffer: 500 }, t));
    t.after(() => never.socket.destroy());
    await control.ended;
    assert.match(control.text(), /Keep-Alive: timeout=1/);
    assert.doesNotMatch(never.text(), /Keep-Alive:/i);
    never.socket.write(request);
    await once(never.socket, "data");
    assert.equal(never.text().match(/HTTP\/1\.1 200/g)?.length, 2, "the connection takes a further request");
  });
  it("fires a buffer later than it announces, as the hop database says", async (t) => {
    const buffer = findProduct("node")?.knobs.find(({ name }) => name === "keepAliveTimeoutBuffer")?.default;
    const server = createServer();
    assert.equal(server.keepAliveTimeoutBuffer, buffer);
    const { ended } = await connection(await serverWith({ keepAliveTimeout: 500 }, t));
    assert.ok((await ended) >= 1_400, "500 ms and the buffer of 1 s");
  });
  it("is 5 s in this version, as the hop database says", () => {
    const server = createServer();
    const major = Number(process.versions.node.split(".")[0]);
    assert.equal(server.keepAliveTimeout, major < 27 ? 5_000 : 65_000);
  });
});

describe("Node's maxRequestsPerSocket", () => {
  it("announces the end and leaves the socket to the idle timer", async (t) => {
    const last = await connection(await serverWith({ maxRequestsPerSocket: 1, keepAliveTimeout: 1_000, keepAliveTimeoutBuffer: 0 }, t));
    assert.match(last.text(), /Connection: close/);
    assert.ok((await last.ended) >= 900, "it is not closed after the announced answer");
  });
  it("answers a request that was pipelined behind the last one with 503", async (t) => {
    const two = await connection(await serverWith({ maxRequestsPerSocket: 1, keepAliveTimeout: 500, keepAliveTimeoutBuffer: 0 }, t), 2);
    await two.ended;
    assert.match(two.text(), /HTTP\/1\.1 200[\s\S]*HTTP\/1\.1 503/);
  });
});

describe("Node's http.Agent", () => {
  it("without a timeout ignores the server's Keep-Alive hint, with one it follows it", async (t) => {
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\nok"));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const [deaf, hearing] = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true, timeout: 60_000 })];
    t.after(() => {
      deaf.destroy();
      hearing.destroy();
      server.close();
    });
    const [kept, given] = await Promise.all([freeSocket(deaf, portOf(server)), freeSocket(hearing, portOf(server))]);
    assert.equal(kept.timeout, 0, "no timer is set on the idle socket");
    await once(given, "close");
    assert.equal(kept.destroyed, false);
    assert.equal(Object.values(deaf.freeSockets).flat().length, 1, "it is offered to the next request");
  });
});

/** The idle socket that one request leaves in an agent. */
async function freeSocket(agent: Agent, port: number): Promise<Socket> {
  const freed = once(agent, "free") as Promise<[Socket]>;
  const [answer] = (await once(get({ agent, port, host: "127.0.0.1" }), "response")) as [IncomingMessage];
  answer.resume();
  const [socket] = await freed;
  await new Promise((resolve) => setImmediate(resolve));
  return socket;
}

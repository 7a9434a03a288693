/** Agents for node:http, with real servers: who gives up first, what is looked at before reuse, and what is said of it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener, request, type Server } from "node:http";
import { createServer as createTlsServer, type RequestOptions, request as tlsRequest } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { afterEach, describe, it } from "node:test";
import { certificates } from "../../../../scripts/test-support/certificates.ts";
import { type PoolAgent, poolAgent } from "../../src/agent/index.ts";
import { PoolError } from "../../src/pool-error.ts";

const clean: (() => void)[] = [];
afterEach(() => {
  for (const each of clean.splice(0)) each();
});

async function listening(server: Server): Promise<number> {
  clean.push(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A server whose own timer never comes in between: what it says is what is tried. */
async function serving(answer: RequestListener, keepAliveMs = 60_000): Promise<{ port: number; server: Server }> {
  const server = createServer(answer);
  server.keepAliveTimeout = keepAliveMs;
  return { port: await listening(server), server };
}

function made(options: Parameters<typeof poolAgent>[0] = {}): PoolAgent {
  const agent = poolAgent(options);
  clean.push(() => agent.close());
  return agent;
}

interface Answer {
  readonly status: number;
  readonly reused: boolean;
  readonly localPort: number;
  readonly headers: IncomingHttpHeaders;
}

function get(port: number, agent: PoolAgent, isTls = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = { host: "127.0.0.1", port, rejectUnauthorized: false };
    const sent = isTls ? tlsRequest({ ...options, agent: agent.https }) : request({ ...options, agent: agent.http });
    sent.on("error", reject);
    sent.on("response", (response) => {
      const localPort = sent.socket?.localPort ?? 0;
      response.resume();
      // The agent has the connection back a turn after the end.
      response.on("end", () =>
        setImmediate(() => resolve({ status: response.statusCode ?? 0, reused: sent.reusedSocket, localPort, headers: response.headers })),
      );
    });
    sent.end();
  });
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  const untilMs = performance.now() + 10_000;
  while (!holds()) {
    assert.ok(performance.now() < untilMs, `${what}: not within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Keeps the process from reading its sockets, as long work does. */
function busy(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

const answerWith =
  (header: Record<string, string>): RequestListener =>
  (_, response) =>
    void response.writeHead(200, header).end("ok");

describe("poolAgent", () => {
  it("uses one connection again and again, and says so", async () => {
    const { port } = await serving(answerWith({}));
    const agent = made();
    const ports = new Set<number>();
    for (let i = 0; i < 10; i++) ports.add((await get(port, agent)).localPort);
    assert.equal(ports.size, 1);
    const { requests, reused, reuseRatio, opened, open, idle } = agent.stats();
    assert.deepEqual({ requests, reused, reuseRatio, opened, open, idle }, { requests: 10, reused: 9, reuseRatio: 0.9, opened: 1, open: 1, idle: 1 });
  });

  it("gives up a second before a server that says when it will", async () => {
    const { port } = await serving(answerWith({ "Keep-Alive": "timeout=2" }));
    const agent = made({ jitterPercent: 0 });
    await get(port, agent);
    const sinceMs = performance.now();
    await eventually("the connection ends", () => agent.stats().open === 0);
    const tookMs = performance.now() - sinceMs;
    assert.ok(tookMs > 800, `${tookMs} ms`);
    assert.equal(agent.stats().ends.idle_limit, 1);
  });

  it("does not reuse where a server keeps for a second or less", async () => {
    const { port } = await serving(answerWith({ "Keep-Alive": "timeout=1" }));
    const agent = made();
    await get(port, agent);
    assert.equal((await get(port, agent)).reused, false);
    await eventually("both ended", () => agent.stats().ends.idle_limit === 2);
  });

  it("gives up by itself where the server says nothing", async () => {
    const { port } = await serving(answerWith({ "Keep-Alive": "" }), 0);
    const agent = made({ idleMs: 100 });
    await get(port, agent);
    await eventually("the connection ends", () => agent.stats().ends.idle_limit === 1);
  });

  it("looks at the time again before reuse, when its timers are late", async () => {
    const { port } = await serving(answerWith({ "Keep-Alive": "" }), 0);
    const agent = made({ idleMs: 100 });
    await get(port, agent);
    busy(150);
    assert.equal((await get(port, agent)).reused, false);
    assert.equal(agent.stats().ends.idle_limit, 1);
  });

  it("sees an end that has arrived and was not told yet", async (t) => {
    if (process.platform === "win32") return t.skip("there are no descriptors to ask");
    let hold: Socket | null = null;
    const server = createTcpServer((socket) => {
      hold = socket;
      socket.on("error", () => {});
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    });
    clean.push(() => {
      hold?.destroy();
      server.close();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const agent = made();
    await get(port, agent);
    // Ends it in the kernel at once, and does not let this process read before it asks again.
    await new Promise((resolve) => setTimeout(resolve, 30));
    const second = new Promise<Answer>((resolve, reject) => {
      hold?.resetAndDestroy();
      busy(20);
      get(port, agent).then(resolve, reject);
    });
    assert.equal((await second).reused, false);
    assert.equal(agent.stats().ends.server_closed + agent.stats().ends.server_reset, 1);
  });

  it("keeps its maximum, and ends what is above `idleMax`", async () => {
    let most = 0;
    let now = 0;
    const { port } = await serving((_, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        response.end("ok");
      }, 5);
    });
    const agent = made({ max: 4, idleMax: 2 });
    await Promise.all(Array.from({ length: 30 }, () => get(port, agent)));
    assert.equal(most, 4);
    assert.equal(agent.stats().opened, 4);
    assert.equal(agent.stats().reused, 26);
    await eventually("two of them end", () => agent.stats().ends.shrunk === 2);
  });

  it("bounds the queue with an error that says so", async () => {
    const { port } = await serving(answerWith({}));
    const agent = made({ max: 1, queueMax: 2 });
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => get(port, agent)));
    const codes = results.map((result) => (result.status === "fulfilled" ? "" : (result.reason as PoolError).code));
    assert.deepEqual(codes, ["", "", "", "queue_full", "queue_full"]);
    assert.ok(results.some((result) => result.status === "rejected" && result.reason instanceof PoolError));
    assert.equal(agent.stats().refused, 2);
  });

  it("ends a connection after its requests, also when others wait for it", async () => {
    const { port } = await serving(answerWith({}));
    const agent = made({ max: 1, requestsMax: 3 });
    const answers = await Promise.all(Array.from({ length: 9 }, () => get(port, agent)));
    assert.equal(new Set(answers.map(({ localPort }) => localPort)).size, 3);
    await eventually("all three ended", () => agent.stats().ends.requests_limit === 3);
  });

  it("names who ended a connection: the answer that said so, or the server without a word", async () => {
    const { port, server } = await serving((incoming, response) => {
      if (incoming.url === "/") response.setHeader("Connection", "close");
      response.end("ok");
    });
    const agent = made();
    await get(port, agent);
    await eventually("it ended as announced", () => agent.stats().ends.connection_close === 1);
    const other = await serving(answerWith({}));
    await get(other.port, agent);
    other.server.closeAllConnections();
    await eventually("the server ended it", () => agent.stats().ends.server_closed + agent.stats().ends.server_reset === 1);
    assert.ok(server.listening);
  });

  it("resumes TLS sessions and reuses over TLS", async () => {
    using made_ = certificates();
    const pair = made_.make("agent");
    const server = createTlsServer({ key: pair.key, cert: pair.cert }, answerWith({}));
    const port = await listening(server as unknown as Server);
    const agent = made({ requestsMax: 2 });
    for (let i = 0; i < 4; i++) assert.equal((await get(port, agent, true)).status, 200);
    const { opened, reused, tlsResumed } = agent.stats();
    assert.deepEqual({ opened, reused, tlsResumed }, { opened: 2, reused: 2, tlsResumed: 1 });
  });

  it("leaves a request its own timeout", async () => {
    const { port } = await serving((incoming, response) => {
      if (incoming.url === "/slow") return;
      response.end("ok");
    });
    const agent = made({ idleMs: 150 });
    await get(port, agent);
    const slow = request({ host: "127.0.0.1", port, path: "/slow", agent: agent.http, timeout: 400 });
    slow.on("error", () => {});
    slow.end();
    const sinceMs = performance.now();
    await once(slow, "timeout");
    assert.ok(slow.reusedSocket);
    assert.ok(performance.now() - sinceMs > 300, "the limit of idleness is not the request's");
    slow.destroy();
    await eventually("its end is the caller's", () => agent.stats().ends.caller_broke_it === 1);
  });
});

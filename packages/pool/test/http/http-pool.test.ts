// The facade over real servers: reuse, limits, ends, and what callers of undici and fetch rely on.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { httpPool, type RequestTrace } from "@holdfast/pool";
import { type Dispatcher, getGlobalDispatcher, setGlobalDispatcher, fetch as undiciFetch, request as undiciRequest } from "undici";
import { answer, rawServer } from "../support/raw-server.ts";
import { until } from "../support/until.ts";

async function served(listener: RequestListener, set: (server: Server) => void = () => {}): Promise<{ origin: string; server: Server } & AsyncDisposable> {
  const server = createServer(listener);
  set(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    server,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const hello: RequestListener = (_, response) => response.end("hello");

describe("connections", () => {
  test("the second request reuses the first one's connection, and its trace says so", async () => {
    await using to = await served(hello);
    const traces: RequestTrace[] = [];
    const pool = httpPool({ onTrace: (trace) => traces.push(trace) });
    for (let i = 0; i < 2; i++) await (await pool.request(to.origin)).body.text();
    const [first, second] = traces as [RequestTrace, RequestTrace];
    assert.equal(first.reused, false);
    assert.ok(first.phases.tcpMs !== null && first.phases.dnsMs === null && first.phases.tlsMs === null);
    assert.deepEqual([second.reused, second.phases.tcpMs, second.requestOnConnection, second.connection], [true, null, 2, first.connection]);
    assert.equal(pool.stats().reuseRatio, 0.5);
    assert.equal(pool.connections()[0]?.hintMs, 5_000);
    await pool.close();
    assert.deepEqual(pool.stats().ends, { pool_closed: 1 });
    await assert.rejects(pool.request(to.origin), { code: "closed", outcome: "not_sent" });
  });

  test("is given up before the server does: its hint less a margin", async () => {
    await using to = await served(hello, (server) => {
      server.keepAliveTimeout = 2_000;
    });
    const pool = httpPool();
    await (await pool.request(to.origin)).body.text();
    assert.equal(pool.connections()[0]?.hintMs, 2_000);
    const fromMs = performance.now();
    await until(
      () => pool.stats().ends.idle_limit === 1,
      () => pool.stats(),
    );
    assert.ok(performance.now() - fromMs < 2_500);
    await pool.close();
  });

  test("is given up after `idleMs` where the server says nothing, and after the last request that it allows", async () => {
    await using server = await rawServer(({ socket, requests }) => socket.write(answer("yes", requests === 2 ? { "Keep-Alive": "max=0" } : {})));
    const pool = httpPool({ idleMs: 50 });
    await (await pool.request(server.origin)).body.text();
    await until(
      () => pool.stats().ends.idle_limit === 1,
      () => pool.stats(),
    );
    await pool.close();
    const other = httpPool();
    for (let i = 0; i < 3; i++) await (await other.request(server.origin)).body.text();
    assert.deepEqual(other.stats().ends, { connection_close: 1 });
    await other.close();
  });

  test("is not used again after `Connection: close` or HTTP/1.0, and nothing fails by it", async () => {
    await using server = await rawServer(({ socket, number }) => {
      if (number === 1) socket.end(answer("one", { Connection: "close" }));
      else if (number === 2) socket.end("HTTP/1.0 200 OK\r\n\r\nuntil the end");
      else socket.write(answer("three"));
    });
    const pool = httpPool();
    const bodies: string[] = [];
    for (let i = 0; i < 4; i++) bodies.push(await (await pool.request(server.origin, { method: "POST", body: "x" })).body.text());
    assert.deepEqual(bodies, ["one", "until the end", "three", "three"]);
    const { ends, repeated } = pool.stats();
    assert.deepEqual({ ends, repeated }, { ends: { connection_close: 2 }, repeated: 0 });
    await pool.close();
  });

  test("HEAD does not cost its connection where the server says that it keeps it", async () => {
    await using to = await served(hello);
    const pool = httpPool();
    for (let i = 0; i < 3; i++) await (await pool.request(to.origin, { method: "HEAD" })).body.text();
    assert.equal(pool.stats().opened, 1);
    await pool.close();
  });

  test("ends by its count of requests", async () => {
    await using to = await served(hello);
    const pool = httpPool({ requestsMax: 2 });
    for (let i = 0; i < 5; i++) await (await pool.request(to.origin)).body.text();
    assert.deepEqual([pool.stats().opened, pool.stats().ends.requests_limit], [3, 2]);
    await pool.close();
  });
});

describe("limits", () => {
  test("who waits is sent in the async context of the call, and its trace counts the connection's requests one by one", async () => {
    await using to = await served((request, response) => request.on("end", () => response.end("hello")).resume());
    const traces: RequestTrace[] = [];
    const pool = httpPool({ max: 1, onTrace: (trace) => traces.push(trace) });
    const context = new AsyncLocalStorage<number>();
    const found: unknown[] = [];
    async function* body(): AsyncGenerator<string> {
      found.push(context.getStore());
      yield "x";
    }
    const calls = [1, 2, 3].map((number) =>
      context.run(number, async () => (await pool.request(to.origin, { method: "POST", body: Readable.from(body()) })).body.text()),
    );
    await Promise.all(calls);
    assert.deepEqual(found, [1, 2, 3]);
    assert.deepEqual(
      traces.map(({ requestOnConnection, reused }) => [requestOnConnection, reused]),
      [
        [1, false],
        [2, true],
        [3, true],
      ],
    );
    assert.equal(pool.stats().reused, 2);
    await pool.close();
  });

  test("more than `max` wait in order, more than `queueMax` are refused, and the wait ends in time", async () => {
    const open: (() => void)[] = [];
    await using server = await rawServer(({ socket }) => open.push(() => socket.write(answer("yes"))));
    const pool = httpPool({ max: 1, queueMax: 1, acquireTimeoutMs: 300 });
    const first = pool.request(server.origin);
    await until(() => open.length === 1);
    const late = assert.rejects(pool.request(server.origin), { code: "acquire_timeout", outcome: "not_sent" });
    await assert.rejects(pool.request(server.origin), { code: "queue_full", outcome: "not_sent" });
    await late;
    const second = pool.request(server.origin);
    open[0]?.();
    await (await first).body.text();
    await until(() => open.length === 2);
    open[1]?.();
    await (await second).body.text();
    assert.equal(pool.stats().opened, 1);
    await pool.close();
  });

  test("origins beyond `originsMax` push out the one that was idle for longest; where all are in use one more is refused", async () => {
    await using a = await served(hello);
    await using b = await served(hello);
    let release: () => void = () => {};
    await using slow = await served((_, response) => {
      release = () => response.end("slow");
    });
    const pool = httpPool({ originsMax: 1 });
    await (await pool.request(a.origin)).body.text();
    await (await pool.request(b.origin)).body.text();
    assert.deepEqual(
      pool.stats().origins.map(({ origin }) => origin),
      [b.origin],
    );
    assert.equal(pool.stats().requests, 2);
    // Connections of origins that left have ended, and are counted so.
    assert.deepEqual(pool.stats().ends, { pool_closed: 1 });
    const waiting = pool.request(slow.origin);
    await assert.rejects(pool.request(a.origin), { code: "too_many_origins", outcome: "not_sent" });
    await until(() => pool.connections().some(({ active }) => active === 1));
    release();
    await (await waiting).body.text();
    await pool.close();
  });

  test("an origin that is none, an option that is none: told by name", async () => {
    const pool = httpPool();
    await assert.rejects(pool.request({ origin: "ftp://example.test", path: "/", method: "GET" }), { code: "invalid_option" });
    assert.throws(() => httpPool({ idleMilliseconds: 1 } as object), /idleMilliseconds/);
    assert.throws(() => httpPool({ hedgeAfterMs: 0 }), /hedgeAfterMs/);
    assert.throws(() => httpPool({ http2: "yes" as "only" }), /http2/);
    await pool.close();
  });

  test("what undici will not send costs no connection", async () => {
    await using to = await served(hello);
    const pool = httpPool();
    await (await pool.request(to.origin)).body.text();
    await assert.rejects(pool.request({ origin: to.origin, path: "no slash", method: "GET" }), { code: "UND_ERR_INVALID_ARG" });
    await (await pool.request(to.origin)).body.text();
    assert.equal(pool.stats().opened, 1);
    await pool.close();
  });
});

describe("a caller that leaves", () => {
  test("while it waits for a connection: its place in the queue is free, and nothing is sent", async () => {
    const open: (() => void)[] = [];
    await using server = await rawServer(({ socket }) => open.push(() => socket.write(answer("yes"))));
    const pool = httpPool({ max: 1 });
    const first = pool.request(server.origin);
    await until(() => open.length === 1);
    const leaving = new AbortController();
    const second = pool.request(server.origin, { signal: leaving.signal });
    await until(() => pool.stats().origins[0]?.waiting === 1);
    leaving.abort();
    await assert.rejects(second, { name: "AbortError" });
    assert.equal(pool.stats().origins[0]?.waiting, 0);
    open[0]?.();
    await (await first).body.text();
    assert.equal(server.requests.length, 1);
    await pool.close();
  });

  test("while the answer is awaited, or read: the connection ends with it, the next one works", async () => {
    await using to = await served((request, response) => {
      if (request.url === "/silent") return;
      if (request.url === "/endless") return void response.write("some");
      response.end("hello");
    });
    const pool = httpPool();
    const leaving = new AbortController();
    const silent = pool.fetch(`${to.origin}/silent`, { signal: leaving.signal });
    await until(() => pool.connections()[0]?.active === 1);
    leaving.abort();
    await assert.rejects(silent, { name: "AbortError" });
    const reading = new AbortController();
    const response = await pool.fetch(`${to.origin}/endless`, { signal: reading.signal });
    reading.abort();
    await assert.rejects(response.text(), { name: "AbortError" });
    assert.equal(await (await pool.fetch(to.origin)).text(), "hello");
    await until(
      () => pool.stats().ends.caller_broke_it === 2,
      () => pool.stats(),
    );
    await pool.close();
  });

  test("a stream of the caller's that breaks is the caller's failure, not the server's", async () => {
    await using to = await served((request, response) => request.pipe(response));
    const pool = httpPool();
    const broken = new Readable({ read() {} });
    broken.push("some");
    setTimeout(() => broken.destroy(Object.assign(new Error("source broke"), { code: "ECONNRESET" })), 20);
    const sent = pool.request(to.origin, { method: "POST", body: broken }).then(({ body }) => body.text());
    await assert.rejects(sent, (error: Error) => !("outcome" in error));
    await until(
      () => pool.stats().ends.caller_broke_it === 1,
      () => pool.stats(),
    );
    await pool.close();
  });

  test("an answer that does not come in time is told as undici tells it", async () => {
    await using to = await served(() => {});
    const pool = httpPool({ headersTimeoutMs: 100 });
    await assert.rejects(pool.request(to.origin), { code: "UND_ERR_HEADERS_TIMEOUT" });
    await until(
      () => pool.stats().ends.answer_timeout === 1,
      () => pool.stats(),
    );
    await pool.close();
  });

  test("destroy ends what is under way, and says so", async () => {
    await using to = await served(() => {});
    const pool = httpPool();
    const under = assert.rejects(pool.request(to.origin), { code: "closed", outcome: "unknown" });
    await until(() => pool.connections()[0]?.active === 1);
    await pool.destroy();
    await under;
  });
});

describe("hedging", () => {
  test("a silent first connection: the second one answers, the first is cancelled, the caller sees one answer", async () => {
    await using server = await rawServer(({ socket, number }) => void (number > 1 && socket.write(answer(`connection ${number}`))));
    const pool = httpPool({ hedgeAfterMs: 30, hedgePercentMax: 100 });
    assert.equal(await (await pool.request(server.origin)).body.text(), "connection 2");
    const { hedged, failed, ends } = pool.stats();
    assert.deepEqual({ hedged, failed, ends }, { hedged: 1, failed: 0, ends: { hedge_lost: 1 } });
    await pool.close();
  });

  test("never twice what must not arrive twice, and no more than the share that is allowed", async () => {
    await using server = await rawServer(({ socket }) => setTimeout(() => socket.write(answer("slow")), 60));
    const pool = httpPool({ hedgeAfterMs: 10, hedgePercentMax: 10 });
    await (await pool.request(server.origin, { method: "POST", body: "x" })).body.text();
    assert.equal(server.requests.length, 1);
    await Promise.all(Array.from({ length: 10 }, async () => (await pool.request(server.origin)).body.text()));
    const { hedged } = pool.stats();
    assert.ok(hedged >= 1 && hedged <= 2, `hedged ${hedged}`);
    await pool.close();
  });

  test("a hedged request that is aborted ends both", async () => {
    await using server = await rawServer(() => {});
    const pool = httpPool({ hedgeAfterMs: 10, hedgePercentMax: 100 });
    const leaving = new AbortController();
    const under = pool.request(server.origin, { signal: leaving.signal });
    await until(() => server.requests.length === 2);
    leaving.abort();
    await assert.rejects(under, { name: "AbortError" });
    await until(() => pool.connections().length === 0);
    await pool.close();
  });
});

describe("the calls that callers know", () => {
  const listener: RequestListener = (request, response) => {
    if (request.url === "/redirect") response.writeHead(302, { location: "/echo" }).end();
    else if (request.url === "/stream") Readable.from(["one ", "two ", "three"]).pipe(response);
    else if (request.method === "POST") request.pipe(response);
    else response.setHeader("x-seen", request.headers["x-sent"] ?? "").end(`echo ${request.url}`);
  };
  const fetches = {
    "the pool's own fetch": (pool: ReturnType<typeof httpPool>) => (url: string, init: object) => pool.fetch(url, init),
    "undici's fetch": (pool: ReturnType<typeof httpPool>) => (url: string, init: object) => undiciFetch(url, { ...init, dispatcher: pool }),
    "the global fetch": (pool: ReturnType<typeof httpPool>) => (url: string, init: object) =>
      fetch(url, { ...init, dispatcher: pool } as unknown as RequestInit),
  };
  for (const [name, over] of Object.entries(fetches)) {
    test(`${name}: bodies both ways, redirects, headers, streams, on one connection`, async () => {
      await using to = await served(listener);
      const pool = httpPool();
      const call = over(pool);
      const seen = await call(`${to.origin}/echo`, { headers: { "x-sent": "yes" } });
      assert.deepEqual([seen.status, seen.headers.get("x-seen"), await seen.text()], [200, "yes", "echo /echo"]);
      assert.equal(await (await call(`${to.origin}/redirect`, {})).text(), "echo /echo");
      assert.equal(await (await call(to.origin, { method: "POST", body: "text" })).text(), "text");
      const body = new Blob(["as a ", "stream"]).stream();
      assert.equal(await (await call(to.origin, { method: "POST", body, duplex: "half" })).text(), "as a stream");
      let whole = "";
      for await (const chunk of (await call(`${to.origin}/stream`, {})).body as AsyncIterable<Uint8Array>) whole += Buffer.from(chunk).toString();
      assert.equal(whole, "one two three");
      assert.equal(pool.stats().opened, 1);
      await pool.close();
    });
  }

  test("a pool as undici's global dispatcher", async () => {
    await using to = await served(hello);
    const pool = httpPool();
    const before = getGlobalDispatcher();
    setGlobalDispatcher(pool);
    try {
      await (await undiciRequest(to.origin)).body.text();
    } finally {
      setGlobalDispatcher(before);
    }
    assert.equal(pool.stats().requests, 1);
    await pool.close();
  });

  test("handlers of undici 7 are served", async () => {
    await using to = await served(hello);
    const pool = httpPool();
    const told: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const older = {
        onConnect: () => told.push("connect"),
        onHeaders: (status: number) => told.push(`headers ${status}`) > 0,
        onData: (chunk: Buffer) => told.push(chunk.toString()) > 0,
        onComplete: () => resolve(),
        onError: reject,
      };
      pool.dispatch({ origin: to.origin, path: "/", method: "GET" }, older as object);
    });
    assert.deepEqual(told, ["connect", "headers 200", "hello"]);
    await pool.close();
  });

  test("an upgrade takes its connection with it", async () => {
    await using server = await rawServer(({ socket }) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
      socket.removeAllListeners("data").pipe(socket);
    });
    const pool = httpPool();
    const { socket } = await pool.upgrade({ origin: server.origin, path: "/", protocol: "echo" } as Parameters<typeof pool.upgrade>[0]);
    assert.deepEqual(pool.stats().ends, { upgraded: 1 });
    assert.equal(pool.stats().origins[0]?.connections.open, 0);
    socket.write("ping");
    assert.equal(String((await once(socket, "data"))[0]), "ping");
    socket.destroy();
    await pool.close();
  });

  test("a handler that pauses before its request is sent gets no body until it resumes, on a waiting connection and a repeated one", async () => {
    await using to = await rawServer(({ socket, number, requests }) => {
      if (number === 1 && requests === 2) socket.resetAndDestroy();
      else socket.write(answer("hello"));
    });
    const pool = httpPool();
    for (let i = 0; i < 2; i++) {
      const seen: string[] = [];
      const held: Dispatcher.DispatchController[] = [];
      pool.dispatch(
        { origin: to.origin, path: "/", method: "GET" },
        {
          onRequestStart: (controller) => {
            held.push(controller);
            controller.pause();
          },
          onResponseStart: (controller) => {
            seen.push(`start, paused: ${controller.paused}`);
            setTimeout(() => {
              seen.push("resume");
              controller.resume();
            }, 50);
          },
          onResponseData: () => seen.push("data"),
          onResponseEnd: () => seen.push("end"),
          onResponseError: (_, error) => seen.push(String(error)),
        },
      );
      await until(() => seen.includes("end"));
      assert.deepEqual([seen, held.length], [["start, paused: true", "resume", "data", "end"], 1]);
    }
    assert.equal(pool.stats().repeated, 1);
    await pool.close();
  });

  test("a body that nobody reads fast is not read ahead without end", async () => {
    await using to = await served((_, response) => response.end(Buffer.alloc(8_000_000)));
    const pool = httpPool();
    const { body } = await pool.request(to.origin);
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes < 500_000) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.equal(bytes, 8_000_000);
    await pool.close();
  });
});

// Servers that end connections whenever it hurts: what fails, what is repeated, and that nothing arrives twice that must not.
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { type Connector, httpPool, nodeConnector, PoolError } from "@holdfast/pool";
import { answer, rawServer } from "../support/raw-server.ts";
import { until } from "../support/until.ts";

const text = async (response: { body: { text(): Promise<string> } }): Promise<string> => response.body.text();

describe("a connection that ends under a request", () => {
  test("a reused one that is reset before any answer: GET is repeated on a new connection, and its caller sees nothing of it", async () => {
    await using server = await rawServer(({ socket, number, requests }) => {
      if (number === 1 && requests === 2) socket.resetAndDestroy();
      else socket.write(answer(`connection ${number}`));
    });
    const traces: number[] = [];
    const pool = httpPool({ onTrace: ({ retries }) => traces.push(retries) });
    assert.equal(await text(await pool.request(server.origin)), "connection 1");
    assert.equal(await text(await pool.request(server.origin)), "connection 2");
    assert.deepEqual(traces, [0, 1]);
    assert.equal(server.requests.length, 3);
    const { repeated, failed, ends } = pool.stats();
    assert.deepEqual({ repeated, failed, ends }, { repeated: 1, failed: 0, ends: { server_reset: 1 } });
    await pool.close();
  });

  test("the same for POST: it fails, says that it may have been carried out, and arrives once", async () => {
    await using server = await rawServer(({ socket, number, requests }) => {
      if (number === 1 && requests === 2) socket.end();
      else socket.write(answer("yes"));
    });
    const pool = httpPool();
    await text(await pool.request(server.origin, { method: "POST", body: "first" }));
    await assert.rejects(pool.request(server.origin, { method: "POST", body: "second" }), { code: "connection_lost", outcome: "unknown" });
    assert.deepEqual(
      server.requests.map(({ body }) => body),
      ["first", "second"],
    );
    assert.equal(await text(await pool.request(server.origin)), "yes");
    await pool.close();
  });

  test("a server that ends its connections right behind an answer, unannounced, costs no POST that follows at once", async () => {
    await using server = await rawServer(({ socket, requests }) => {
      socket.write(answer("yes"));
      if (requests === 2) socket.end();
    });
    const pool = httpPool({ max: 1 });
    for (let i = 0; i < 40; i++) assert.equal(await text(await pool.request(server.origin, { method: "POST", body: `${i}` })), "yes");
    assert.deepEqual(
      server.requests.map(({ body }) => body),
      Array.from({ length: 40 }, (_, i) => `${i}`),
    );
    await pool.close();
  });

  test("a POST that its caller calls idempotent is repeated", async () => {
    await using server = await rawServer(({ socket, number, requests }) => {
      if (number === 1 && requests === 2) socket.end();
      else socket.write(answer("yes"));
    });
    const pool = httpPool();
    await text(await pool.request(server.origin));
    await text(await pool.request(server.origin, { method: "POST", body: "keyed", idempotent: true }));
    assert.equal(server.requests.filter(({ body }) => body === "keyed").length, 2);
    await pool.close();
  });

  test("a body that is a stream is never sent twice", async () => {
    await using server = await rawServer(({ socket, number, requests }) => {
      if (number === 1 && requests === 2) socket.end();
      else socket.write(answer("yes"));
    });
    const pool = httpPool();
    await text(await pool.request(server.origin));
    await assert.rejects(pool.request(server.origin, { method: "PUT", body: Readable.from(["once"]) }), { code: "connection_lost", outcome: "unknown" });
    assert.equal(server.requests.filter(({ method }) => method === "PUT").length, 1);
    await pool.close();
  });

  test("a new connection that ends unanswered fails at once: the server does not want us", async () => {
    await using server = await rawServer(({ socket }) => socket.end());
    const pool = httpPool();
    await assert.rejects(pool.request(server.origin), { code: "connection_lost", outcome: "unknown" });
    assert.equal(server.connections.length, 1);
    await pool.close();
  });

  test("one that was made for a caller that left, and lay idle: its end is a stale connection's, and GET is repeated", async () => {
    await using server = await rawServer(({ socket, number }) => {
      if (number === 1) socket.resetAndDestroy();
      else socket.write(answer("yes"));
    });
    const pool = httpPool();
    const abort = new AbortController();
    const left = pool.request(server.origin, { signal: abort.signal });
    abort.abort(new Error("not needed"));
    await assert.rejects(left, /not needed/);
    await until(
      () => pool.stats().origins[0]?.connections.idle === 1,
      () => pool.stats(),
    );
    assert.equal(await text(await pool.request(server.origin)), "yes");
    assert.deepEqual([pool.stats().repeated, server.requests.length], [1, 2]);
    await pool.close();
  });

  test("a request is repeated once, never twice", async () => {
    await using server = await rawServer(({ socket, number, requests }) => {
      if (number === 1 && requests === 1) socket.write(answer("first"));
      else socket.resetAndDestroy();
    });
    const pool = httpPool();
    await text(await pool.request(server.origin));
    await assert.rejects(pool.request(server.origin), { code: "connection_lost" });
    assert.equal(server.requests.length, 3);
    await pool.close();
  });

  test("a pool that is destroyed while a request is being repeated fails it, and takes the new connection back", async () => {
    await using server = await rawServer(({ socket, requests }) => {
      if (requests === 1) socket.write(answer("yes"));
      else socket.resetAndDestroy();
    });
    const { connect, resolve, tlsSessions } = nodeConnector();
    let takenBack: unknown = null;
    let made = 0;
    const connector: Connector = {
      resolve,
      tlsSessions,
      connect: (target, signal) => {
        if (++made === 1) return connect(target, signal);
        setImmediate(() => void pool.destroy());
        return new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            takenBack = signal.reason;
            reject(signal.reason);
          });
        });
      },
    };
    const pool = httpPool({ connector });
    await text(await pool.request(server.origin));
    await assert.rejects(pool.request(server.origin), { code: "closed" });
    assert.ok(takenBack instanceof PoolError);
    assert.deepEqual(pool.connections(), []);
  });

  test("a handler that throws in its last call is told so, and its connection is reused all the same", async () => {
    await using server = await rawServer(({ socket }) => socket.write(answer("yes")));
    const pool = httpPool();
    const told = await new Promise<Error>((resolve) => {
      pool.dispatch(
        { origin: server.origin, path: "/", method: "GET" },
        {
          onRequestStart: () => {},
          onResponseStart: () => {},
          onResponseData: () => {},
          onResponseEnd: () => {
            throw new Error("of the caller's");
          },
          onResponseError: (_, error) => resolve(error),
        },
      );
    });
    assert.equal(told.message, "of the caller's");
    await text(await pool.request(server.origin));
    assert.equal(pool.stats().opened, 1);
    await pool.close();
  });

  test("an answer that has begun is not asked for again", async () => {
    await using server = await rawServer(({ socket, requests }) => {
      if (requests === 1) socket.write(answer("whole"));
      else socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    });
    const pool = httpPool();
    await text(await pool.request(server.origin));
    const response = await pool.request(server.origin);
    await assert.rejects(text(response), { code: "connection_lost", outcome: "unknown" });
    assert.equal(server.requests.length, 2);
    await pool.close();
  });

  test("half a status line is an answer, too", async () => {
    await using server = await rawServer(({ socket, requests }) => {
      if (requests === 1) socket.write(answer("whole"));
      else socket.end("HTTP/1.1 2");
    });
    const pool = httpPool();
    await text(await pool.request(server.origin));
    await assert.rejects(pool.request(server.origin));
    assert.equal(server.requests.length, 2);
    await pool.close();
  });
});

describe("an idle connection that ends", () => {
  test("its end has arrived before it is reused: it is not used, and a POST goes elsewhere unharmed", async () => {
    await using server = await rawServer(({ socket, number }) => {
      socket.write(answer(`connection ${number}`));
      if (number === 1) setImmediate(() => socket.end());
    });
    const pool = httpPool();
    await text(await pool.request(server.origin));
    await until(
      () => pool.stats().ends.server_closed === 1,
      () => pool.stats(),
    );
    assert.equal(await text(await pool.request(server.origin, { method: "POST", body: "x" })), "connection 2");
    await pool.close();
  });

  test("its end arrives while a POST is being given to it: the POST goes to another connection, and arrives once", async () => {
    await using server = await rawServer(({ socket, number }) => socket.write(answer(`connection ${number}`)));
    const pool = httpPool();
    await text(await pool.request(server.origin));
    // From a timer on, the loop looks at sockets once more before it sends.
    const sent = await new Promise<string>((resolve) =>
      setTimeout(() => {
        server.connections[0]?.socket.destroy();
        resolve(pool.request(server.origin, { method: "POST", body: Readable.from(["x"]) }).then(text));
      }, 5),
    );
    assert.equal(sent, "connection 2");
    assert.equal(pool.stats().moved, 1);
    assert.equal(server.requests.length, 2);
    await pool.close();
  });

  test("a late 408 on an idle connection is nobody's answer", async () => {
    await using server = await rawServer(({ socket, number }) => {
      socket.write(answer(`connection ${number}`));
      if (number === 1) setTimeout(() => socket.end(answer("too late", { Connection: "close" }, "408 Request Timeout")), 30);
    });
    const pool = httpPool();
    await text(await pool.request(server.origin));
    await until(
      () => pool.stats().ends.server_closed === 1,
      () => pool.stats(),
    );
    assert.equal(await text(await pool.request(server.origin)), "connection 2");
    await pool.close();
  });

  test("a 408 that crosses a request on a reused connection is answered by a repetition", async () => {
    await using server = await rawServer(({ socket, number, requests }) => {
      if (number === 1 && requests === 2) socket.end(answer("too late", { Connection: "close" }, "408 Request Timeout"));
      else socket.write(answer(`connection ${number}`));
    });
    const pool = httpPool();
    await text(await pool.request(server.origin));
    const response = await pool.request(server.origin);
    assert.equal(response.statusCode, 200);
    assert.equal(await text(response), "connection 2");
    await pool.close();
  });

  test("a connection that nobody has used yet and that the server ends is not used", async () => {
    await using server = await rawServer(({ socket, number }) => socket.write(answer(`connection ${number}`)), {
      onConnection: ({ number, socket }) => void (number === 1 && setTimeout(() => socket.end(answer("early", {}, "408 Request Timeout")), 30)),
    });
    const pool = httpPool({ max: 1 });
    const leaving = new AbortController();
    const left = pool.request(server.origin, { signal: leaving.signal });
    leaving.abort();
    await assert.rejects(left, { name: "AbortError" });
    await until(
      () => server.connections.length === 0 || pool.stats().ends.server_closed === 1,
      () => pool.stats(),
    );
    assert.match(await text(await pool.request(server.origin)), /connection/);
    await pool.close();
  });
});

describe("many requests against a server that ends connections", () => {
  /** Sends one after the other, `gapMs` apart; returns the failures. */
  const run = async (origin: string, method: "GET" | "POST", count: number, gapMs: (i: number) => number): Promise<{ failures: unknown[]; reused: number }> => {
    const pool = httpPool();
    const failures: unknown[] = [];
    for (let i = 0; i < count; i++) {
      try {
        const response = await pool.request(origin, method === "POST" ? { method, body: `id-${i}` } : { method });
        await response.body.text();
      } catch (error) {
        failures.push(error);
      }
      await new Promise((resolve) => setTimeout(resolve, gapMs(i)));
    }
    const { reused } = pool.stats();
    await pool.close();
    return { failures, reused };
  };
  /** Closes a connection so long after an answer, without a word. */
  const edgeMs = 20;
  const atTheEdge = () =>
    rawServer(({ socket, requests }, _) => {
      socket.write(answer("yes"));
      const at = requests;
      setTimeout(() => {
        if (counts.get(socket) === at) socket.destroy();
      }, edgeMs);
      counts.set(socket, at);
    });
  const counts = new WeakMap<object, number>();
  const aroundTheEdge = (i: number): number => edgeMs - 2 + (i % 5);

  test("at the edge of its timer no GET fails", async () => {
    await using server = await atTheEdge();
    const { failures } = await run(server.origin, "GET", 80, aroundTheEdge);
    assert.deepEqual(failures, []);
  });

  test("at the edge of its timer no POST arrives twice, and each that fails says that it may have arrived", async () => {
    await using server = await atTheEdge();
    const { failures } = await run(server.origin, "POST", 80, aroundTheEdge);
    for (const failure of failures) assert.ok(failure instanceof PoolError && failure.code === "connection_lost", String(failure));
    const bodies = server.requests.map(({ body }) => body);
    assert.equal(new Set(bodies).size, bodies.length);
  });

  test("after every third request, without a word: no GET fails", async () => {
    await using server = await rawServer(({ socket, requests }) => {
      if (requests > 3) socket.resetAndDestroy();
      else socket.write(answer("yes"));
    });
    const { failures, reused } = await run(server.origin, "GET", 30, () => 0);
    assert.deepEqual(failures, []);
    assert.ok(reused >= 15, `reused ${reused}`);
  });

  test("all connections die at once under 20 concurrent GETs: none fails, each is repeated at most once", async () => {
    let isRestarted = false;
    await using server = await rawServer(({ socket, number }) => {
      if (isRestarted && number <= 20) socket.resetAndDestroy();
      else socket.write(answer("yes"));
    });
    const pool = httpPool({ max: 20 });
    const round = () => Promise.all(Array.from({ length: 20 }, async () => text(await pool.request(server.origin))));
    await round();
    assert.equal(server.connections.length, 20);
    isRestarted = true;
    await round();
    const { failed, repeated, moved } = pool.stats();
    assert.equal(failed, 0);
    assert.equal(repeated + moved, 20);
    await pool.close();
  });
});

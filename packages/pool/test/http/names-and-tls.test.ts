// The facade where names change and TLS negotiates: what connections are made, kept and given up.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createHttp2Server, createSecureServer } from "node:http2";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { type Address, httpPool, type RequestTrace } from "@holdfast/pool";
import type { Dispatcher } from "undici";
import { onePair } from "../../../../scripts/test-support/certificates.ts";
import { answer, rawServer } from "../support/raw-server.ts";
import { until } from "../support/until.ts";

async function listening(server: Server): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

describe("names", () => {
  test("a name that leads elsewhere is followed: connections to its old address end between two requests, and nothing fails", async () => {
    await using old = await rawServer(({ socket }) => socket.write(answer("old")), { host: "127.0.0.2" });
    // The same port at another address of this machine.
    const next = createServer((_, response) => response.end("new"));
    next.listen(old.port, "127.0.0.3");
    await once(next, "listening");
    let address = "127.0.0.2";
    const pool = httpPool({ lookup: async (): Promise<Address[]> => [{ address, family: 4 }], dnsCacheMs: 1, dnsRecheckMs: 20, addressGoneMs: 40 });
    const ask = async (): Promise<string> => (await pool.request(`http://service.test:${old.port}`)).body.text();
    try {
      assert.equal(await ask(), "old");
      address = "127.0.0.3";
      const seen = new Set<string>();
      const deadline = performance.now() + 10_000;
      while (!seen.has("new") && performance.now() < deadline) {
        seen.add(await ask());
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.ok(seen.has("new"), JSON.stringify(pool.stats()));
      const { failed, repeated, ends } = pool.stats();
      assert.deepEqual({ failed, repeated, ends }, { failed: 0, repeated: 0, ends: { address_gone: 1 } });
      assert.equal(pool.connections()[0]?.peer, `127.0.0.3:${old.port}`);
    } finally {
      await pool.close();
      next.closeAllConnections();
      next.close();
    }
  });

  test("a name that the resolver does not know for a while costs no connection that works", async () => {
    await using server = await rawServer(({ socket }) => socket.write(answer("yes")));
    let fails = false;
    let asked = 0;
    const lookup = async (): Promise<Address[]> => {
      asked++;
      if (fails) throw new Error("the resolver is down");
      return [{ address: "127.0.0.1", family: 4 }];
    };
    const pool = httpPool({ lookup, dnsCacheMs: 1, dnsRecheckMs: 5, addressGoneMs: 10 });
    const ask = async (): Promise<string> => (await pool.request(`http://service.test:${server.port}`)).body.text();
    await ask();
    fails = true;
    for (let i = 0; i < 10; i++) {
      await ask();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(asked > 2);
    assert.equal(pool.stats().opened, 1);
    await pool.close();
  });

  test("a dead address among those of the name costs one attempt, not the request", async () => {
    await using server = await rawServer(({ socket }) => socket.write(answer("alive")));
    const lookup = async (): Promise<Address[]> => [
      { address: "127.0.0.9", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ];
    const pool = httpPool({ lookup });
    assert.equal(await (await pool.request(`http://service.test:${server.port}`)).body.text(), "alive");
    await pool.close();
  });
});

const pair = onePair();

describe("TLS", { skip: pair === null }, () => {
  const tls = { ca: pair?.cert ?? "" };

  test("a connection that follows another resumes its session, as the server sees it, and the trace says so", async () => {
    const resumed: boolean[] = [];
    const server = createTlsServer({ ...pair } as ServerOptions, (request, response) => {
      resumed.push((request.socket as TLSSocket).isSessionReused());
      response.setHeader("Connection", "close").end("hello");
    });
    await using to = await listening(server);
    const traces: RequestTrace[] = [];
    const pool = httpPool({ tls, onTrace: (trace) => traces.push(trace) });
    for (let i = 0; i < 3; i++) {
      await (await pool.request(`https://localhost:${to.port}`)).body.text();
      await until(() => traces.length === i + 1);
    }
    assert.deepEqual(resumed, [false, true, true]);
    assert.deepEqual(
      traces.map((trace) => trace.tls),
      [false, true, true].map((each) => ({ version: "TLSv1.3", resumed: each })),
    );
    assert.ok(traces.every(({ phases, protocol }) => phases.tlsMs !== null && protocol === "http/1.1"));
    assert.equal(pool.stats().tlsSessions, 1);
    await pool.close();
  });

  test("the server that the request's Host names is the one whose certificate counts, on connections of its own", async () => {
    const names: (string | false | null)[] = [];
    const server = createTlsServer({ ...pair } as ServerOptions, (request, response) => {
      names.push((request.socket as TLSSocket & { servername: string | false }).servername);
      response.end("hello");
    });
    await using to = await listening(server);
    const pool = httpPool({ tls });
    const origin = `https://127.0.0.1:${to.port}`;
    for (let i = 0; i < 2; i++) {
      await (await pool.request(origin)).body.text();
      await (await pool.request(origin, { headers: { host: "localhost" } })).body.text();
    }
    assert.deepEqual(names, [false, "localhost", false, "localhost"]);
    assert.equal(pool.stats().opened, 2);
    await assert.rejects(pool.request(origin, { headers: { host: "elsewhere.test" } }), { code: "connect_failed", outcome: "not_sent" });
    await pool.close();
  });
});

describe("HTTP/2", () => {
  test("is spoken where ALPN says so: many requests at once on one connection, and those that came first waited for it", { skip: pair === null }, async () => {
    const server = createSecureServer({ ...pair, allowHTTP1: true } as ServerOptions, (request, response) => response.end(`version ${request.httpVersion}`));
    await using to = await listening(server);
    const traces: RequestTrace[] = [];
    const pool = httpPool({ tls: { ca: pair?.cert ?? "" }, onTrace: (trace) => traces.push(trace) });
    const ask = async (): Promise<string> => (await pool.request(`https://localhost:${to.port}`)).body.text();
    assert.deepEqual(await Promise.all(Array.from({ length: 20 }, ask)), new Array(20).fill("version 2.0"));
    await until(() => traces.length === 20);
    assert.ok(traces.every(({ protocol }) => protocol === "h2"));
    const [origin] = pool.stats().origins;
    assert.deepEqual([origin?.protocol, origin?.requests, origin?.connections.open], ["h2", 20, 1]);
    assert.equal(pool.connections().length, 1);
    const never = httpPool({ tls: { ca: pair?.cert ?? "" }, http2: "never" });
    assert.equal(await (await never.request(`https://localhost:${to.port}`)).body.text(), "version 1.1");
    await never.close();
    // Who says that it can not read h2, gets HTTP/1.1 beside it.
    const older: { readonly allowH2: boolean } & Dispatcher.RequestOptions = {
      origin: `https://localhost:${to.port}`,
      path: "/",
      method: "GET",
      allowH2: false,
    };
    assert.equal(await (await pool.request(older)).body.text(), "version 1.1");
    await pool.close();
    assert.equal(pool.connections().length, 0);
  });

  test("a server that speaks only HTTP/1.1 gets as many connections as it is asked for", { skip: pair === null }, async () => {
    const server = createTlsServer({ ...pair } as ServerOptions, (_, response) => setTimeout(() => response.end("yes"), 30));
    await using to = await listening(server);
    const pool = httpPool({ tls: { ca: pair?.cert ?? "" }, max: 5 });
    await Promise.all(Array.from({ length: 10 }, async () => (await pool.request(`https://localhost:${to.port}`)).body.text()));
    const { opened, origins } = pool.stats();
    assert.deepEqual([opened, origins[0]?.protocol], [5, "http/1.1"]);
    await pool.close();
  });

  test("a pool that is closed while the protocol is negotiated answers who waits, and leaves no session behind", { skip: pair === null }, async () => {
    const server = createSecureServer({ ...pair, allowHTTP1: true } as ServerOptions, (_, response) => setTimeout(() => response.end("late"), 50));
    await using to = await listening(server);
    const pool = httpPool({ tls: { ca: pair?.cert ?? "" } });
    let isAnswered = false;
    const asked = pool.request(`https://localhost:${to.port}`).then(async ({ body }) => {
      assert.equal(await body.text(), "late");
      isAnswered = true;
    });
    await pool.close();
    assert.deepEqual([isAnswered, pool.connections().length], [true, 0]);
    await asked;
  });

  test("a connection that turns out to speak h2 when nobody waits any more is closed", { skip: pair === null }, async () => {
    const server = createSecureServer({ ...pair, allowHTTP1: true } as ServerOptions, (_, response) => response.end("hello"));
    let open = 0;
    let secured = 0;
    server.on("secureConnection", (socket: TLSSocket) => {
      secured++;
      open++;
      socket.on("close", () => open--).on("error", () => {});
    });
    await using to = await listening(server);
    const pool = httpPool({ tls: { ca: pair?.cert ?? "" } });
    const abort = new AbortController();
    const asked = pool.request(`https://localhost:${to.port}`, { signal: abort.signal });
    setImmediate(() => abort.abort(new Error("not needed")));
    await assert.rejects(asked);
    await until(
      () => secured === 1 && open === 0,
      () => ({ secured, open }),
    );
    assert.equal(await (await pool.request(`https://localhost:${to.port}`)).body.text(), "hello");
    await pool.close();
  });

  test("without TLS by prior knowledge", async () => {
    const server = createHttp2Server((request, response) => response.end(`version ${request.httpVersion}`));
    await using to = await listening(server);
    const pool = httpPool({ http2: "only" });
    assert.equal(await (await pool.fetch(`http://127.0.0.1:${to.port}`)).text(), "version 2.0");
    await pool.close();
  });
});

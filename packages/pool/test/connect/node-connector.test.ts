import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { createServer as createTlsServer, type TlsOptions as ServerTls } from "node:tls";
import { onePair } from "../../../../scripts/test-support/certificates.ts";
import { nodeConnector } from "../../src/connect/adapters/node-connector.ts";
import type { Address, Target } from "../../src/connect/connector.ts";
import { PoolError } from "../../src/pool-error.ts";

const servers: { server: Server; sockets: Set<Socket> }[] = [];
after(() => {
  for (const { server, sockets } of servers) {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
});

async function listen(server: Server, host: string): Promise<number> {
  const sockets = new Set<Socket>();
  servers.push({ server, sockets });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("error", () => {}));
  });
  server.listen(0, host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const plain = (port: number, host: string): Target => ({ scheme: "http:", host, port, alpn: ["http/1.1"] });
const never = new AbortController().signal;
const loopback: Address = { address: "127.0.0.1", family: 4 };

describe("a connection by name", () => {
  test("passes over an address that refuses, and says which one answered and what took how long", async () => {
    const port = await listen(createServer(), "127.0.0.2");
    const connector = nodeConnector({ lookup: async () => [{ address: "::1", family: 6 }, loopback, { address: "127.0.0.2", family: 4 }] });
    const made = await connector.connect(plain(port, "example.test"), never);
    assert.equal(made.address, "127.0.0.2");
    assert.equal(made.peer, `127.0.0.2:${port}`);
    assert.equal(made.socket.remoteAddress, "127.0.0.2");
    assert.equal(made.protocol, "http/1.1");
    assert.ok(made.phases.dnsMs !== null && made.phases.dnsMs >= 0 && made.phases.tcpMs >= 0);
    assert.equal(made.phases.tlsMs, null);
    made.socket.destroy();
  });

  test("follows a change of the name with the next connection, once the short memory is over", async () => {
    const port = await listen(createServer(), "127.0.0.3");
    let named = "127.0.0.3";
    let asked = 0;
    const connector = nodeConnector({
      dnsCacheMs: 1,
      lookup: async () => {
        asked++;
        return [{ address: named, family: 4 }];
      },
    });
    const first = await connector.connect(plain(port, "example.test"), never);
    first.socket.destroy();
    named = "127.0.0.4";
    await new Promise((resolve) => setTimeout(resolve, 5));
    await assert.rejects(connector.connect(plain(port, "example.test"), never), { code: "connect_failed", outcome: "not_sent" });
    assert.equal(asked, 2);
  });

  test("asks once for many connections at a time, and never remembers a failure", async () => {
    let asked = 0;
    const connector = nodeConnector({
      lookup: async () => {
        asked++;
        throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
      },
    });
    const many = await Promise.allSettled(Array.from({ length: 5 }, () => connector.connect(plain(80, "example.test"), never)));
    assert.equal(asked, 1);
    const [first] = many;
    assert.ok(first?.status === "rejected" && first.reason instanceof PoolError);
    assert.equal((first.reason.cause as NodeJS.ErrnoException).code, "ENOTFOUND");
    await assert.rejects(connector.connect(plain(80, "example.test"), never));
    assert.equal(asked, 2);
  });

  test("asks nobody about an address", async () => {
    const port = await listen(createServer(), "127.0.0.1");
    const connector = nodeConnector({ lookup: () => Promise.reject(new Error("was asked")) });
    const made = await connector.connect(plain(port, "127.0.0.1"), never);
    assert.equal(made.phases.dnsMs, null);
    made.socket.destroy();
  });

  test("gives up when the time is over or the caller leaves, also while the name is being asked", async () => {
    const hanging = () => new Promise<readonly Address[]>(() => {});
    const late = nodeConnector({ connectTimeoutMs: 20, lookup: hanging });
    const keep = setTimeout(() => {}, 5_000);
    await assert.rejects(late.connect(plain(80, "example.test"), never), { code: "connect_timeout", outcome: "not_sent" });
    clearTimeout(keep);
    const leaving = new AbortController();
    const made = nodeConnector({ lookup: hanging }).connect(plain(80, "example.test"), leaving.signal);
    leaving.abort(new Error("left"));
    await assert.rejects(made, /left/);
  });
});

const pair = onePair();

describe("a connection over TLS", { skip: pair === null }, () => {
  const secureServer = async (options: ServerTls = {}): Promise<{ port: number; resumed: boolean[] }> => {
    const resumed: boolean[] = [];
    const server = createTlsServer({ ...pair, ...options }, (socket) => {
      resumed.push(socket.isSessionReused());
      socket.on("error", () => {}).end("hello");
    });
    return { port: await listen(server, "127.0.0.1"), resumed };
  };
  const target = (port: number, more: Partial<Target> = {}): Target => ({
    scheme: "https:",
    host: "localhost",
    port,
    alpn: ["h2", "http/1.1"],
    tls: tls,
    ...more,
  });
  const tls = { ca: pair?.cert ?? "" };
  const lookup = async () => [loopback];

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`${version}: the second connection resumes the session of the first, as the server sees it`, async () => {
      const { port, resumed } = await secureServer({ minVersion: version, maxVersion: version });
      const connector = nodeConnector({ lookup });
      for (const isResumed of [false, true]) {
        const made = await connector.connect(target(port), never);
        assert.deepEqual(made.tls, { version, resumed: isResumed });
        assert.ok(made.phases.tlsMs !== null);
        made.socket.resume();
        await once(made.socket, "end");
        made.socket.destroy();
      }
      assert.deepEqual(resumed, [false, true]);
      assert.equal(connector.tlsSessions, 1);
    });
  }

  test("a session never crosses to other TLS options: what was not checked is not resumed as checked", async () => {
    const { port, resumed } = await secureServer();
    const connector = nodeConnector({ lookup });
    const unchecked = await connector.connect(target(port, { tls: { rejectUnauthorized: false } }), never);
    unchecked.socket.resume();
    await once(unchecked.socket, "end");
    await assert.rejects(connector.connect(target(port, { tls: {} }), never), { code: "connect_failed" });
    assert.deepEqual(resumed.slice(0, 1), [false]);
  });

  test("ALPN decides the protocol; a server that can not what is demanded is refused", async () => {
    const both = await secureServer({ ALPNProtocols: ["h2", "http/1.1"] });
    const connector = nodeConnector({ lookup });
    const made = await connector.connect(target(both.port), never);
    assert.equal(made.protocol, "h2");
    made.socket.destroy();
    const none = await secureServer();
    const old = await connector.connect(target(none.port), never);
    assert.equal(old.protocol, "http/1.1");
    old.socket.destroy();
    await assert.rejects(connector.connect(target(none.port, { alpn: ["h2"] }), never), { code: "connect_failed" });
  });

  test("a certificate for another name is refused", async () => {
    const { port } = await secureServer();
    await assert.rejects(nodeConnector({ lookup }).connect(target(port, { servername: "elsewhere.test" }), never), { code: "connect_failed" });
  });

  test("a peer that says nothing is left in time, and its socket does not stay", async () => {
    const silent = createServer();
    const port = await listen(silent, "127.0.0.1");
    const closed = once(silent, "connection").then(([socket]) => once((socket as Socket).resume(), "close"));
    const connector = nodeConnector({ lookup, connectTimeoutMs: 200 });
    const keep = setTimeout(() => {}, 5_000);
    await assert.rejects(connector.connect(target(port), never), { code: "connect_timeout" });
    await closed;
    clearTimeout(keep);
  });
});

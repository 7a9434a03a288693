/** A guard whose listener has a TLS front: one option, one table for both protocols, and no connection older than its certificate. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { connect as connectH2, createServer as createH2 } from "node:http2";
import { Agent, get } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { after, describe, it } from "node:test";
import { certificates } from "../../../../scripts/test-support/certificates.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { type Ending, type Guard, guard, resolveHttp2Limits } from "../../src/index.ts";
import { until } from "../support/guarded.ts";

const hello: RequestListener = (_request, response) => void response.end("hello");

describe("a guard with a TLS front", { skip: needs("openssl") }, () => {
  const made = certificates();
  after(() => made[Symbol.dispose]());
  const pair = made.make("guarded");

  async function open(options: Parameters<typeof guard>[1] = {}, more: object = {}) {
    const server = createServer(hello);
    const h2 = createH2(hello as never);
    const endings: Ending[] = [];
    const guarded: Guard = guard(server, options, {
      tls: { certFile: pair.certFile, keyFile: pair.keyFile, h2, ...more },
      ended: (_row, ending) => endings.push(ending),
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const stop = async (): Promise<void> => {
      await guarded.drain({ windowMs: 50, drainMs: 500 });
      guarded.release();
    };
    return { guarded, endings, port: (server.address() as AddressInfo).port, stop };
  }

  it("shows HTTP/1.1 and HTTP/2 in one table, with what TLS agreed on", async (t) => {
    const { guarded, port, stop } = await open();
    t.after(stop);
    const agent = new Agent({ keepAlive: true, ca: pair.cert, ALPNProtocols: ["http/1.1"] });
    const [response] = await once(get({ port, host: "127.0.0.1", servername: "localhost", agent }), "response");
    response.resume();
    await once(response, "end");
    const session = connectH2(`https://127.0.0.1:${port}`, { ca: pair.cert, servername: "localhost" });
    const stream = session.request({ ":path": "/" });
    stream.resume();
    await once(stream, "end");
    const rows = guarded.connections().sort((a, b) => a.protocol.localeCompare(b.protocol));
    assert.deepEqual(
      rows.map(({ protocol, tls, requests, listener }) => [protocol, tls?.alpn, tls?.version, requests, listener]),
      [
        ["h2", "h2", "TLSv1.3", 1, "https"],
        ["http/1.1", "http/1.1", "TLSv1.3", 1, "https"],
      ],
    );
    assert.equal(guarded.fronts[0]?.counters.handshakes, 2);
    agent.destroy();
    session.close();
  });

  it("judges requests of HTTP/2 as it does others, and a refusal ends its stream alone", async (t) => {
    const { guarded, port, stop } = await open();
    t.after(stop);
    const session = connectH2(`https://127.0.0.1:${port}`, { ca: pair.cert, servername: "localhost" });
    const statusOf = async (headers: Record<string, string | string[]>): Promise<unknown> => {
      const stream = session.request(headers);
      const [answer] = await once(stream, "response");
      stream.resume();
      await once(stream, "close");
      return answer[":status"];
    };
    assert.equal(await statusOf({ ":path": "/", ":method": "POST", "early-data": "1" }), 425);
    assert.equal(await statusOf({ ":path": "/", "early-data": "1" }), 200);
    assert.equal(await statusOf({ ":path": "/", origin: ["https://a.example", "https://b.example"] }), 400);
    assert.equal(await statusOf({ ":path": "/" }), 200);
    assert.equal(guarded.connections().length, 1);
    assert.deepEqual(Object.fromEntries(guarded.counters.refused), { too_early: 1, bad_request: 1 });
    session.close();
  });

  it("has nothing left of a session whose client is gone, with requests open or without", async (t) => {
    let ended = 0;
    const { guarded, port, stop } = await open({}, { h2: createH2((_request, response) => void response.on("close", () => ended++)) });
    t.after(stop);
    for (const requests of [0, 1]) {
      const session = connectH2(`https://127.0.0.1:${port}`, { ca: pair.cert, servername: "localhost" });
      session.on("error", () => {});
      await once(session, "connect");
      if (requests > 0) session.request({ ":path": "/" }).on("error", () => {});
      await until(() => guarded.counters.requests === requests && guarded.connections()[0]?.protocol === "h2");
      const atMs = performance.now();
      session.destroy();
      await until(() => guarded.connections().length === 0);
      assert.ok(performance.now() - atMs < resolveHttp2Limits().pingAfterMs, "it was seen to go, not found dead");
    }
    assert.equal(ended, 1);
  });

  it("names what became of a handshake that failed, and of one that never came", async (t) => {
    const { endings, port, stop } = await open({}, { handshakeMs: 700 });
    t.after(stop);
    const plain = connect(port, "127.0.0.1");
    plain.on("error", () => {});
    plain.write("GET / HTTP/1.1\r\n\r\n");
    const silent = connect(port, "127.0.0.1");
    silent.on("error", () => {});
    await until(() => endings.length === 2);
    assert.deepEqual(endings.map(({ code }) => code).sort(), ["handshake_timeout", "tls_failed"]);
    plain.destroy();
    silent.destroy();
  });
});

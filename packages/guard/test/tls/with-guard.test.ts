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
import { type Ending, type Guard, guard } from "../../src/index.ts";
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

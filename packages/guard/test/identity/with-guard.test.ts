/** A guard behind an intake: its table, its caps and its TLS facts are those of the client, because it sees the socket after the header. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { suite, test } from "node:test";
import { connect as tls } from "node:tls";
import { onePair } from "../../../../scripts/test-support/certificates.ts";
import { guard } from "../../src/guard.ts";
import { openFront, send, until } from "./support/front.ts";
import { v1 } from "./support/headers.ts";

const last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const from = (address: string, port = 56324): string => v1.replace("203.0.113.9", address).replace("56324", String(port));
const pair = onePair();

suite("a guard behind an intake", () => {
  test("lists the client, and counts caps by it", async () => {
    const server = createServer((_request, response) => void response.end("ok"));
    const guarded = guard(server, { perAddressMax: 2 });
    await using front = await openFront(server, { proxyProtocol: "v1" });
    const held = [1, 2].map((port) => {
      const socket = connect(front.port, "127.0.0.1");
      socket.write(from("203.0.113.9", port));
      return socket;
    });
    await until("both are there", () => guarded.connections().length === 2);
    assert.deepEqual(
      guarded
        .connections()
        .map(({ peer }) => peer)
        .sort(),
      ["203.0.113.9:1", "203.0.113.9:2"],
    );
    assert.match((await send(front.port, [from("203.0.113.9", 3) + last])).answer, /^HTTP\/1\.1 429 /);
    assert.match((await send(front.port, [from("203.0.113.10") + last])).answer, /^HTTP\/1\.1 200 /);
    for (const socket of held) socket.destroy();
    await until("all have ended", () => guarded.connections().length === 0);
    guarded.release();
  });
  test("is set up by one option, counts an IPv6 peer by its /64, and tells what was refused", async () => {
    const server = createServer((_request, response) => void response.end("ok"));
    const refused: string[] = [];
    const guarded = guard(
      server,
      { perAddressMax: 1 },
      { proxied: { proxyProtocol: "v1", proxyTrusted: ["127.0.0.0/8"] }, refused: ({ code, peer }) => refused.push(`${code} ${peer}`) },
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const v6 = (address: string): string => `PROXY TCP6 ${address} 2001:db8::1 50000 80\r\n`;
    const held = connect(port, "127.0.0.1");
    held.write(v6("2001:db8:1:1::1"));
    await until("it is there", () => guarded.connections()[0]?.peer === "[2001:db8:1:1::1]:50000");
    assert.match((await send(port, [v6("2001:db8:1:1::2") + last])).answer, /^HTTP\/1\.1 429 /);
    assert.match((await send(port, [v6("2001:db8:1:2::1") + last])).answer, /^HTTP\/1\.1 200 /);
    assert.equal((await send(port, [last])).answer, "");
    assert.deepEqual(refused, ["bad_proxy_header 127.0.0.1"]);
    assert.equal(guarded.counters.refused.get("bad_proxy_header"), 1);
    held.destroy();
    await until("all have ended", () => guarded.connections().length === 0);
    server.close();
    guarded.release();
  });
  test("never hears of what the intake refused", async () => {
    const server = createServer((_request, response) => void response.end("ok"));
    const guarded = guard(server);
    await using front = await openFront(server, { proxyProtocol: "v1" });
    assert.equal((await send(front.port, [last])).answer, "");
    assert.deepEqual([guarded.connections().length, front.refused.length], [0, 1]);
    guarded.release();
  });
  test("knows the TLS of the client's connection", { skip: pair === null ? "needs openssl" : false }, async () => {
    const server = createHttps({ key: pair?.key ?? "", cert: pair?.cert ?? "" }, (_request, response) => void response.end("ok"));
    const guarded = guard(server);
    await using front = await openFront(server, { proxyProtocol: "v1" });
    const socket = connect(front.port, "127.0.0.1");
    await once(socket, "connect");
    socket.write(v1);
    const secure = tls({ socket, rejectUnauthorized: false, servername: "localhost" });
    await once(secure, "secureConnect");
    await until("TLS is up", () => guarded.connections()[0]?.tls?.version !== undefined);
    const [row] = guarded.connections();
    assert.deepEqual([row?.peer, row?.tls?.version, row?.tls?.sni], ["203.0.113.9:56324", "TLSv1.3", "localhost"]);
    secure.destroy();
    await until("it has ended", () => guarded.connections().length === 0);
    guarded.release();
  });
});

/** Links over TLS that have to be reset: the secure socket cannot be, and asking it must not end the process. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { certificates } from "../../../../scripts/test-support/certificates.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { requestBytes } from "../../../../scripts/test-support/raw-http.ts";
import { clientFrame } from "../../../../scripts/test-support/wire.ts";
import type { AuthorizeFunction } from "../../src/index.ts";
import { linkBody } from "../support/links.ts";
import { type TestServer, testServer } from "../support/server.ts";

const authorize: AuthorizeFunction = ({ action, credentials }) => (action === "connect" ? { subject: credentials.token ?? "" } : true);
const subscribe = { type: "subscribe", id: 1, stream: "a", from: "now" };

/** A client that counts what it gets, and answers nothing. */
class Silent {
  readonly socket: TLSSocket;
  text = "";
  isOver = false;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    this.socket.on("data", (chunk: Buffer) => {
      this.text += chunk.toString("latin1");
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.isOver = true;
    });
  }

  static websocket(port: number, token = "x"): Silent {
    const silent = new Silent(port);
    const key = randomBytes(16).toString("base64");
    const upgrade = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key };
    silent.socket.write(requestBytes("GET", "/v1/link", port, { ...upgrade, "Sec-WebSocket-Protocol": "holdfast.v1" }));
    for (const message of [{ type: "hello", protocol: 1, token }, subscribe]) silent.socket.write(clientFrame(JSON.stringify(message)));
    return silent;
  }

  static sse(port: number, token = "x"): Silent {
    const silent = new Silent(port);
    const headers = { "Content-Type": "text/plain;charset=UTF-8", Authorization: `Bearer ${token}` };
    silent.socket.write(requestBytes("POST", "/v1/sse", port, headers, linkBody(subscribe)));
    return silent;
  }

  async until(fact: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
    const deadlineMs = performance.now() + withinMs;
    while (!(await fact())) {
      if (performance.now() > deadlineMs) throw new Error(`not in ${withinMs} ms; over ${this.isOver}; got ${this.text.slice(-500)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

describe("a server with a certificate", { skip: needs("openssl") }, () => {
  const folder = certificates();
  const { certFile, keyFile } = folder.make("server");
  const listener = { tls: { certFile, keyFile } };
  const tests: TestServer[] = [];
  let test: TestServer;
  before(async () => {
    test = await testServer({ heartbeatMs: 60_000 }, { auth: authorize, listener });
    tests.push(test);
  });
  after(async () => {
    for (const each of tests) await each.stop();
    folder[Symbol.dispose]();
  });

  it("lives on when a client of its WebSockets falls silent, and ends the link", async () => {
    const quick = await testServer({ heartbeatMs: 200 }, { auth: authorize, listener });
    tests.push(quick);
    const silent = Silent.websocket(quick.port);
    await silent.until(() => silent.text.includes('"subscribed"'));
    await silent.until(() => quick.server.stats().links === 0 && silent.isOver);
    assert.equal(quick.server.guard.connections().length, 0);
  });

  for (const transport of ["websocket", "sse"] as const) {
    it(`takes a link by ${transport} back, and delivers nothing of what was queued for it`, async () => {
      const silent = Silent[transport](test.port, transport);
      await silent.until(() => silent.text.includes('"subscribed"'));
      silent.socket.pause();
      const payload = Buffer.from(JSON.stringify("x".repeat(40_000)));
      let written = 0;
      // Until the kernel takes no more, and something waits here.
      await silent.until(async () => {
        written++;
        assert.ok((await test.server.hub.append({ stream: "a", entries: [{ format: "json", payload }] })).ok);
        return (test.server.guard.connections()[0]?.bytesQueued ?? 0) > 0;
      });
      assert.deepEqual(test.server.revoke({ subject: transport }), { links: 1 });
      await silent.until(() => test.server.stats().links === 0 && test.server.guard.connections().length === 0);
      silent.socket.resume();
      await silent.until(() => silent.isOver);
      assert.ok(silent.text.length < written * 40_000, `${silent.text.length} bytes of ${written} entries`);
    });
  }
});

// What the protocol allows a peer to do in the middle of a connection, done by openssl.
import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { TLSSocket } from "node:tls";
import { certificates } from "../../../../scripts/test-support/certificates.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { OpensslClient } from "../support/openssl-client.ts";
import { tlsListener, until } from "../support/tls-listener.ts";

describe("openssl against a TLS front", { skip: needs("openssl") }, () => {
  const made = certificates();
  after(() => made[Symbol.dispose]());
  const pair = made.make("openssl");

  it("renews its keys in the middle of two streams, and not a byte is lost", async () => {
    let received = "";
    let sent = 0;
    // One line every few milliseconds, so that updates fall between, before and behind data.
    const serve = (socket: TLSSocket): void => {
      socket.on("error", () => undefined);
      socket.on("data", (chunk) => {
        received += String(chunk);
      });
      const timer = setInterval(() => socket.write(`down ${sent++};\n`), 3);
      socket.on("close", () => clearInterval(timer));
    };
    await using listener = await tlsListener(pair, { serve });
    await using client = new OpensslClient(listener.port, ["-tls1_3", "-msg"]);
    await client.says(/down 3;/);
    const updates = 8;
    for (let i = 0; i < updates; i++) {
      client.type(`up ${i};\n`);
      // A command only counts as one at the start of what openssl reads at once.
      await until(`line ${i} has arrived`, () => received.includes(`up ${i};`));
      client.type("K\n");
      await until(`update ${i} is sent and answered`, () => client.count(/<<< TLS 1\.3, Handshake \[length 0005\], KeyUpdate/) > i);
    }
    const last = sent + 5;
    await client.says(new RegExp(`down ${last};`));
    assert.equal(client.count(/>>> TLS 1\.3, Handshake \[length 0005\], KeyUpdate/), updates);
    assert.equal(received, Array.from({ length: updates }, (_, i) => `up ${i};\n`).join(""));
    const down = [...client.output.matchAll(/down (\d+);/g)].map(([, number]) => Number(number));
    assert.deepEqual(
      down,
      Array.from(down, (_, i) => i),
      "every line once and in order",
    );
    assert.ok(down.length > last);
    assert.equal(listener.secure.length, 1);
    assert.equal(listener.failures.length, 0);
  });

  it("renews its keys without asking for the same back", async () => {
    await using listener = await tlsListener(pair);
    await using client = new OpensslClient(listener.port, ["-tls1_3", "-msg"]);
    await client.says(/Verify return code/);
    client.type("k\n");
    await client.says(/>>> TLS 1\.3, Handshake \[length 0005\], KeyUpdate/);
    client.type("a word behind it\n");
    await client.says(/a word behind it/);
    assert.equal(client.count(/<<< TLS 1\.3, Handshake \[length 0005\], KeyUpdate/), 0);
  });

  it("is refused a renegotiation in TLS 1.2, with an alert that says so", async () => {
    await using listener = await tlsListener(pair);
    await using client = new OpensslClient(listener.port, ["-tls1_2", "-msg"]);
    await client.says(/Verify return code/);
    const hellos = client.count(/<<< TLS 1\.2, Handshake \[length \w+\], ServerHello\b/);
    client.type("R\n");
    await client.says(/RENEGOTIATING/);
    await client.says(/no_renegotiation|no renegotiation/);
    assert.equal(client.count(/<<< TLS 1\.2, Handshake \[length \w+\], ServerHello\b/), hellos, "no second handshake");
  });

  it("is refused TLS 1.1, with an alert that says so", async () => {
    await using listener = await tlsListener(pair);
    await using client = new OpensslClient(listener.port, ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]);
    await client.ended();
    assert.match(client.output, /alert protocol version/);
    await until("it is told", () => listener.failures.length === 1);
    assert.equal(listener.failures[0]?.reason, "protocol_version");
    assert.equal(listener.front.counters.failed.protocol_version, 1);
  });

  for (const version of ["1_2", "1_3"] as const) {
    it(`sees close_notify when we end (TLS ${version.replace("_", ".")}), after the last byte`, async () => {
      await using listener = await tlsListener(pair, { serve: (socket) => socket.on("error", () => undefined).end("the last byte") });
      await using client = new OpensslClient(listener.port, [`-tls${version}`, "-msg", "-ign_eof"]);
      await client.ended();
      assert.match(client.output, /the last byte[\s\S]*<<< TLS [\d.]+, Alert \[length 0002\], warning close_notify/);
    });

    it(`resumes (TLS ${version.replace("_", ".")}), and both sides count it`, async () => {
      await using listener = await tlsListener(pair, { serve: (socket) => socket.on("error", () => undefined).end("hello") });
      const file = join(made.folder, `session-${version}.pem`);
      for (const args of [
        ["-sess_out", file],
        ["-sess_in", file],
      ]) {
        await using client = new OpensslClient(listener.port, [`-tls${version}`, "-ign_eof", ...args]);
        await client.ended();
        assert.match(client.output, args[0] === "-sess_in" ? /Reused, TLS/ : /New, TLS/);
      }
      assert.deepEqual([listener.front.counters.handshakes, listener.front.counters.resumed], [2, 1]);
    });
  }

  it("hears our answer to its close_notify", async () => {
    await using listener = await tlsListener(pair);
    await using client = new OpensslClient(listener.port, ["-tls1_3", "-msg"]);
    await client.says(/Verify return code/);
    const [{ socket } = assert.fail()] = listener.secure;
    const closed = once(socket, "close");
    await client.end();
    await closed;
    assert.equal(socket.errored, null, "an end, not a truncation");
    assert.match(client.output, />>> TLS 1\.3, Alert \[length 0002\], warning close_notify/);
  });
});

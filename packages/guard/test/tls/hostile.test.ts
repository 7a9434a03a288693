// Rows 21 and 71 of what peers do: each case ends in an alert or an end, with its word, and leaves nothing behind.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, describe, it } from "node:test";
import { createSecureContext } from "node:tls";
import { certificates } from "../../../../scripts/test-support/certificates.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { clientHello, inRecords } from "../support/client-hello.ts";
import { OpensslClient } from "../support/openssl-client.ts";
import { dial, type TlsListener, tlsListener, until, visit } from "../support/tls-listener.ts";

/** Sends bytes and returns all that came back until the end. */
async function answerTo(port: number, bytes: Uint8Array): Promise<Buffer> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  // Whoever destroys with unread bytes resets.
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(bytes);
  await closed;
  return Buffer.concat(chunks);
}

const isEmpty = async (listener: TlsListener): Promise<void> => {
  await until("nothing is left", async () => (await listener.connections()) === 0);
  assert.equal(listener.front.handshaking, 0);
};

describe("what peers send in place of a handshake", { skip: needs("openssl") }, () => {
  const made = certificates();
  after(() => made[Symbol.dispose]());
  const [pair, foreign] = [made.make("hostile"), made.make("foreign")];

  const starts: readonly (readonly [what: string, bytes: Uint8Array, reason: string])[] = [
    ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "not_tls"],
    ["a greeting of SSH", Buffer.from("SSH-2.0-scanner\r\n"), "not_tls"],
    ["a PROXY header that nobody asked for", Buffer.from("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"), "not_tls"],
    ["zeros", new Uint8Array(4_096), "not_tls"],
    ["a record that is too long", Buffer.from("160301ffff", "hex"), "malformed"],
    ["a hello without a body", inRecords(Uint8Array.of(1, 0, 0, 0)), "malformed"],
    ["a server's hello", inRecords(Uint8Array.of(2, 0, 0, 4, 1, 2, 3, 4)), "malformed"],
    ["a hello of 60 KiB, which OpenSSL reads and we do not", inRecords(clientHello({ padding: 60_000 })), "no_shared_cipher"],
    ["an alert", Buffer.from("15030100020228", "hex"), "not_tls"],
    ["no ciphers that we know", inRecords(clientHello({ sni: "localhost" })), "no_shared_cipher"],
  ];
  for (const [what, bytes, reason] of starts) {
    it(`${what}: ${reason}, once, and the connection is gone`, async () => {
      await using listener = await tlsListener(pair);
      const answer = await answerTo(listener.port, bytes);
      assert.ok(answer.length === 0 || answer[0] === 0x15, `nothing but an alert: ${answer.toString("hex")}`);
      await until("it is told", () => listener.failures.length === 1);
      assert.equal(listener.failures[0]?.reason, reason, String(listener.failures[0]?.error));
      await isEmpty(listener);
      await visit(listener.port, pair);
    });
  }

  it("ends and resets at every place of a handshake are `peer_closed`, and leave nothing", async () => {
    await using listener = await tlsListener(pair);
    const whole = inRecords(clientHello({ sni: "localhost" }));
    for (const length of [0, 1, 5, 40]) {
      for (const end of ["end", "resetAndDestroy"] as const) {
        const socket = connect(listener.port, "127.0.0.1").on("error", () => undefined);
        await once(socket, "connect");
        if (length > 0) await new Promise((resolve) => socket.write(whole.subarray(0, length), resolve));
        socket[end]();
        const before = listener.failures.length;
        await until("it is told", () => listener.failures.length > before || listener.front.counters.accepted === listener.failures.length);
        socket.destroy();
      }
    }
    await until("all are told", () => listener.failures.length === 8);
    assert.deepEqual([...new Set(listener.failures.map(({ reason }) => reason))], ["peer_closed"]);
    await isEmpty(listener);
  });

  it("a protocol that nobody here speaks gets an alert", async () => {
    await using listener = await tlsListener(pair);
    await using client = new OpensslClient(listener.port, ["-alpn", "gopher"]);
    await client.ended();
    assert.match(client.output, /alert no application protocol/);
    await until("it is told", () => listener.failures[0]?.reason === "no_application_protocol");
    await isEmpty(listener);
  });

  it("a name that nobody knows gets the certificate of the files", async () => {
    await using listener = await tlsListener(pair, { sniCallback: (_, done) => done(null) });
    const { socket } = await dial(listener.port, pair, { servername: "unknown.example", checkServerIdentity: () => undefined });
    assert.equal(listener.secure[0]?.facts.sni, "unknown.example");
    socket.destroy();
  });

  it("an SNI callback chooses, and tickets are still of our keys", async () => {
    await using listener = await tlsListener(pair, {
      sniCallback: (name, done) =>
        setImmediate(done, null, name === "other.example" ? createSecureContext({ cert: foreign.cert, key: foreign.key }) : undefined),
    });
    const options = { servername: "other.example", ca: foreign.cert, checkServerIdentity: () => undefined };
    const { session } = await visit(listener.port, pair, options);
    listener.rotate(1);
    assert.equal((await visit(listener.port, pair, { ...options, session })).resumed, true);
  });

  const callbacks = {
    throws: () => {
      throw new Error("the database of names is gone");
    },
    fails: (_: string, done: (error: Error | null) => void) => done(new Error("the database of names is gone")),
    "answers and then throws": (_: string, done: (error: Error | null) => void) => {
      done(new Error("the database of names is gone"));
      throw new Error("twice");
    },
  };
  for (const [what, sniCallback] of Object.entries(callbacks)) {
    it(`an SNI callback that ${what} costs its client the handshake, with an alert, and nobody else anything`, async () => {
      await using listener = await tlsListener(pair, { sniCallback });
      await using client = new OpensslClient(listener.port, []);
      await client.ended();
      assert.match(client.output, /alert internal error/);
      await until("it is told", () => listener.failures.length === 1);
      assert.deepEqual([listener.failures[0]?.reason, listener.front.counters.sniFailures], ["sni_failed", 1]);
      assert.match(listener.notices.find(({ code }) => code === "sni_callback_failed")?.message ?? "", /^for "localhost": the database of names is gone$/);
      await isEmpty(listener);
    });
  }

  it("a certificate that nobody signed, none at all, and garbage in place of one are refused", async () => {
    await using listener = await tlsListener(pair, { clientCaFile: pair.certFile });
    const { socket } = await dial(listener.port, pair, { cert: pair.cert, key: pair.key });
    socket.destroy();
    for (const args of [["-cert", foreign.certFile, "-key", foreign.keyFile], []]) {
      for (const version of ["-tls1_2", "-tls1_3"]) {
        const before = listener.failures.length;
        await using client = new OpensslClient(listener.port, [version, ...args]);
        await client.ended();
        await until("it is told", () => listener.failures.length > before);
        assert.equal(listener.failures.at(-1)?.reason, "client_certificate", String(listener.failures.at(-1)?.error));
      }
    }
    assert.equal(listener.secure.length, 1);
    await isEmpty(listener);
  });

  it("200 at once of all kinds leave no connection and no handshake, and the next client is served", async () => {
    await using listener = await tlsListener(pair);
    const sockets: Socket[] = [];
    for (let i = 0; i < 200; i++) {
      const [, bytes = assert.fail()] = starts[i % starts.length] ?? assert.fail();
      const socket = connect(listener.port, "127.0.0.1").on("error", () => undefined);
      sockets.push(socket.resume());
      socket.write(bytes.subarray(0, i));
      // Not both: a reset on top of an end leaves Node a request for which it waits at its exit.
      if (i % 7 === 0) socket.on("connect", () => socket.resetAndDestroy());
      else if (i % 3 === 0) socket.end();
    }
    await until("all that connected are accepted", () => listener.front.counters.accepted >= sockets.filter(({ bytesWritten }) => bytesWritten > 0).length);
    await visit(listener.port, pair);
    listener.clock.mono = 20_000;
    listener.front.check(20_000);
    for (const socket of sockets) socket.destroy();
    await isEmpty(listener);
    const { accepted, handshakes } = listener.front.counters;
    assert.equal(accepted, handshakes + listener.failures.length, "each is told of once");
  });
});

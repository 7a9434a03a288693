import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectRaw, createServer, type Socket } from "node:net";
import { after, describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { certificates } from "../../../../scripts/test-support/certificates.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { CertificateError } from "../../src/tls/certificate-store.ts";
import { ticketKeysFor } from "../../src/tls/ticket-keys.ts";
import { dial, only, rotateMs, say, secret, startWallMs, tlsListener, until, versions, visit } from "../support/tls-listener.ts";

describe("a TLS front", { skip: needs("openssl") }, () => {
  const made = certificates();
  after(() => made[Symbol.dispose]());
  const pair = made.make("front");

  for (const version of versions) {
    it(`${version}: tells what was agreed on`, async () => {
      await using listener = await tlsListener(pair);
      const { socket } = await dial(listener.port, pair, { ...only(version), ALPNProtocols: ["http/1.1"] });
      const [{ facts, socket: secure, raw } = assert.fail()] = listener.secure;
      assert.deepEqual(facts, { version, cipher: socket.getCipher().name, alpn: "http/1.1", sni: "localhost", resumed: false });
      assert.equal(secure.encrypted, true);
      assert.equal(secure.remoteAddress, raw.remoteAddress);
      assert.equal(secure.remotePort, socket.localPort);
      socket.destroy();
    });

    it(`${version}: resumes on any node that has the secret, and both sides know`, async () => {
      await using one = await tlsListener(pair);
      await using other = await tlsListener(pair);
      const first = await visit(one.port, pair, only(version));
      assert.equal(first.resumed, false);
      for (const { port } of [one, other]) assert.equal((await visit(port, pair, { ...only(version), session: first.session })).resumed, true);
      assert.deepEqual([one.secure.map(({ facts }) => facts.resumed), other.secure.map(({ facts }) => facts.resumed)], [[false, true], [true]]);
      assert.deepEqual([one.front.counters.handshakes, one.front.counters.resumed, one.front.counters.ticketsOffered], [2, 1, 1]);
      assert.deepEqual(other.front.counters.resumedByAge, { next: 0, current: 1, previous: 0, oldest: 0 });
    });

    it(`${version}: reads tickets for two rotations, and no longer`, async () => {
      await using listener = await tlsListener(pair);
      const { session } = await visit(listener.port, pair, only(version));
      const resumed: boolean[] = [];
      for (let rotations = 1; rotations <= 3; rotations++) {
        listener.rotate(1);
        resumed.push((await visit(listener.port, pair, { ...only(version), session })).resumed);
      }
      assert.deepEqual(resumed, [true, true, false]);
      const { counters, generations } = listener.front;
      assert.deepEqual(counters.resumedByAge, { next: 0, current: 0, previous: 1, oldest: 1 });
      assert.deepEqual([counters.ticketsOffered, counters.ticketsUnknown, counters.rotations, generations], [3, 1, 3, 3]);
      assert.equal(listener.notices.filter(({ code }) => code === "tickets_rotated").length, 3);
    });

    it(`${version}: reads a ticket of a node whose clock is already in the next period`, async () => {
      const wallMs = 1_001 * rotateMs - 30_000;
      await using behind = await tlsListener(pair, { wallMs });
      await using ahead = await tlsListener(pair, { wallMs: wallMs + 45_000 });
      const { session } = await visit(ahead.port, pair, only(version));
      assert.equal((await visit(behind.port, pair, { ...only(version), session })).resumed, true);
      assert.deepEqual(behind.front.counters.resumedByAge, { next: 1, current: 0, previous: 0, oldest: 0 });
      assert.equal(behind.front.generations, 4);
    });

    it(`${version}: answers a ticket that was damaged with a full handshake`, async () => {
      await using listener = await tlsListener(pair);
      const { session } = await visit(listener.port, pair, only(version));
      const name = ticketKeysFor(Buffer.from(secret), rotateMs, Math.floor(startWallMs / rotateMs)).subarray(0, 16);
      const at = session.indexOf(name);
      assert.ok(at > 0, "the ticket has the key's name in front");
      const damaged = Buffer.from(session);
      damaged[at + 40] = (damaged[at + 40] ?? 0) ^ 1;
      assert.equal((await visit(listener.port, pair, { ...only(version), session: damaged })).resumed, false);
      assert.deepEqual([listener.front.counters.ticketsUnknown, listener.front.counters.ticketsRefused], [0, 1]);
    });

    it(`${version}: finds the hello however it is cut`, async () => {
      await using listener = await tlsListener(pair);
      const { session } = await visit(listener.port, pair, only(version));
      listener.rotate(1);
      await using cutter = await byteByByte(listener.port);
      assert.equal((await visit(cutter.port, pair, { ...only(version), session })).resumed, true);
      assert.equal(listener.front.counters.resumedByAge.previous, 1);
    });
  }

  it("makes up a secret where none is given: other nodes do not know its tickets, and it is said", async () => {
    await using one = await tlsListener(pair, { ticketSecret: null });
    await using other = await tlsListener(pair, { ticketSecret: null });
    assert.deepEqual([one.front.generations, one.notices.some(({ code }) => code === "tickets_local")], [1, true]);
    const { session } = await visit(one.port, pair);
    assert.equal((await visit(one.port, pair, { session })).resumed, true);
    assert.equal((await visit(other.port, pair, { session })).resumed, false);
    assert.equal(other.front.counters.ticketsUnknown, 1);
    one.rotate(1);
    assert.equal(one.front.generations, 2);
    assert.equal((await visit(one.port, pair, { session })).resumed, true);
  });

  it("leaves live connections alone when the keys are rotated away under them", async () => {
    await using listener = await tlsListener(pair);
    const { socket } = await dial(listener.port, pair);
    for (let i = 0; i < 5; i++) {
      listener.rotate(1);
      await say(socket, `after ${i + 1} rotations`);
    }
    listener.rotate(-9);
    await say(socket, "and with the clock set back");
    assert.equal(listener.front.generations, 3);
    socket.destroy();
  });

  it("finishes a handshake whose generation was dropped in the middle of it", async () => {
    await using listener = await tlsListener(pair);
    await using cutter = await byteByByte(listener.port, () => listener.rotate(1));
    const { socket } = await dial(cutter.port, pair);
    assert.ok(listener.front.counters.rotations > 3);
    socket.destroy();
  });

  it("destroys at the deadline what has not finished, from the accept on, whatever it has said until then", async () => {
    await using listener = await tlsListener(pair);
    const whole = await realHello();
    const starts = [0, 3, 60, whole.length].map((length) => whole.subarray(0, length));
    const sockets = starts.map((start) => {
      // What is destroyed with bytes unread is reset.
      const socket = connectRaw(listener.port, "127.0.0.1").on("error", () => undefined);
      socket.resume().write(start);
      return socket;
    });
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    await until("the server has said its part to the last one", () => (sockets[3]?.bytesRead ?? 0) > 0);
    assert.equal(listener.front.handshaking, starts.length);
    // What is sent meanwhile does not renew the deadline.
    listener.clock.mono = 9_999;
    listener.front.check(9_999);
    sockets[1]?.write(whole.subarray(3, 5));
    assert.deepEqual([listener.front.handshaking, listener.failures], [starts.length, []]);
    listener.clock.mono = 10_000;
    listener.front.check(10_000);
    await Promise.all(closed);
    await until("no descriptor is left", async () => (await listener.connections()) === 0);
    const { failed } = listener.front.counters;
    assert.deepEqual([listener.failures.length, failed.handshake_timeout, listener.front.handshaking], [starts.length, starts.length, 0], "each fails once");
    assert.deepEqual(
      listener.failures.map(({ sni }) => sni),
      [null, null, null, "stalled.example"],
    );
  });

  it("ends handshakes and takes no more once it is closed; secure connections live on", async () => {
    await using listener = await tlsListener(pair);
    const { socket } = await dial(listener.port, pair);
    const waiting = connectRaw(listener.port, "127.0.0.1");
    await until("it is accepted", () => listener.front.handshaking === 1);
    listener.front.close();
    await once(waiting, "close");
    const late = connectRaw(listener.port, "127.0.0.1").on("error", () => undefined);
    await once(late, "close");
    await say(socket, "still here");
    assert.deepEqual(
      listener.failures.map(({ reason }) => reason),
      ["front_closed", "front_closed"],
    );
    socket.destroy();
  });

  it("does not start with a certificate that cannot be used, and says why", async () => {
    const other = made.make("other");
    const start = (files: { certFile: string; keyFile: string }) => tlsListener({ ...pair, ...files });
    await assert.rejects(
      start({ certFile: pair.certFile, keyFile: other.keyFile }),
      (error) => error instanceof CertificateError && error.code === "key_mismatch",
    );
    await assert.rejects(
      start({ certFile: pair.keyFile, keyFile: pair.keyFile }),
      (error) => error instanceof CertificateError && error.code === "certificate_malformed",
    );
    await assert.rejects(
      start({ certFile: pair.certFile, keyFile: pair.certFile }),
      (error) => error instanceof CertificateError && error.code === "key_malformed",
    );
    await assert.rejects(
      start({ certFile: "nowhere.crt", keyFile: pair.keyFile }),
      (error) => error instanceof CertificateError && error.code === "unreadable",
    );
    await assert.rejects(tlsListener(pair, { ciphers: "NO-SUCH-CIPHER" }), (error) => error instanceof CertificateError && error.code === "context_refused");
  });
});

/** What a client of Node says first. */
async function realHello(): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connectTls({ port: (server.address() as { port: number }).port, host: "127.0.0.1", servername: "stalled.example" });
  client.on("error", () => undefined);
  const [socket] = (await once(server, "connection")) as [Socket];
  const [hello] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}

/** A forwarder that sends what the client says byte by byte, each in a turn of its own; `between` runs after each of the first 40. */
async function byteByByte(port: number, between: () => void = () => undefined): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connectRaw({ port, host: "127.0.0.1", noDelay: true });
    for (const socket of [near, far]) sockets.add(socket.on("error", () => undefined));
    far.pipe(near);
    near.on("close", () => far.destroy());
    let [sent, chain] = [0, Promise.resolve()];
    near.on("data", (chunk: Buffer) => {
      chain = chain.then(async () => {
        for (const byte of chunk) {
          far.write(Buffer.of(byte));
          if (sent++ < 40) between();
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

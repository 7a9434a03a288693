import assert from "node:assert/strict";
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { certificates, type Pair } from "../../../../scripts/test-support/certificates.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { dial, only, say, tlsListener, until, versions, visit } from "../support/tls-listener.ts";

describe("reloading a certificate", { skip: needs("openssl") }, () => {
  const made = certificates();
  after(() => made[Symbol.dispose]());
  const [first, second] = [made.make("first"), made.make("second")];
  let copies = 0;
  /** Files of their own, to be overwritten. */
  const copy = (pair: Pair): Pair => {
    const [certFile, keyFile] = [`${made.folder}/copy-${++copies}.crt`, `${made.folder}/copy-${copies}.key`];
    writeFileSync(certFile, pair.cert);
    writeFileSync(keyFile, pair.key);
    return { ...pair, certFile, keyFile };
  };
  const nameOf = async (port: number): Promise<string | undefined> => {
    const { socket } = await dial(port, first, { ca: [first.cert, second.cert] });
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return Array.isArray(CN) ? CN[0] : CN;
  };

  it("shows the new one to new handshakes and drops nobody", async () => {
    const files = copy(first);
    await using listener = await tlsListener(files);
    const live = await Promise.all(Array.from({ length: 20 }, () => dial(listener.port, first)));
    made.replace(files, second);
    const reload = await listener.front.reload();
    assert.ok(reload.ok);
    assert.equal(reload.certificate.subject, "CN=second");
    assert.equal(await nameOf(listener.port), "second");
    assert.equal(listener.front.certificate.fingerprint256, reload.certificate.fingerprint256);
    await Promise.all(live.map(({ socket }) => say(socket, "still here")));
    for (const { socket } of live) socket.destroy();
    assert.deepEqual(
      listener.notices.map(({ code }) => code),
      ["certificate_loaded", "certificate_loaded"],
    );
  });

  for (const version of versions) {
    it(`${version}: keeps the ticket keys of all generations`, async () => {
      const files = copy(first);
      await using listener = await tlsListener(files);
      const { session } = await visit(listener.port, first, only(version));
      listener.rotate(1);
      made.replace(files, second);
      assert.ok((await listener.front.reload()).ok);
      assert.equal((await visit(listener.port, first, { ...only(version), session })).resumed, true);
      listener.rotate(1);
      assert.equal((await visit(listener.port, first, { ...only(version), session })).resumed, true);
      assert.equal(await nameOf(listener.port), "second", "a generation that came later has the new certificate too");
    });
  }

  it("notices the change by itself, at the next look after `reloadCheckMs`", async () => {
    const files = copy(first);
    await using listener = await tlsListener(files, { reloadCheckMs: 1_000 });
    listener.front.check(0);
    made.replace(files, second);
    listener.front.check(999);
    assert.equal(await nameOf(listener.port), "first");
    listener.front.check(1_000);
    await until("it is loaded", () => listener.front.counters.reloads === 1);
    assert.equal(await nameOf(listener.port), "second");
  });

  const faults: readonly (readonly [what: string, code: string, spoil: (files: Pair) => void])[] = [
    ["a new certificate with the old key", "key_mismatch", ({ certFile }) => writeFileSync(certFile, second.cert)],
    ["a certificate that is half written", "certificate_malformed", ({ certFile }) => truncateSync(certFile, 200)],
    ["a chain that is half written", "certificate_malformed", ({ certFile }) => writeFileSync(certFile, first.cert + second.cert.slice(0, 200))],
    ["a key that is half written", "key_malformed", ({ keyFile }) => truncateSync(keyFile, 100)],
    ["a file that is empty", "certificate_malformed", ({ certFile }) => writeFileSync(certFile, "")],
    ["garbage", "certificate_malformed", ({ certFile }) => writeFileSync(certFile, readFileSync(process.execPath).subarray(0, 4_000))],
  ];
  for (const [what, code, spoil] of faults) {
    it(`refuses ${what}, keeps the old one, and takes the next good one`, async () => {
      const files = copy(first);
      await using listener = await tlsListener(files);
      const { socket } = await dial(listener.port, first);
      spoil(files);
      const refused = await listener.front.reload();
      assert.ok(!refused.ok);
      assert.equal(refused.code, code, refused.message);
      assert.equal(await nameOf(listener.port), "first");
      assert.equal(listener.notices.at(-1)?.code, "certificate_refused");
      made.replace(files, second);
      assert.ok((await listener.front.reload()).ok);
      assert.equal(await nameOf(listener.port), "second");
      await say(socket, "still here");
      assert.deepEqual([listener.front.counters.reloads, listener.front.counters.reloadsRefused], [1, 1]);
      socket.destroy();
    });
  }

  it("says once that the files are gone", async () => {
    const files = copy(first);
    await using listener = await tlsListener(files, { reloadCheckMs: 1_000 });
    rmSync(files.keyFile);
    listener.front.check(0);
    listener.front.check(1_000);
    await until("it is refused", () => listener.front.counters.reloadsRefused === 1);
    listener.front.check(2_000);
    assert.equal(await nameOf(listener.port), "first");
    assert.match(listener.notices.at(-1)?.message ?? "", /^unreadable: /);
    assert.equal(listener.front.counters.reloadsRefused, 1);
  });

  it("warns of an end that is near, by the wall clock", async () => {
    const short = made.make("short", 2);
    await using listener = await tlsListener(short, { wallMs: Date.now() });
    listener.front.check(0);
    assert.equal(
      listener.notices.some(({ code }) => code === "certificate_expires"),
      false,
      "two thirds of two days are left",
    );
    listener.clock.wall += 1.5 * 86_400_000;
    listener.front.check(1);
    assert.equal(listener.notices.at(-1)?.code, "certificate_expires");
    listener.clock.wall = listener.front.certificate.notAfterMs;
    listener.front.check(2);
    assert.deepEqual([listener.notices.at(-1)?.code, listener.notices.at(-1)?.level], ["certificate_expired", "error"]);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CertificateSource, CertificateStore, type LoadedPair, type PairFault } from "../../src/tls/certificate-store.ts";
import { newTlsCounters } from "../../src/tls/tls-front.ts";

const dayMs = 86_400_000;
const bornMs = 1_000 * dayMs;

function pair(serial: string, days = 90): LoadedPair {
  const life = { notBeforeMs: bornMs, notAfterMs: bornMs + days * dayMs, notAfter: `day ${days}` };
  const facts = { subject: "CN=localhost", names: "DNS:localhost", serial, fingerprint256: serial, ...life };
  return { cert: `cert ${serial}`, key: `key ${serial}`, clientCa: null, facts };
}

/** A store over files that are a value, with what it used and said. */
function opened(first = pair("a")) {
  const files: { content: LoadedPair | PairFault; stamp: string } = { content: first, stamp: "1" };
  const used: string[] = [];
  const said: string[] = [];
  const counters = newTlsCounters();
  let refusal: PairFault | null = null;
  const source: CertificateSource = { stamp: async () => files.stamp, load: async () => files.content };
  const store = new CertificateStore(
    source,
    { pair: first, stamp: "1" },
    { reloadCheckMs: 10_000, expiryWarnMs: 14 * dayMs },
    {
      use: ({ facts }) => {
        if (refusal === null) used.push(facts.serial);
        return refusal;
      },
      said: ({ code }) => said.push(code),
    },
    counters,
  );
  return { files, used, said, counters, store, refuse: (fault: PairFault | null) => (refusal = fault) };
}

/** Lets promises of a fake source come true. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a certificate store", () => {
  it("looks at the files every `reloadCheckMs`, and reads them only when they have changed", async () => {
    const { files, used, said, counters, store } = opened();
    store.check(0, bornMs);
    files.content = pair("b");
    files.stamp = "2";
    store.check(9_999, bornMs);
    await settled();
    assert.deepEqual(used, []);
    store.check(10_000, bornMs);
    await settled();
    assert.deepEqual(used, ["b"]);
    assert.equal(store.facts.serial, "b");
    store.check(20_000, bornMs);
    await settled();
    assert.deepEqual(used, ["b"]);
    assert.equal(counters.reloads, 1);
    assert.deepEqual(said, ["certificate_loaded", "certificate_loaded"]);
  });

  it("refuses a fault once for each change of the files, and keeps the old certificate", async () => {
    const { files, used, said, counters, store } = opened();
    store.check(0, bornMs);
    files.content = { fault: "key_mismatch", message: "not of one pair" };
    files.stamp = "2";
    for (const nowMs of [10_000, 20_000, 30_000]) {
      store.check(nowMs, bornMs);
      await settled();
    }
    assert.deepEqual([used, counters.reloadsRefused, store.facts.serial], [[], 1, "a"]);
    files.content = pair("b");
    files.stamp = "3";
    store.check(40_000, bornMs);
    await settled();
    assert.deepEqual(used, ["b"]);
    assert.deepEqual(said, ["certificate_loaded", "certificate_refused", "certificate_loaded"]);
  });

  it("keeps the old certificate when the new one cannot be put to use", async () => {
    const { files, counters, store, refuse } = opened();
    files.content = pair("b");
    refuse({ fault: "context_refused", message: "ee key too small" });
    assert.deepEqual(await store.reload(bornMs), { ok: false, code: "context_refused", message: "ee key too small" });
    assert.deepEqual([store.facts.serial, counters.reloads, counters.reloadsRefused], ["a", 0, 1]);
  });

  it("refuses an expired certificate while the one in use is good, and takes it for a worse one", async () => {
    const { files, store } = opened(pair("a", 10));
    files.content = pair("b", 5);
    const early = await store.reload(bornMs + 6 * dayMs);
    assert.ok(!early.ok);
    assert.equal(early.code, "certificate_expired");
    assert.deepEqual(await store.reload(bornMs + 11 * dayMs), { ok: true, certificate: pair("b", 5).facts });
  });

  it("reads again on demand though nothing has changed, one reload after the other", async () => {
    const { files, used, store } = opened();
    const first = store.reload(bornMs);
    files.content = pair("b");
    const second = store.reload(bornMs);
    assert.ok((await first).ok && (await second).ok);
    assert.equal(used.length, 2);
    assert.equal(store.facts.serial, "b");
  });

  it("warns once before the end and once after it, and anew for the next certificate", async () => {
    const { files, said, store } = opened();
    for (const days of [0, 75, 77, 80, 89, 91, 92]) store.check(0, bornMs + days * dayMs);
    assert.deepEqual(said.splice(0), ["certificate_loaded", "certificate_expires", "certificate_expired"]);
    files.content = pair("b", 95);
    await store.reload(bornMs + 92 * dayMs);
    assert.deepEqual(said, ["certificate_loaded", "certificate_expires"]);
  });

  it("warns of a certificate of days only in the last third of its life", () => {
    const { said, store } = opened(pair("a", 6));
    store.check(0, bornMs + 3.9 * dayMs);
    assert.deepEqual(said.splice(0), ["certificate_loaded"]);
    store.check(0, bornMs + 4.1 * dayMs);
    assert.deepEqual(said, ["certificate_expires"]);
  });
});

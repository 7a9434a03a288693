/** Publishing through the whole client: numbers on the wire, links that change under it, limits, aborts, and the end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HoldfastError, rawJson } from "../src/index.ts";
import { endOf, fate, idOf, opened, published, settle } from "./support/opened.ts";

const pad = (bytes: number): string => "x".repeat(bytes - 2);

test("a publish dials, goes out with its numbers, and resolves with the answer", async () => {
  const { net, client } = opened({ producerId: "p", producerEpoch: 3 });
  const a = fate(client.publish("s", { a: 1 }, { key: "k" }));
  const b = fate(client.publish("s", rawJson('{"n":12345678901234567890}')));
  const c = fate(client.publish("t", new Uint8Array([1, 2])));
  const conn = net.last.welcome();
  assert.deepEqual(
    conn.of("publish").map(({ type, id, ...rest }) => rest),
    [
      { stream: "s", key: "k", producer: { id: "p", epoch: 3, seq: 0 }, data: { a: 1 } },
      { stream: "t", producer: { id: "p", epoch: 3, seq: 0 }, base64: "AQI=" },
      { stream: "s", producer: { id: "p", epoch: 3, seq: 1 }, data: JSON.parse('{"n":12345678901234567890}') },
    ],
  );
  assert.ok(conn.sentTexts.some((text) => text.includes('"data":{"n":12345678901234567890}')));
  conn.say({ type: "published", id: idOf(conn, 1), position: "e.11", duplicate: false });
  conn.say({ type: "published", id: idOf(conn, 0), position: "e.12", duplicate: true });
  conn.say({ type: "published", id: idOf(conn, 2), position: null, duplicate: true });
  await settle();
  assert.deepEqual([a.now, b.now, c.now], ["e.12 again", "null again", "e.11"]);
});

test("an outbox that is empty again keeps no timer", async () => {
  const { world, net, client } = opened();
  fate(client.publish("s", 1));
  const conn = net.last.welcome();
  conn.say({ type: "published", id: idOf(conn, 0), position: "e.11", duplicate: false });
  await world.advance(10_000);
  assert.deepEqual([endOf(conn), world.timers], ["close 1000", 0]);
});

test("without a producer id every client draws one of its own", () => {
  const ids = [1, 2].map((seed) => {
    const { net, client } = opened({}, seed);
    fate(client.publish("s", 1));
    return (net.last.welcome().last("publish")["producer"] as { id: string }).id;
  });
  assert.match(ids[0] ?? "", /^[0-9a-z]{20}$/);
  assert.notEqual(ids[0], ids[1]);
});

test("after a lost link everything unanswered goes again with the same numbers, in order", async () => {
  const { world, net, client } = opened();
  const fates = [1, 2, 3].map((n) => fate(client.publish("s", n)));
  const first = net.last.welcome();
  first.say({ type: "published", id: idOf(first, 0), position: "e.11", duplicate: false });
  first.end(1006);
  await world.advance(2_000);
  const second = net.last.welcome();
  assert.deepEqual(published(second), ["2 0/1", "3 0/2"]);
  second.say({ type: "published", id: idOf(second, 0), position: "e.12", duplicate: true });
  second.say({ type: "published", id: idOf(second, 1), position: "e.13", duplicate: false });
  await settle();
  assert.deepEqual(
    fates.map(({ now }) => now),
    ["e.11", "e.12 again", "e.13"],
  );
});

for (const [what, options, limitMs] of [
  ["a producer's number", {}, 720_000],
  ["a dedupe key", { dedupeKey: "k" }, 60_000],
] as const) {
  test(`what may have been taken under ${what} is not sent again when servers may have forgotten it, whichever clock says so`, async () => {
    for (const [pass, isTooLate] of [
      ["sleep", true],
      ["sleep", false],
      ["stall", true],
    ] as const) {
      const { world, net, client } = opened({ outboxAgeMs: 720_000 });
      const entry = fate(client.publish("s", 1, options));
      const first = net.last.welcome();
      first.end(1006);
      world[pass](limitMs + (isTooLate ? 100 : -5_000));
      await world.advance(2_000);
      const second = net.last.welcome();
      await settle();
      assert.deepEqual([second.of("publish").length, entry.now], isTooLate ? [0, "outbox_expired"] : [1, "pending"], `${pass} ${isTooLate}`);
    }
  });

  test(`what was refused under ${what} each time it was sent is sent on, however long that lasts`, async () => {
    const { world, net, client } = opened({ outboxAgeMs: 720_000 });
    const entry = fate(client.publish("s", 1, options));
    const conn = net.last.welcome();
    for (let tries = 1; tries <= 6; tries++) {
      conn.say({ type: "refused", id: conn.last("publish")["id"], code: "storage_full", message: "", afterMs: 1_000 });
      world.sleep(limitMs / 2);
      await world.advance(1_100);
      assert.equal(conn.of("publish").length, tries + 1);
    }
    assert.equal(entry.now, "pending");
  });
}

test("at most 128 of one stream are in flight; answers make room; another stream is not held up", () => {
  const { net, client } = opened();
  for (let n = 0; n < 200; n++) fate(client.publish("s", n));
  fate(client.publish("t", "t"));
  const conn = net.last.welcome();
  assert.equal(conn.of("publish").length, 129);
  conn.say({ type: "published", id: idOf(conn, 0), position: "e.11", duplicate: false });
  assert.deepEqual(published(conn).slice(129), ["128 0/128"]);
});

test("at most 256 of all streams are unanswered on a link, and an answer makes room for the stream that has waited", () => {
  const { net, client } = opened();
  for (let n = 0; n < 128; n++) for (const stream of ["a", "b", "c"]) fate(client.publish(stream, n));
  const conn = net.last.welcome();
  const count = (stream: string): number => conn.of("publish").filter((message) => message["stream"] === stream).length;
  assert.deepEqual([count("a"), count("b"), count("c")], [86, 85, 85]);
  for (let n = 0; n < 9; n++) conn.say({ type: "published", id: idOf(conn, 3 * n), position: "e.11", duplicate: false });
  assert.equal(conn.of("publish").length, 256 + 9);
  assert.ok(count("b") >= 88 && count("c") >= 88, `${count("a")} ${count("b")} ${count("c")}`);
});

test("a connection with more than 64 KiB waiting is given no more until it has sent them", async () => {
  const { world, net, client } = opened();
  for (let n = 0; n < 5; n++) fate(client.publish("s", pad(20_000)));
  const conn = net.last;
  conn.onSend = ({ type }) => {
    if (type === "publish") conn.queuedBytes += 20_000;
  };
  conn.welcome();
  assert.equal(conn.of("publish").length, 4);
  await world.advance(500);
  assert.equal(conn.of("publish").length, 4);
  conn.queuedBytes = 0;
  await world.advance(20);
  assert.equal(conn.of("publish").length, 5);
});

test("a large payload travels in parts that nothing comes between", () => {
  const { net, client } = opened();
  fate(client.publish("s", pad(100_000)));
  fate(client.publish("t", "small"));
  const conn = net.last.welcome();
  assert.deepEqual(
    conn.sent.slice(1).map(({ type, index, parts }) => `${type} ${index ?? parts ?? ""}`),
    ["part 0", "part 1", "part 2", "publish 3", "publish "],
  );
});

test("with a dedupe key there are no numbers", () => {
  const { net, client } = opened();
  fate(client.publish("s", 1, { dedupeKey: "k" }));
  const { producer, dedupeKey } = net.last.welcome().last("publish");
  assert.deepEqual([producer, dedupeKey], [undefined, "k"]);
});

test("an abort detaches the promise; the entry goes out, and its number is not left out", async () => {
  const { net, client } = opened();
  const abort = new AbortController();
  const a = fate(client.publish("s", "a", { signal: abort.signal }));
  const b = fate(client.publish("s", "b"));
  abort.abort();
  await settle();
  assert.deepEqual([a.now, b.now], ["aborted", "pending"]);
  const conn = net.last.welcome();
  assert.deepEqual(published(conn), ["a 0/0", "b 0/1"]);
  conn.say({ type: "published", id: idOf(conn, 0), position: "e.11", duplicate: false });
  conn.say({ type: "published", id: idOf(conn, 1), position: "e.12", duplicate: false });
  await settle();
  assert.equal(b.now, "e.12");
  const late = fate(client.publish("s", "c", { signal: abort.signal }));
  await settle();
  assert.deepEqual([late.now, conn.of("publish").length], ["aborted", 2], "one that is aborted already is not queued");
});

test("the outbox is full at its bytes, and has room again after an answer", async () => {
  const { net, client } = opened({ outboxBytesMax: 10_000 });
  const a = fate(client.publish("s", pad(6_000)));
  const b = fate(client.publish("s", pad(6_000)));
  await settle();
  assert.deepEqual([a.now, b.now], ["pending", "outbox_full"]);
  const conn = net.last.welcome();
  conn.say({ type: "published", id: idOf(conn, 0), position: "e.11", duplicate: false });
  const c = fate(client.publish("s", pad(6_000)));
  await settle();
  assert.equal(c.now, "pending");
  assert.deepEqual(published(conn).at(-1)?.slice(-3), "0/1", "what was refused for want of room had no number");
});

test("streams whose numbers were forgotten begin a later epoch, so that nothing is taken for a repetition", async () => {
  const { net, client } = opened({ outboxBytesMax: 1e7 });
  const conn = net.conns;
  for (let n = 0; n < 1_002; n++) {
    fate(client.publish(`s${n}`, n));
    if (n === 0) conn[0]?.welcome();
    conn[0]?.say({ type: "published", id: idOf(conn[0], n), position: "e.11", duplicate: false });
  }
  fate(client.publish("s0", "again"));
  fate(client.publish("s1001", "known"));
  assert.deepEqual(published(conn[0] as NonNullable<(typeof conn)[0]>).slice(-2), ["again 1/0", "known 1/1"]);
});

test("end sends no payload", async () => {
  const { net, client } = opened();
  const it = fate(client.end("s"));
  const conn = net.last.welcome();
  const { type, id, producer, ...rest } = conn.last("publish");
  assert.deepEqual(rest, { stream: "s", close: true });
  conn.say({ type: "published", id, position: "e.14", duplicate: false });
  await settle();
  assert.equal(it.now, "e.14");
});

test("what cannot be published is refused before it is sent", async () => {
  const { net, client } = opened();
  const cases: [string, Promise<unknown>][] = [
    ["bad_stream_name", client.publish("/a", 1)],
    ["bad_payload", client.publish("a", undefined)],
    ["entry_too_large", client.publish("a", new Uint8Array(300_000))],
  ];
  for (const [code, promise] of cases) await assert.rejects(promise, (error: HoldfastError) => error.code === code);
  assert.equal(net.conns.length, 0);
});

test("flush waits for what was published before it, not for what comes later", async () => {
  const { net, client } = opened();
  await client.flush();
  fate(client.publish("s", 1));
  let flushed = false;
  const flush = client.flush().then(() => {
    flushed = true;
  });
  fate(client.publish("s", 2));
  const conn = net.last.welcome();
  await settle();
  assert.equal(flushed, false);
  conn.say({ type: "published", id: idOf(conn, 0), position: "e.11", duplicate: false });
  await flush;
});

test("close waits for answers as long as it is told; then what was sent has an unknown outcome, and what was not has not", async () => {
  const { world, net, client } = opened({ inFlightMax: 1 });
  const a = fate(client.publish("s", "a"));
  const b = fate(client.publish("s", "b"));
  const conn = net.last.welcome();
  const closed = client.close({ drainMs: 1_000 });
  const c = fate(client.publish("s", "c"));
  await world.advance(999);
  assert.deepEqual([a.now, b.now, c.now, conn.ended], ["pending", "pending", "closed_by_user", null]);
  await world.advance(1);
  await closed;
  await settle();
  assert.deepEqual([a.now, b.now], ["unknown_outcome", "closed_by_user"]);
  assert.equal(conn.ended?.how, "close");
});

test("close ends as soon as everything is answered", async () => {
  const { world, net, client } = opened();
  const a = fate(client.publish("s", "a"));
  const conn = net.last.welcome();
  const closed = client.close();
  conn.say({ type: "published", id: idOf(conn, 0), position: "e.11", duplicate: false });
  await closed;
  assert.deepEqual([a.now, world.timers], ["e.11", 0]);
});

test("while a link is replaced, publishes go again on the new one at once; the first answer of either counts", async () => {
  const { world, net, client } = opened();
  const fates = ["a", "b"].map((data) => fate(client.publish("s", data)));
  const old = net.last.welcome({ link: "old" });
  old.say({ type: "goaway", code: "draining", afterMs: 0, deadlineMs: 9_000 });
  await world.advance(0);
  const next = net.last;
  assert.notEqual(next, old);
  fates.push(fate(client.publish("s", "c")));
  assert.deepEqual(published(old).at(-1), "c 0/2", "the old link serves until then");
  next.welcome();
  assert.equal(next.last("hello")["replaces"], "old");
  assert.deepEqual(published(next), ["a 0/0", "b 0/1", "c 0/2"]);
  assert.equal(old.ended?.how, "close", "no stream is read, so nothing holds the old link");
  next.say({ type: "published", id: idOf(next, 0), position: "e.11", duplicate: true });
  next.say({ type: "published", id: idOf(next, 1), position: "e.12", duplicate: false });
  next.say({ type: "published", id: idOf(next, 2), position: "e.13", duplicate: false });
  await settle();
  assert.deepEqual(
    fates.map(({ now }) => now),
    ["e.11 again", "e.12", "e.13"],
  );
});

test("an answer that nobody waits for is counted", () => {
  const { net, client } = opened();
  fate(client.publish("s", 1));
  const conn = net.last.welcome();
  conn.say({ type: "published", id: 99, position: "e.11", duplicate: false });
  conn.say({ type: "refused", id: 99, code: "internal", message: "" });
  assert.equal(client.counters.late, 2);
  assert.ok(new HoldfastError("internal").retryable);
});

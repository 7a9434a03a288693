/** Publishes that are refused, fenced or given up, through the whole client: who is told what, and under which numbers the others go on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fate, idOf, opened, published, settle } from "./support/opened.ts";

test("a refusal for good rejects with the server's code, and those behind it begin a new epoch on the same link", async () => {
  const { net, client } = opened();
  const fates = [1, 2, 3].map((n) => fate(client.publish("s", n)));
  const conn = net.last.welcome();
  conn.say({ type: "refused", id: idOf(conn, 0), code: "entry_too_large", message: "no" });
  assert.deepEqual(published(conn).slice(3), ["2 1/0", "3 1/1"]);
  // The answers to what was in flight behind it say nothing any more.
  conn.say({ type: "refused", id: idOf(conn, 1), code: "out_of_order", message: "" });
  conn.say({ type: "refused", id: idOf(conn, 2), code: "out_of_order", message: "" });
  conn.say({ type: "published", id: idOf(conn, 3), position: "e.11", duplicate: false });
  conn.say({ type: "published", id: idOf(conn, 4), position: "e.12", duplicate: false });
  await settle();
  assert.deepEqual(
    fates.map(({ now }) => now),
    ["entry_too_large", "e.11", "e.12"],
  );
  assert.equal(conn.of("publish").length, 5);
});

test("a refusal for now is tried again after the time that the server names, else with a backoff", async () => {
  const { world, net, client } = opened();
  const it = fate(client.publish("s", 1));
  const conn = net.last.welcome();
  conn.say({ type: "refused", id: idOf(conn, 0), code: "engine_busy", message: "", afterMs: 700 });
  await world.advance(699);
  assert.equal(conn.of("publish").length, 1);
  await world.advance(1);
  assert.deepEqual(published(conn), ["1 0/0", "1 0/0"]);
  conn.say({ type: "refused", id: idOf(conn, 1), code: "unknown_outcome", message: "" });
  await world.advance(2_000);
  assert.equal(conn.of("publish").length, 3);
  conn.say({ type: "published", id: idOf(conn, 2), position: "e.11", duplicate: true });
  await settle();
  assert.equal(it.now, "e.11 again");
  assert.equal(client.counters.retried, 2);
});

test("an `error` that names a publish refuses it", async () => {
  const { net, client } = opened();
  const it = fate(client.publish("s", 1));
  const conn = net.last.welcome();
  conn.say({ type: "error", id: idOf(conn, 0), code: "bad_request", message: "what" });
  await settle();
  assert.deepEqual([it.now, client.counters.errors], ["bad_request", 1]);
});

test("an entry that is not answered in time expires; those behind it keep their numbers until the server objects", async () => {
  const { world, net, client } = opened({ outboxAgeMs: 60_000 });
  const a = fate(client.publish("s", "a"));
  await world.advance(30_000);
  const b = fate(client.publish("s", "b"));
  await world.advance(30_000);
  assert.deepEqual([a.now, b.now], ["outbox_expired", "pending"]);
  const conn = net.last.welcome();
  assert.deepEqual(published(conn), ["b 0/1"]);
  conn.say({ type: "refused", id: idOf(conn, 0), code: "out_of_order", message: "" });
  assert.deepEqual(published(conn), ["b 0/1", "b 1/0"]);
  conn.say({ type: "published", id: idOf(conn, 1), position: "e.11", duplicate: false });
  await settle();
  assert.equal(b.now, "e.11");
});

test("what the old link may still bring, once the new one has said that a number is missing, is told as unknown and not sent again", async () => {
  const { world, net, client } = opened({ outboxAgeMs: 3_000 });
  const stream = client.stream("r"); // Holds the old link.
  const a = fate(client.publish("s", "a"));
  const old = net.last.welcome({ link: "old" });
  await world.advance(2_000);
  const b = fate(client.publish("s", "b"));
  assert.deepEqual(published(old), ["a 0/0", "b 0/1"]);
  old.say({ type: "goaway", code: "draining", afterMs: 0, deadlineMs: 9_000 });
  await world.advance(1_001);
  assert.equal(a.now, "outbox_expired");
  const next = net.last.welcome();
  const c = fate(client.publish("s", "c"));
  assert.deepEqual(published(next), ["b 0/1", "c 0/2"]);
  next.say({ type: "refused", id: idOf(next, 0), code: "out_of_order", message: "" });
  const d = fate(client.publish("s", "d"));
  await settle();
  assert.deepEqual([b.now, c.now], ["unknown_outcome", "unknown_outcome"], "the old link brings a and b, and then c is next");
  assert.deepEqual(published(next).slice(2), ["d 1/0"]);
  next.say({ type: "published", id: idOf(next, 2), position: "e.14", duplicate: false });
  await settle();
  assert.equal(d.now, "e.14");
  stream.close();
});

test("fenced: this stream is over for this producer, others are not", async () => {
  const { net, client } = opened();
  const fates = ["a", "b"].map((data) => fate(client.publish("s", data)));
  const conn = net.last.welcome();
  conn.say({ type: "refused", id: idOf(conn, 0), code: "fenced", message: "" });
  fates.push(fate(client.publish("s", "c")), fate(client.publish("t", "d")));
  await settle();
  assert.deepEqual(
    fates.map(({ now }) => now),
    ["fenced", "fenced", "fenced", "pending"],
  );
});

test("fenced: an entry that is repeated may have been taken before, and one with a dedupe key is not concerned", async () => {
  const { world, net, client } = opened();
  const lost = fate(client.publish("s", "lost"));
  const first = net.last.welcome();
  assert.deepEqual(published(first), ["lost 0/0"]);
  first.end(1006);
  await world.advance(30_000);
  const later = fate(client.publish("s", "later"));
  const keyed = fate(client.publish("s", "keyed", { dedupeKey: "k" }));
  const second = net.last.welcome();
  second.say({ type: "refused", id: idOf(second, 0), code: "fenced", message: "" });
  await settle();
  assert.deepEqual([lost.now, later.now, keyed.now], ["unknown_outcome", "fenced", "pending"]);
});

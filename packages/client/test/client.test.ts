/** Streams through the whole client: fan-out to several readers, slow iterators, and every way in and out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64 } from "@holdfast/protocol";
import type { Gap, HoldfastError, StreamEntry } from "../src/index.ts";
import { answer, at, collect, endOf, entries, opened, settle } from "./support/opened.ts";

test("several readers of a stream share one subscription, and each gets everything", async () => {
  const { net, client } = opened();
  const readers = [1, 2, 3].map(() => collect(client, "a"));
  const conn = net.last.welcome();
  answer(conn, "a", at(4));
  entries(conn, "a", 4, 6);
  const same = collect(client, "a", { from: { after: at(6) } });
  assert.equal(conn.of("subscribe").length, 1);
  const earlier = collect(client, "a", { from: { after: at(2) } });
  assert.equal(conn.of("subscribe").length, 2);
  answer(conn, "a", at(2), at(6));
  entries(conn, "a", 2, 7);
  await settle();
  for (const { got } of readers) assert.deepEqual(got, [5, 6, 7]);
  assert.deepEqual([same.got, earlier.got], [[7], [3, 4, 5, 6, 7]]);
  for (const { stream } of readers) stream.close();
  assert.equal(conn.of("unsubscribe").length, 0, "two are left");
  same.stream.close();
  earlier.stream.close();
  assert.equal(conn.of("unsubscribe").length, 1);
});

test("an entry shows its payload as a value, as text and as bytes", async () => {
  const { net, client } = opened();
  const stream = client.stream("a");
  const conn = net.last.welcome();
  answer(conn, "a", "0");
  conn.say('{"type":"entry","stream":"a","position":"e.11","prev":"0","timeMs":99,"key":"k","data":{"n":12345678901234567890,"a":1,"a":2}}');
  conn.say({ type: "entry", stream: "a", position: "e.12", prev: "e.11", timeMs: 7, base64: "AAEC" });
  const large = JSON.stringify("é".repeat(40_000));
  const bytes = Buffer.from(large);
  conn.say({ type: "part", stream: "a", position: "e.13", index: 0, base64: toBase64(bytes.subarray(0, 45_000)) });
  conn.say({ type: "part", stream: "a", position: "e.13", index: 1, base64: toBase64(bytes.subarray(45_000)) });
  conn.say({ type: "entry", stream: "a", position: "e.13", prev: "e.12", timeMs: 7, parts: 2, format: "json" });
  const next = async (): Promise<StreamEntry> => (await stream.next()).value as StreamEntry;
  const json = await next();
  assert.deepEqual([json.format, json.raw, json.key, json.timeMs], ["json", '{"n":12345678901234567890,"a":1,"a":2}', "k", 99]);
  assert.deepEqual([(json.data as { a: number }).a, Buffer.from(json.bytes).toString()], [2, json.raw]);
  const binary = await next();
  assert.deepEqual([binary.format, binary.raw, binary.data, binary.bytes], ["bytes", null, undefined, new Uint8Array([0, 1, 2])]);
  const parts = await next();
  assert.equal(parts.raw, large);
  assert.equal(parts.data, "é".repeat(40_000));
  assert.equal(parts.data, parts.data);
});

test("parts beyond what the server announced as the greatest entry end the link", async () => {
  const { net, client } = opened();
  client.stream("a");
  const conn = net.last.welcome({ entryBytesMax: 50_000 });
  answer(conn, "a", "0");
  const base64 = toBase64(new Uint8Array(45_000));
  conn.say({ type: "part", stream: "a", position: "e.11", index: 0, base64 });
  assert.equal(endOf(conn), "open");
  conn.say({ type: "part", stream: "a", position: "e.11", index: 1, base64 });
  assert.equal(endOf(conn), "close 4500");
});

test("parts of a stream that was left do not stand in the way of another's", async () => {
  const { net, client } = opened();
  const left = client.stream("a");
  const { got } = collect(client, "b");
  const conn = net.last.welcome();
  answer(conn, "a", "0");
  answer(conn, "b", "0");
  conn.say({ type: "part", stream: "a", position: "e.11", index: 0, base64: "MQ==" });
  left.close();
  conn.say({ type: "part", stream: "b", position: "e.11", index: 0, base64: "Mg==" });
  conn.say({ type: "entry", stream: "b", position: "e.11", prev: "0", timeMs: 1, parts: 1, format: "json" });
  await settle();
  assert.deepEqual([got, endOf(conn)], [[2], "open"]);
});

test("a slow iterator is cut back at 1,000 entries and served again at half: nothing is lost, and another stream is not held up", async () => {
  const { net, client } = opened();
  const slow = client.stream("slow", { from: "first" });
  const fast = collect(client, "fast", { from: "first" });
  const conn = net.last.welcome();
  answer(conn, "slow", "0", at(5_000));
  answer(conn, "fast", "0", at(5_000));
  const asked = (): unknown[] => conn.of("subscribe").filter(({ stream }) => stream === "slow");
  // The server sends all that it has, as long as it has not read the unsubscribe: some of it in vain.
  const serve = (begin: number): void => entries(conn, "slow", begin, 5_000);
  serve(0);
  assert.deepEqual([conn.last("unsubscribe")["stream"], slow.status.getSnapshot().code], ["slow", "slow_consumer"]);
  assert.equal(client.status.getSnapshot().state, "catching-up");
  const got: unknown[] = [];
  let served = 1;
  while (got.length < 5_000) {
    got.push(((await slow.next()).value as StreamEntry).data);
    if (asked().length === served) continue;
    served++;
    // Half of what it held is taken: it goes on after the last one that it holds.
    assert.deepEqual(conn.last("subscribe"), { type: "subscribe", id: conn.last("subscribe")["id"], stream: "slow", from: { after: at(got.length + 500) } });
    entries(conn, "fast", (served - 2) * 100, (served - 1) * 100);
    answer(conn, "slow", at(got.length + 500), at(5_000));
    serve(got.length + 500);
  }
  await settle();
  assert.deepEqual(
    got,
    [...Array(5_000).keys()].map((n) => n + 1),
  );
  assert.deepEqual([fast.got.length, fast.stream.counters.cutbacks], [(served - 1) * 100, 0]);
  assert.equal(slow.counters.cutbacks, 9);
});

test("an iterator that is never asked holds no more than its limit in bytes", () => {
  const { net, client } = opened();
  const stream = client.stream("a", { from: "first" });
  const conn = net.last.welcome();
  answer(conn, "a", "0", at(900));
  for (let n = 0; n < 900; n++) {
    conn.say({ type: "entry", stream: "a", position: at(n + 1), prev: at(n), timeMs: 1, data: "x".repeat(10_000) });
  }
  assert.equal(conn.of("unsubscribe").length, 1);
  assert.equal(stream.counters.cutbacks, 1);
  assert.ok(client.counters.late > 700);
});

test("gaps come in order with the entries, and are counted in the status", async () => {
  const { net, client } = opened();
  const seen: unknown[] = [];
  const stream = client.stream("a", { from: { after: at(1) }, onGap: (gap: Gap) => void seen.push(`${gap.reason} ${gap.from} ${gap.after}`) });
  const conn = net.last.welcome();
  answer(conn, "a", at(1), at(9));
  conn.say({ type: "gap", stream: "a", reason: "trimmed", from: at(1), after: at(7), head: at(9) });
  assert.equal(stream.status.getSnapshot().gaps, 1);
  entries(conn, "a", 7, 9);
  for (let i = 0; i < 2; i++) seen.push(((await stream.next()).value as StreamEntry).data);
  assert.deepEqual(seen, [`trimmed ${at(1)} ${at(7)}`, 8, 9]);
  assert.deepEqual([stream.position, client.counters.gaps, stream.status.getSnapshot().state], [at(9), 1, "live"]);
});

test("the position is known as soon as the server has said where reading begins, before any entry", () => {
  const { net, client } = opened();
  const stream = client.stream("a");
  const positions: (string | null)[] = [];
  stream.status.subscribe(() => positions.push(stream.position));
  assert.equal(stream.position, null);
  const conn = net.last.welcome();
  answer(conn, "a", at(4));
  assert.equal(positions.at(-1), at(4));
  assert.equal(client.stream("a").position, at(4), "a second reader begins where the first one is");
});

test("leaving the loop, return, throw, close and disposal all end the subscription", async () => {
  for (const way of ["break", "return", "throw", "close", "dispose"]) {
    const { net, client } = opened();
    const stream = client.stream("a");
    const conn = net.last.welcome();
    answer(conn, "a", "0");
    entries(conn, "a", 0, 2);
    if (way === "break") for await (const { data } of stream) if (data === 1) break;
    if (way === "return") assert.deepEqual(await stream.return(), { done: true, value: undefined });
    if (way === "throw") await assert.rejects(stream.throw(new RangeError("x")), RangeError);
    if (way === "close") stream.close();
    if (way === "dispose") await stream[Symbol.asyncDispose]();
    assert.equal(conn.of("unsubscribe").length, 1, way);
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
    assert.deepEqual([stream.status.getSnapshot().state, stream.ended], ["closed", false]);
    entries(conn, "a", 2, 3);
    assert.equal(client.counters.late, 1, "what was under way is dropped and counted");
  }
});

test("a signal ends the iteration with `aborted` and the subscription with it", async () => {
  const { net, client } = opened();
  const abort = new AbortController();
  const { got, finished } = collect(client, "a", { signal: abort.signal });
  const conn = net.last.welcome();
  answer(conn, "a", "0");
  entries(conn, "a", 0, 1);
  await settle();
  abort.abort();
  await finished;
  assert.deepEqual([got, conn.of("unsubscribe").length], [[1, "aborted"], 1]);
  const { got: never } = collect(client, "b", { signal: abort.signal });
  await settle();
  assert.deepEqual([never, conn.of("subscribe").length], [["aborted"], 1]);
});

test("a stream that ends ends the loop; the link goes when nothing else needs it", async () => {
  const { world, net, client } = opened();
  const { got, finished, stream } = collect(client, "a", { from: "first" });
  const conn = net.last.welcome();
  answer(conn, "a", "0", at(1));
  entries(conn, "a", 0, 1);
  conn.say({ type: "closed", stream: "a", position: at(1) });
  await finished;
  assert.deepEqual([got, stream.position, stream.status.getSnapshot().reason], [[1, "ended"], at(1), "ended"]);
  await world.advance(10_000);
  assert.equal(endOf(conn), "close 1000");
});

test("a subscription that is refused for good fails its readers only", async () => {
  const { net, client } = opened();
  const a = collect(client, "a");
  const b = collect(client, "b");
  const conn = net.last.welcome();
  conn.say({ type: "unsubscribed", id: conn.of("subscribe")[0]?.["id"], stream: "a", code: "too_many_subscriptions", message: "" });
  answer(conn, "b", "0");
  entries(conn, "b", 0, 1);
  await a.finished;
  await settle();
  assert.deepEqual([a.got, b.got], [["too_many_subscriptions"], [1]]);
  assert.deepEqual([a.stream.status.getSnapshot().state, a.stream.status.getSnapshot().code], ["denied", "too_many_subscriptions"]);
  assert.equal(client.status.getSnapshot().state, "live");
});

test("a name that cannot be is refused at the call", () => {
  const { client } = opened();
  assert.throws(
    () => client.stream("a//b"),
    (error: HoldfastError) => error.code === "bad_stream_name",
  );
});

test("streams with names that objects know are streams like others", async () => {
  const { net, client } = opened();
  const { got } = collect(client, "__proto__", { from: "first" });
  const conn = net.last.welcome();
  answer(conn, "__proto__", "0");
  conn.say('{"type":"beat","streams":{"__proto__":{"sent":"0","head":"0"},"constructor":{"sent":"e.11","head":"e.11"}}}');
  entries(conn, "__proto__", 0, 1);
  await settle();
  assert.deepEqual([got, conn.of("subscribe").length], [[1], 1]);
});

test("entries of 500 streams keep apart", async () => {
  const { net, client } = opened();
  const readers = Array.from({ length: 500 }, (_, i) => collect(client, `s/${i}`, { from: "first" }));
  const conn = net.last.welcome();
  for (let i = 0; i < 500; i++) answer(conn, `s/${i}`, "0");
  for (let n = 0; n < 3; n++) for (let i = 0; i < 500; i++) entries(conn, `s/${i}`, n, n + 1);
  await settle();
  for (const { got } of readers) assert.deepEqual(got, [1, 2, 3]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type ConnectionList, connectionTable, parseConnectionList, shortTime } from "../src/connections/table.ts";

const row: ConnectionList["connections"][number] = {
  id: "7m3kq0v1c2ab",
  listener: "https",
  peer: "192.0.2.7:50000",
  protocol: "h2",
  phase: "tunnel",
  tls: { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", alpn: "h2", sni: null, resumed: true },
  subject: "ann",
  ageMs: 3_725_000,
  silentMs: 850,
  idleMs: null,
  bytesRead: 1_536,
  bytesWritten: 12,
  bytesQueued: 0,
  requests: 12_345,
};
const list: ConnectionList = { connections: [row], matching: 1, open: 1, limit: 20_000, descriptors: { open: 57, max: 1_024 } };

test("the table sums up, lines up, and leaves out columns in which nothing stands", () => {
  const plain = {
    ...row,
    id: "a",
    peer: "[2001:db8::1]:443",
    tls: null,
    subject: null,
    protocol: "http/1.1",
    phase: "idle" as const,
    idleMs: 61_000,
    requests: 1,
  };
  assert.equal(
    connectionTable({ ...list, connections: [row, plain], matching: 57, open: 1_234 }),
    [
      "1,234 open of 20,000, 2 of 57 shown; 57 of 1,024 descriptors\n",
      "id            peer               listener  protocol  tls          phase     age   idle  silent       in   out  requests  subject\n",
      "7m3kq0v1c2ab  192.0.2.7:50000    https     h2        1.3 resumed  tunnel  1h02m      -    0.8s  1.5 KiB  12 B    12,345  ann\n",
      "a             [2001:db8::1]:443  https     http/1.1               idle    1h02m  1m01s    0.8s  1.5 KiB  12 B         1\n",
    ].join(""),
  );
  const bare = connectionTable({ ...list, connections: [plain] });
  assert.doesNotMatch(bare, /tls|subject/);
  assert.match(connectionTable({ ...list, connections: [], open: 0, matching: 0, descriptors: { open: 3, max: null } }), /^0 open of 20,000; 3 descriptors\n$/);
});

test("no line is wider than the terminal", () => {
  for (const line of connectionTable(list, 60).split("\n")) assert.ok(line.length <= 60, line);
  assert.match(connectionTable(list, 60), />\n/);
});

test("what peers and applications wrote cannot act on a terminal", () => {
  assert.ok(!connectionTable({ ...list, connections: [{ ...row, subject: "a\x1b[2J\u202e" }] }).includes("\x1b"));
});

for (const [ms, text] of [
  [0, "0.0s"],
  [850, "0.8s"],
  [9_999, "9.9s"],
  [10_000, "10s"],
  [59_999, "59s"],
  [245_000, "4m05s"],
  [7_980_000, "2h13m"],
  [273_600_000, "3d04h"],
] as const) {
  test(`${ms} ms are ${text}`, () => assert.equal(shortTime(ms), text));
}

test("a list is read", () => assert.deepEqual(parseConnectionList(JSON.stringify(list)), list));

for (const body of [
  "",
  "null",
  "[]",
  "{}",
  '{"streams":[],"next":null}',
  "<html>",
  JSON.stringify({ ...list, connections: [{}] }),
  JSON.stringify({ ...list, open: "1" }),
]) {
  test(`another server's answer is not taken for one: ${body.slice(0, 40)}`, () => assert.equal(parseConnectionList(body), null));
}

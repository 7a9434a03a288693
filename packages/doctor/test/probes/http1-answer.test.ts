/** Answers of HTTP/1.x, cut at every byte: the head, where the body ends, and whether the connection is kept. */
import assert from "node:assert/strict";
import test from "node:test";
import { AnswerReader, announcedIdleMs, headBytesMax, keepsConnection } from "../../src/probes/http1-answer.ts";

function read(text: string, step: number, bodiless = false): AnswerReader {
  const reader = new AnswerReader(bodiless, 100);
  const bytes = Buffer.from(text, "latin1");
  for (let i = 0; i < bytes.length; i += step) reader.read(bytes.subarray(i, i + step));
  return reader;
}

const cases: readonly (readonly [name: string, text: string, body: string])[] = [
  ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"],
  ["chunks with extensions and a trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n", "abcde"],
  ["interim answers before it", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", ""],
  ["an empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""],
];

for (const [name, text, body] of cases) {
  test(`${name}: the answer is over at its last byte, however it is cut`, () => {
    for (const step of [1, 2, 3, 7, 10_000]) {
      const reader = read(text, step);
      assert.equal(reader.state.at, "done", `steps of ${step}`);
      assert.equal(reader.kept, body);
      if (body !== "") assert.notEqual(read(text.slice(0, -1), step).state.at, "done", "not before its last byte");
    }
  });
}

test("a body without a length lasts until the connection ends, and any other is cut off by that", () => {
  const open = read("HTTP/1.1 200 OK\r\n\r\nabc", 1);
  assert.deepEqual(open.state.at === "body" && [open.state.bodyBytes, open.state.untilEnd], [3, true]);
  assert.equal(open.end().at, "done");
  assert.equal(read("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 1).end().at, "fault");
  assert.equal(new AnswerReader().end().at, "fault");
});

test("an answer to HEAD has no body, whatever length it names", () => {
  assert.equal(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 1, true).state.at, "done");
});

test("what is not HTTP/1, or has no end, is a fault", () => {
  for (const text of ["SSH-2.0-OpenSSH\r\n", "HTTP/2.0 200\r\n\r\n", "HTTP/1.1 ok\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"])
    assert.equal(read(text, 3).state.at, "fault", text);
  assert.equal(read(`HTTP/1.1 200 OK\r\nX: ${"y".repeat(headBytesMax)}`, 4_096).state.at, "fault");
});

test("whether the connection is kept is said by version and header together", () => {
  const kept = (version: string, connection?: string): boolean =>
    keepsConnection({ status: 200, version, headers: connection === undefined ? {} : { connection } });
  assert.deepEqual([kept("1.1"), kept("1.0"), kept("1.1", "Close"), kept("1.0", "Keep-Alive"), kept("1.1", "x, close")], [true, false, false, true, false]);
  assert.deepEqual([announcedIdleMs("timeout=5, max=100"), announcedIdleMs("max=1"), announcedIdleMs(undefined)], [5_000, null, null]);
});

test("a header block made to be slow to read is read at once", () => {
  const blanks = " ".repeat(60_000);
  for (const line of [`X: a${blanks}b`, `Connection: a${blanks}b`, `Connection: ${blanks}`]) {
    const startMs = performance.now();
    for (let i = 0; i < 5; i++) {
      const { state } = read(`HTTP/1.1 200 OK\r\n${line}\r\nContent-Length: 0\r\n\r\n`, 10_000);
      assert.ok(state.at === "done" && keepsConnection(state.head));
    }
    assert.ok(performance.now() - startMs < 2_000, "some seconds each, where blanks are gone through again and again");
  }
});

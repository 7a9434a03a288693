// Which codes end a run, and which do not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusals, refusedIn } from "../src/verify/refusal.ts";

const body = (code: string): string => JSON.stringify({ error: { code, message: "why" } });

test("only the server's own refusals of a client are taken for one, in an answer and in a close", () => {
  assert.deepEqual(refusedIn(body("forbidden")), { code: "forbidden", said: "why" });
  assert.deepEqual(refusedIn('{"code":"unauthenticated","message":"why"}'), { code: "unauthenticated", said: "why" });
  for (const text of ["", "403 Forbidden", "null", "7", body("overloaded"), '{"error":null}']) assert.equal(refusedIn(text), null, text);
});

test("the first refusal is kept, and ends the run", () => {
  const refusals = new Refusals(true);
  refusals.ended("http://a", "the link of reader 1", "heartbeat_lost", "");
  refusals.answered("http://a", "reading a log", { kind: "refused", status: 403, body: "a hop's own" });
  assert.deepEqual([refusals.first, refusals.signal.aborted], [null, false]);
  refusals.ended("http://a", "reading x", "forbidden", "not allowed");
  refusals.answered("http://a", "reading a log", { kind: "refused", status: 401, body: body("unauthenticated") });
  assert.deepEqual([refusals.first, refusals.signal.aborted], ["http://a refused reading x: forbidden, not allowed", true]);
});

test("a token that has run out ends the run unless the next dial may show another", () => {
  for (const isFixed of [true, false]) {
    const refusals = new Refusals(isFixed);
    refusals.ended("http://a", "the link of reader 1", "token_expired", "");
    assert.equal(refusals.first !== null, isFixed);
  }
  const refusals = new Refusals(false);
  refusals.answered("http://a", "reading a log", { kind: "refused", status: 401, body: body("token_expired") });
  assert.equal(refusals.first, "http://a refused reading a log: token_expired, why");
});

/** Which transport is dialled next, as an ordinary value: no network here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { localEnding } from "../src/endings.ts";
import { Fallback } from "../src/fallback.ts";

const failed = localEnding("connect_failed", "refused", 0);
const buffered = localEnding("response_buffered", "held back", 0);

test("two misses in a row lead to the next transport at once; past the last, to the first after a pause", () => {
  const fallback = new Fallback(3);
  assert.equal(fallback.missed(failed), false);
  assert.equal(fallback.next, 0);
  assert.equal(fallback.missed(failed), true);
  assert.equal(fallback.next, 1);
  assert.equal(fallback.cause, failed);
  fallback.missed(failed);
  assert.equal(fallback.missed(failed), true);
  assert.equal(fallback.next, 2);
  fallback.missed(failed);
  assert.equal(fallback.missed(failed), false);
  assert.equal(fallback.next, 0);
});

test("a hop that holds responses back is believed the first time, and named until the first transport works", () => {
  const fallback = new Fallback(3);
  fallback.missed(failed);
  fallback.missed(failed);
  assert.equal(fallback.missed(buffered), true);
  assert.equal(fallback.next, 2);
  fallback.worked(2);
  assert.equal(fallback.cause, buffered);
  fallback.again();
  fallback.worked(0);
  assert.equal(fallback.cause, null);
});

test("a better transport is tried once per new link, the better ones in turn, and a trial that fails costs one dial", () => {
  const fallback = new Fallback(3);
  fallback.worked(2);
  const tried: number[] = [];
  for (let i = 0; i < 4; i++) {
    fallback.again();
    tried.push(fallback.next);
    assert.equal(fallback.missed(failed), true);
    assert.equal(fallback.next, 2);
    fallback.worked(2);
  }
  assert.deepEqual(tried, [0, 1, 0, 1]);
});

test("a miss between links that work is forgotten", () => {
  const fallback = new Fallback(2);
  for (let i = 0; i < 5; i++) {
    assert.equal(fallback.missed(failed), false);
    fallback.worked(0);
    fallback.again();
  }
  assert.equal(fallback.next, 0);
});

test("whatever happens, a transport that works is dialled within two dials for each of the others, and two", () => {
  const events = fc.array(fc.constantFrom("missed", "buffered", "worked", "again"), { maxLength: 40 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), events, fc.nat(3), (count, history, which) => {
      const fallback = new Fallback(count);
      for (const event of history) {
        if (event === "worked") fallback.worked(fallback.next);
        else if (event === "again") fallback.again();
        else fallback.missed(event === "missed" ? failed : buffered);
        assert.ok(fallback.next >= 0 && fallback.next < count);
      }
      const working = which % count;
      for (let dials = 0; dials <= 2 * count + 1; dials++) {
        if (fallback.next === working) return;
        fallback.missed(failed);
      }
      assert.fail(`transport ${working} of ${count} is never dialled`);
    }),
  );
});

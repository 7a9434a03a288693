import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytes, clockTime, counted, duration, seconds, short, whole } from "../web/format.ts";
import { linearTicks, logTicks, niceMax, Series } from "../web/series.ts";

test("points come out in order of time, whatever the order they came in", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1_000 })), (times) => {
      const series = new Series();
      for (const atMs of times) series.add(atMs, 1);
      assert.deepEqual(
        series.points.map(({ atMs }) => atMs),
        [...times].sort((a, b) => a - b),
      );
    }),
  );
});

test("things are counted by the second, and what is older than the picture is forgotten but for one", () => {
  const series = new Series();
  for (const atMs of [1_000, 1_400, 1_999, 2_000, 5_500]) series.count(atMs);
  assert.deepEqual(series.points, [
    { atMs: 1_000, value: 3 },
    { atMs: 2_000, value: 1 },
    { atMs: 5_000, value: 1 },
  ]);
  series.trim(5_000);
  assert.deepEqual(
    series.points.map(({ atMs }) => atMs),
    [2_000, 5_000],
  );
});

test("a series is bounded", () => {
  const series = new Series();
  for (let i = 0; i < 7_000; i++) series.add(i, i);
  assert.equal(series.points.length, 6_000);
  assert.equal(series.last?.value, 6_999);
});

test("axes end at round numbers above what they show", () => {
  assert.deepEqual([0, 0.3, 1, 3, 7, 45, 101, 20_200].map(niceMax), [1, 0.4, 1, 4, 8, 60, 200, 40_000]);
  assert.deepEqual(linearTicks(40), [0, 20, 40]);
  assert.deepEqual(logTicks(0.1, 100_000), [0.1, 10, 1_000, 100_000]);
});

test("numbers and times read the same everywhere", () => {
  assert.deepEqual([0, 999, 1_284, 1_234_567].map(whole), ["0", "999", "1,284", "1,234,567"]);
  assert.deepEqual([-1, 0.42, 42, 999.9, 1_000, 20_240, 119_999, 185_000].map(duration), [
    "0.0 ms",
    "0.4 ms",
    "42 ms",
    "1000 ms",
    "1.0 s",
    "20.2 s",
    "120.0 s",
    "3 min 5 s",
  ]);
  assert.deepEqual([0, 90, 15_210].map(seconds), ["0.0 s", "0.1 s", "15.2 s"]);
  assert.deepEqual([999, 14_200, 3_100_000].map(bytes), ["999 B", "14.2 KB", "3.1 MB"]);
  assert.deepEqual([0, 0.25, 4.21, 18.04, 180.4].map(short), ["0", "0.25", "4.21", "18", "180"]);
  assert.deepEqual([counted(1, "entry", "entries"), counted(0, "entry", "entries"), counted(2, "close")], ["1 entry", "0 entries", "2 closes"]);
  assert.match(clockTime(0), /^\d\d:\d\d:\d\d$/);
});

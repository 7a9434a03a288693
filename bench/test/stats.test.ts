/** Medians, percentiles and ratios as the page states them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { payloadText, payloadTimeUs } from "../lib/payload.ts";
import { figure, percentile, ratios, summarize, withSpread } from "../lib/stats.ts";

test("a summary has the median and both ends, in any order of samples", () => {
  assert.deepEqual(summarize([3, 1, 2]), { median: 2, low: 1, high: 3, count: 3 });
  assert.deepEqual(summarize([4, 1, 2, 3]), { median: 2.5, low: 1, high: 4, count: 4 });
});

test("from ten samples on the spread leaves out the outer tenths", () => {
  const { low, high } = summarize(Array.from({ length: 20 }, (_, i) => i + 1));
  assert.deepEqual([low, high], [2, 18]);
});

test("percentiles take the nearest rank", () => {
  const sorted = Array.from({ length: 100 }, (_, i) => i + 1);
  assert.equal(percentile(sorted, 0.5), 50);
  assert.equal(percentile(sorted, 0.99), 99);
  assert.equal(percentile(sorted, 1), 100);
  assert.equal(percentile([7], 0.01), 7);
});

test("ratios are taken repetition by repetition", () => {
  assert.deepEqual(ratios([10, 30], [5, 10]), { median: 2.5, low: 2, high: 3, count: 2 });
});

test("figures have three significant digits, the spread only when there was more than one sample", () => {
  assert.equal(figure(1_234_567), "1,230,000");
  assert.equal(figure(0.012345), "0.0123");
  assert.equal(figure(Number.NaN), "-");
  assert.equal(withSpread(summarize([1])), "1");
  assert.equal(withSpread(summarize([1, 2, 3])), "2 (1 to 3)");
});

test("a payload has exactly the bytes asked for, is JSON and gives its time back", () => {
  for (const bytes of [40, 100, 150]) {
    const text = payloadText(bytes, 1_234_567_890);
    assert.equal(Buffer.byteLength(text), bytes);
    assert.equal(Number(JSON.parse(text).at), 1_234_567_890);
    assert.equal(payloadTimeUs(Buffer.from(`..${text}`), 2), 1_234_567_890);
  }
});

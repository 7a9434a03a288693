import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration, parseDuration } from "@holdfast/path";

test("times are read with their unit, and nothing else is", () => {
  for (const [text, ms] of [
    ["60s", 60_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["1.5s", 1_500],
    ["2 d", 172_800_000],
  ] as const) {
    assert.equal(parseDuration(text), ms, text);
  }
  assert.equal(parseDuration("never"), "never");
  for (const text of ["60", "", "s", "-1s", "60 seconds", "1h 30"]) assert.equal(parseDuration(text), null, text);
});

test("times are written so that they are exact, and short", () => {
  for (const [ms, text] of [
    [65_000, "65 s"],
    [250, "250 ms"],
    [300_000, "5 min"],
    [3_600_000, "60 min"],
    [7_200_000, "2 h"],
    [9_000_000, "2 h 30 min"],
    [432_000_000, "5 d"],
    [1_500, "1.5 s"],
    [350_000, "350 s"],
  ] as const) {
    assert.equal(formatDuration(ms), text);
  }
  assert.equal(formatDuration("never"), "never");
});

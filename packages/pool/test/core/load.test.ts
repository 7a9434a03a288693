/** Little's law over the last minute. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LoadMeter } from "../../src/core/load.ts";

describe("load", () => {
  it("says how many connections a steady load needs", () => {
    const meter = new LoadMeter(0);
    for (let nowMs = 0; nowMs < 120_000; nowMs += 10) {
      meter.arrived(nowMs);
      meter.served(0);
      meter.held(50, nowMs);
    }
    const { arrivalsPerSecond, meanHoldMs, needed, waitP95Ms } = meter.load(120_000);
    assert.ok(Math.abs(arrivalsPerSecond - 100) < 1, `${arrivalsPerSecond} of 100 per second`);
    assert.equal(meanHoldMs, 50);
    assert.ok(Math.abs(needed - 5) < 0.1);
    assert.equal(waitP95Ms, 0);
  });

  it("forgets what was more than a minute ago", () => {
    const meter = new LoadMeter(0);
    for (let i = 0; i < 1_000; i++) meter.arrived(0);
    meter.served(700);
    assert.equal(meter.load(1_000).arrivalsPerSecond, 1_000);
    assert.equal(meter.load(1_000).waitP95Ms, 1_000);
    const later = meter.load(70_000);
    assert.equal(later.arrivalsPerSecond, 0);
    assert.equal(later.waitP95Ms, null);
    assert.equal(
      meter.waits.reduce((sum, count) => sum + count),
      1,
    );
  });

  it("keeps the slices between two looks", () => {
    const meter = new LoadMeter(0);
    meter.arrived(4_000);
    meter.arrived(12_000);
    meter.arrived(59_000);
    assert.ok(Math.abs(meter.load(59_500).arrivalsPerSecond * 59.5 - 3) < 1e-9);
  });

  it("counts a wait above all bounds as one without end", () => {
    const meter = new LoadMeter(0);
    meter.served(40_000);
    assert.equal(meter.load(1_000).waitP95Ms, Number.POSITIVE_INFINITY);
  });
});

/** Windows follow bandwidth times delay: on simulated paths, without a clock. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newMeter, WindowEstimator } from "../../src/http2/window-estimator.ts";

const limits = { windowBytesMin: 65_535, windowBytesMax: 16_777_216, shrinkAfterMs: 10_000 };

/** A sender that sends a window per round trip, or what the path carries in one if that is less, for so many round trips. */
function run(
  estimator: WindowEstimator,
  { roundTripMs, bytesPerMs, roundTrips, queueMs = 0 }: { roundTripMs: number; bytesPerMs: number; roundTrips: number; queueMs?: number },
) {
  const meter = newMeter();
  let nowMs = 0;
  let pings = 0;
  for (let i = 0; i < roundTrips; i++) {
    const tookMs = roundTripMs + (i > 0 ? queueMs : 0);
    const bytes = Math.min(estimator.windows.streamBytes, bytesPerMs * tookMs);
    let isAsking = false;
    for (let sent = 0; sent < bytes; sent += 16_384) {
      if (estimator.received(meter, Math.min(16_384, bytes - sent), nowMs + (sent / bytes) * tookMs)) isAsking = true;
    }
    nowMs += tookMs;
    if (!isAsking) continue;
    pings++;
    // The PING left in the middle of this round trip, so a whole window arrives until its answer does.
    for (let sent = 0; sent < bytes; sent += 16_384) estimator.received(meter, Math.min(16_384, bytes - sent), nowMs + (sent / bytes) * tookMs);
    nowMs += tookMs;
    estimator.set(estimator.answered(nowMs));
  }
  return { pings, nowMs };
}

test("a path that carries more than the window opens it, up to the maximum", () => {
  const estimator = new WindowEstimator(limits, 65_535, 0);
  const { pings } = run(estimator, { roundTripMs: 100, bytesPerMs: 1_000_000, roundTrips: 60 });
  assert.deepEqual(estimator.windows, { streamBytes: 16_777_216, sessionBytes: 16_777_216 });
  assert.ok(pings <= 20, `${pings} PINGs`);
});

test("a path that carries less stays within a few times what it carries in a round trip", () => {
  const estimator = new WindowEstimator(limits, 65_535, 0);
  run(estimator, { roundTripMs: 100, bytesPerMs: 5_000, roundTrips: 500 });
  const { streamBytes } = estimator.windows;
  assert.ok(streamBytes >= 500_000 && streamBytes <= 2_100_000, `${streamBytes} bytes for 500,000 in a round trip`);
});

test("a queue on the path does not pass for bandwidth", () => {
  const estimator = new WindowEstimator(limits, 65_535, 0);
  // The first round trip is short; then a queue makes every other one ten times as long and as full.
  run(estimator, { roundTripMs: 100, bytesPerMs: 5_000, roundTrips: 1 });
  const { streamBytes } = estimator.windows;
  const meter = newMeter();
  estimator.received(meter, streamBytes, 10_000);
  estimator.received(meter, streamBytes, 10_500);
  const next = estimator.answered(12_000);
  assert.equal(next.streamBytes, streamBytes);
});

test("many small answers open the window of the session, and leave those of streams alone", () => {
  const estimator = new WindowEstimator(limits, 65_535, 0);
  let nowMs = 0;
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 200; i++) estimator.received(newMeter(), 10_000, nowMs + i / 2);
    nowMs += 100;
    estimator.set(estimator.answered(nowMs));
  }
  assert.deepEqual([estimator.windows.streamBytes, estimator.windows.sessionBytes > 1_048_560], [65_535, true]);
});

test("windows halve while little comes, down to the minimum, and no PING is asked for without bytes", () => {
  const estimator = new WindowEstimator(limits, 1_048_560, 0);
  assert.equal(estimator.windows.streamBytes, 1_048_560);
  estimator.set(estimator.idle(5_000));
  assert.equal(estimator.windows.streamBytes, 1_048_560, "not before its time");
  for (let nowMs = 10_000; nowMs <= 60_000; nowMs += 10_000) estimator.set(estimator.idle(nowMs));
  assert.deepEqual(estimator.windows, { streamBytes: 65_535, sessionBytes: 1_048_560 });
});

test("a window that is used is not halved", () => {
  const estimator = new WindowEstimator(limits, 1_048_560, 0);
  estimator.received(newMeter(), 2_000_000, 1_000);
  estimator.set(estimator.idle(10_000));
  assert.equal(estimator.windows.streamBytes, 1_048_560);
});

test("whatever arrives whenever, windows stay within their limits and PINGs follow bytes", () => {
  const event = fc.record({ bytes: fc.nat(100_000), afterMs: fc.nat(5_000), what: fc.constantFrom("data", "answer", "abandon", "idle") });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const estimator = new WindowEstimator(limits, 65_535, 0);
      const meter = newMeter();
      let nowMs = 0;
      let bytesSincePing = Number.POSITIVE_INFINITY;
      for (const { bytes, afterMs, what } of events) {
        nowMs += afterMs;
        bytesSincePing += what === "data" ? bytes : 0;
        if (what === "data" && estimator.received(meter, bytes, nowMs)) {
          assert.ok(bytesSincePing >= 32_767, `${bytesSincePing} bytes since the last PING`);
          bytesSincePing = 0;
        } else if (what === "answer") estimator.set(estimator.answered(nowMs));
        else if (what === "abandon") estimator.abandoned(nowMs);
        else if (what === "idle") estimator.set(estimator.idle(nowMs));
        const { streamBytes, sessionBytes } = estimator.windows;
        assert.ok(streamBytes >= limits.windowBytesMin && streamBytes <= limits.windowBytesMax);
        assert.ok(sessionBytes >= streamBytes && sessionBytes <= limits.windowBytesMax);
      }
    }),
  );
});

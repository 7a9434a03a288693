/** Until when a connection may be used again: the arithmetic of expiry.ts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expiredBy, jittered, keepMsOf, type Limits, reusableUntilMs, type Use } from "../src/expiry.ts";

const limits: Limits = { keepMsMax: Number.POSITIVE_INFINITY, idleMs: 4_000, ageMs: 60_000, requestsMax: 3 };
const use: Use = { openedMs: 0, idleSinceMs: 10_000, uses: 1, keepMs: null };

describe("expiry", () => {
  it("takes a second, two round trips or a tenth off what the server says, whichever is most", () => {
    assert.equal(keepMsOf(5_000), 4_000);
    assert.equal(keepMsOf(65_000), 58_500);
    assert.equal(keepMsOf(5_000, 400), 3_200);
    assert.equal(keepMsOf(2_000), 1_000);
  });

  it("does not reuse at all where nothing is left of a hint", () => {
    assert.equal(keepMsOf(1_000), 0);
    assert.equal(keepMsOf(2_000, 600), 0);
    assert.equal(keepMsOf(0), 0);
  });

  it("believes no hint beyond ten minutes", () => {
    assert.equal(keepMsOf(86_400_000), 540_000);
  });

  it("comes sooner by lot and never later", () => {
    assert.deepEqual(jittered(limits, 10, 0), limits);
    assert.deepEqual(jittered(limits, 10, 0.5), { ...limits, idleMs: 3_800, ageMs: 57_000 });
    assert.equal(jittered({ ...limits, ageMs: Number.POSITIVE_INFINITY }, 10, 0.9).ageMs, Number.POSITIVE_INFINITY);
  });

  it("names the limit that was met, and agrees with the moment that it names before", () => {
    for (const [each, nowMs, end] of [
      [use, 13_999, null],
      [use, 14_000, "idle_limit"],
      [{ ...use, keepMs: 20_000 }, 29_999, null],
      [{ ...use, keepMs: 20_000 }, 30_000, "idle_limit"],
      [{ ...use, keepMs: 0 }, 10_000, "idle_limit"],
      [{ ...use, idleSinceMs: 59_000 }, 60_000, "age_limit"],
      [{ ...use, uses: 3 }, 10_000, "requests_limit"],
    ] as const) {
      assert.equal(expiredBy(each, limits, nowMs), end);
      assert.equal(nowMs >= reusableUntilMs(each, limits), end !== null);
    }
  });

  it("relies on a connection for no longer than the path bears, whatever the server said", () => {
    const [hinted, path] = [
      { ...use, keepMs: 20_000 },
      { ...limits, keepMsMax: 2_000 },
    ];
    assert.equal(expiredBy(hinted, path, 11_999), null);
    assert.equal(expiredBy(hinted, path, 12_000), "idle_limit");
    assert.equal(reusableUntilMs(hinted, path), 12_000);
  });
});

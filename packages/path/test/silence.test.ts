/** Spikes of silence, and the hop that they name. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DurationBucket, explainSilence, findSpikes } from "@holdfast/path";

/** Half seconds to a minute, then whole ones. */
function bucketsOf(...silencesMs: readonly number[]): DurationBucket[] {
  const counts = new Map<number, number>();
  const width = (ms: number): number => (ms < 60_000 ? 500 : 1_000);
  for (const ms of silencesMs) {
    const fromMs = Math.floor(ms / width(ms)) * width(ms);
    counts.set(fromMs, (counts.get(fromMs) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b).map(([fromMs, count]) => ({ fromMs, toMs: fromMs + width(fromMs), count }));
}

const around = (ms: number, count: number): number[] => Array.from({ length: count }, (_, i) => ms - 450 + (i * 500) / count);
/** Ends as people make them: spread over two minutes. */
const spread = (count: number, overMs = 120_000): number[] => Array.from({ length: count }, (_, i) => (overMs * (i + 0.5)) / count);
/** Most at once, fewer and fewer later. */
const falling = (count: number, meanMs: number): number[] => Array.from({ length: count }, (_, i) => -meanMs * Math.log((i + 0.5) / count));

describe("silence before death", () => {
  it("names the hop where two fifths of the ends come after a minute", () => {
    const [{ finding } = { finding: undefined }, ...more] = explainSilence({
      of: "stream",
      buckets: bucketsOf(...around(60_000, 38), ...spread(62)),
      earlyMs: 500,
    });
    assert.deepEqual([finding?.code, finding?.severity, more], ["silence_names_a_hop", "warning", []]);
    assert.match(finding?.title ?? "", /^(38|39|40) % of 100 deaths of open streams came after 60 s \(± \d+ ms\) of silence/);
    assert.match(finding?.advice[0] ?? "", /^a heartbeat every 2[56](\.\d)? s or more often/);
  });

  it("is nothing where ends are spread, or most come at once", () => {
    assert.deepEqual(findSpikes(bucketsOf(...spread(500))), []);
    for (const meanMs of [500, 2_000, 8_000, 60_000]) assert.deepEqual(findSpikes(bucketsOf(...falling(500, meanMs))), [], `mean of ${meanMs} ms`);
  });

  it("is nothing where ends are few", () => {
    assert.deepEqual(findSpikes(bucketsOf(...around(60_000, 19))), []);
    assert.equal(findSpikes(bucketsOf(...around(60_000, 20))).length, 1);
    assert.deepEqual(findSpikes(bucketsOf(...around(60_000, 7), ...spread(60))), [], "so few may be chance");
    assert.deepEqual(findSpikes(bucketsOf(...around(60_000, 30), ...spread(1_000))), [], "three in a hundred are nobody's trouble");
  });

  it("finds two hops, the heavier first", () => {
    const spikes = findSpikes(bucketsOf(...around(30_000, 30), ...around(350_000, 50), ...spread(40)));
    assert.equal(spikes.length, 2);
    for (const [i, ms] of [350_000, 30_000].entries()) assert.ok(Math.abs((spikes[i]?.toMs ?? 0) - ms) <= 1_000, `${spikes[i]?.toMs}`);
  });

  it("tells a minute from 55 and from 65 s", () => {
    for (const ms of [55_000, 60_000, 65_000]) {
      const [spike] = findSpikes(bucketsOf(...around(ms, 40), ...spread(60)));
      assert.ok(spike !== undefined && Math.abs((spike.fromMs + spike.toMs) / 2 - ms) <= 1_000, `${ms}`);
    }
  });

  it("of idle connections is information: the right side closed", () => {
    const [{ finding } = { finding: undefined }] = explainSilence({ of: "idle", buckets: bucketsOf(...around(75_000, 100)), earlyMs: 500 });
    assert.deepEqual([finding?.code, finding?.severity], ["idle_names_a_hop", "info"]);
  });
});

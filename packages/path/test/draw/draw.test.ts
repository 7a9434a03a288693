import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { planPath } from "@holdfast/path";
import { drawLadder, type MeasuredIdle } from "@holdfast/path/draw";
import fc from "fast-check";
import { timeScale } from "../../src/draw/scale.ts";
import { shortTime, timeRange } from "../../src/draw/words.ts";
import { longPlan } from "../support/example-plans.ts";
import { hop, link, plan } from "../support/hand-plan.ts";
import { ladderExample } from "../support/ladder-example.ts";

/** Opening and closing tags fit together, and nothing stands outside of them. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, isEnd, name, , isEmpty] of svg.matchAll(/<(\/?)([a-z]+)((?:\s[\w-]+="[^"<]*")*)\s*(\/?)>/g)) {
    if (isEnd === "/") assert.equal(open.pop(), name);
    else if (isEmpty !== "/") open.push(name as string);
  }
  assert.deepEqual(open, []);
  assert.equal([...svg.matchAll(/</g)].length, [...svg.matchAll(/<\/?[a-z]+(?:\s[\w-]+="[^"<]*")*\s*\/?>/g)].length);
}

const numbers = (svg: string, pattern: RegExp): number[] => [...svg.matchAll(pattern)].map(([, value]) => Number(value));

describe("the ladder as a picture", () => {
  it("stands alone: no scripts, nothing from elsewhere, both kinds of pages", () => {
    const svg = drawLadder(longPlan());
    assertWellFormed(svg);
    assert.doesNotMatch(svg, /<script|href=|url\(|@import|on\w+="/);
    assert.match(svg, /prefers-color-scheme: dark/);
    assert.match(svg, /role="img" aria-labelledby="ladder-title ladder-words"/);
  });

  it("shows each timer, what is broken with its number, and what to set", () => {
    const svg = drawLadder(longPlan());
    for (const words of [
      ">900 s<",
      ">set 65 s<",
      ">heartbeat 25 s<",
      ">silence cut at 60 s<",
      ">move 48.6–54 min<",
      ">350 s<",
      ">nat gateway<",
      "2 errors, 1 warning",
    ]) {
      assert.ok(svg.includes(words), words);
    }
    assert.equal([...svg.matchAll(/class="badge error"/g)].length, 4, "two errors, in the picture and beneath it");
    assert.match(svg, /A1 {2}nginx -&gt; app: app ends kept connections/);
  });

  it("says each way to mend in its own unit", () => {
    const svg = drawLadder(planPath(ladderExample));
    assert.match(svg, /set keepAliveTimeout of app to 66 s/);
    assert.match(svg, /set upstream keepalive of edge to 0 \(keeps/);
  });

  it("leads a bar down where the sender gives up first and up where it does not", () => {
    const [a, b, c] = [
      hop("a", "client", { out: { value: 10_000 } }),
      hop("b", "proxy", { in: { value: 60_000 }, out: { value: 60_000 } }),
      hop("c", "runtime", { in: { value: 5_000 } }),
    ];
    const svg = drawLadder(plan({ hops: [a, b, c], links: [link(a, b, ["out", "in"]), link(b, c, ["out", "in"])] }));
    const bars = [...svg.matchAll(/<path class="line \w+" d="M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)"/g)].map(([, from, to]) => Number(to) - Number(from));
    assert.equal(bars.length, 2);
    assert.ok((bars[0] as number) > 0 && (bars[1] as number) < 0);
    assert.ok(svg.includes("sender first by 50 s") && svg.includes("receiver first by 55 s"));
  });

  it("brackets what was measured, open where nothing ended", () => {
    const measured: MeasuredIdle[] = [
      { hop: "alb", of: "websocket", atLeastMs: 59_500, atMostMs: 60_500 },
      { hop: null, of: "event-stream", atLeastMs: 70_000, atMostMs: null },
    ];
    const svg = drawLadder(longPlan(), measured);
    assert.ok(svg.includes("websocket 59.5–60.5 s") && svg.includes("event-stream ≥ 70 s"));
    assert.ok(svg.includes("measured: event-stream survived 70 s of silence, and nothing longer was tried"));
    assert.doesNotMatch(drawLadder(longPlan()), /measured: /);
  });

  it("escapes whatever a path may be called, and says all of it in its description", () => {
    const [a, b] = [hop('<b onload="x">&', "client", { "out<": { value: 1_000 } }), hop("]]>\u0000", "runtime", { in: { value: 3_000 } })];
    const svg = drawLadder(plan({ hops: [a, b], links: [link(a, b, ["out<", "in"])] }));
    assertWellFormed(svg);
    assert.doesNotMatch(svg, /onload="/);
    assert.match(svg, /<desc id="ladder-words">[^<]*out&lt; 1 s against in 3 s: sender first by 2 s/);
  });

  it("draws any two timers within the picture, in their order", () => {
    const time = fc.oneof(fc.integer({ min: 1, max: 864_000_000 }), fc.constant("never" as const));
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 12 }), (values) => {
        const scale = timeScale(values, 100, 300);
        const ys = values.map((value) => scale.y(value));
        assert.ok(ys.every((y) => y >= 100 && y <= 400));
        const sorted = values
          .toSorted((x, y) => (x === "never" ? Number.POSITIVE_INFINITY : x) - (y === "never" ? Number.POSITIVE_INFINITY : y))
          .map((value) => scale.y(value));
        assert.deepEqual(
          sorted,
          ys.toSorted((x, y) => x - y),
        );
        const ticks = scale.ticks.map(({ y }) => y);
        assert.ok(
          ticks.every((y, i) => i === 0 || y - (ticks[i - 1] as number) >= 19),
          "ticks do not cover one another",
        );
      }),
    );
  });

  it("keeps the labels of a crowded path apart, within its width", () => {
    const hops = Array.from({ length: 12 }, (_, i) => hop(`hop number ${i}`, "proxy", { in: { value: 60_000 + i }, out: { value: 60_000 - i } }));
    const svg = drawLadder(plan({ hops, links: hops.slice(1).map((receiver, i) => link(hops[i] as (typeof hops)[0], receiver, ["out", "in"])) }));
    assertWellFormed(svg);
    const width = Number(/viewBox="0 0 ([\d.]+)/.exec(svg)?.[1]);
    assert.ok(width > 960 && numbers(svg, /<text[^>]* x="([\d.]+)"/g).every((x) => x >= 0 && x <= width));
  });

  it("says times in few characters", () => {
    assert.deepEqual([1, 999, 1_500, 350_000, 999_000, 1_000_000, 3_600_000, 7_200_000, 432_000_000, "never" as const].map(shortTime), [
      "1 ms",
      "999 ms",
      "1.5 s",
      "350 s",
      "999 s",
      "16.7 min",
      "1 h",
      "2 h",
      "5 d",
      "never",
    ]);
    assert.deepEqual([timeRange(59_500, 60_500), timeRange(900_000, 1_200_000)], ["59.5–60.5 s", "900 s–20 min"]);
  });

  it("is in docs/ladder.svg as it is drawn now: `node packages/path/test/support/ladder-example.ts` writes it", () => {
    const file = fileURLToPath(new URL("../../../../docs/ladder.svg", import.meta.url));
    assert.equal(readFileSync(file, "utf8"), drawLadder(planPath(ladderExample)));
  });
});

/** The report: one page that needs nothing else, in which all that a target said is text. */
import assert from "node:assert/strict";
import test from "node:test";
import { diagnose, drawReport, type Facts } from "@holdfast/doctor";
import { planPath, readPath } from "@holdfast/path";
import { drawLadder, xml } from "@holdfast/path/draw";
import fc from "fast-check";
import { known } from "../../src/facts.ts";
import { drawTimers } from "../../src/render/timers.ts";
import { healthy, idleFact } from "../support/facts.ts";

const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&lt;\`<b>\`\u001b[31m\u0000`;
const page = (facts: Facts, more: Partial<Parameters<typeof drawReport>[0]> = {}): string =>
  drawReport({ facts, startedAt: "now", findings: diagnose(facts, null), comparison: null, ladder: null, ...more });

/** Every tag of a page, without what stands in quotes. */
const tags = (html: string): string[] => [...html.matchAll(/<\/?([a-zA-Z!][^\s>]*)/g)].map(([, name]) => (name ?? "").toLowerCase());
const own = new Set(
  "!doctype html head meta title style body h1 h2 h3 h4 p code ul li article section table thead tbody tr th td pre details summary svg defs pattern path rect text g".split(
    " ",
  ),
);

function safe(html: string): void {
  assert.deepEqual(
    [...new Set(tags(html))].filter((name) => !own.has(name)),
    [],
  );
  for (const [tag] of html.matchAll(/<[a-z][^>]*>/g)) assert.doesNotMatch(tag.replaceAll(/"[^"]*"/g, '""'), /\son[a-z]+\s*=|\ssrc\s*=|\shref\s*=/, tag);
  assert.ok(![...html].some((each) => each < " " && each !== "\n" && each !== "\t"));
}

test("what a target says is text wherever it stands", () => {
  const facts: Facts = {
    ...healthy,
    url: `https://example.com/?${encodeURIComponent(hostile)}`,
    http: known({ status: 301, version: "1.1", headers: { server: hostile, location: hostile }, http2: known(true), http3Announced: false }),
    hops: [{ header: "server", value: hostile, product: null }],
    webSocket: { known: false, why: hostile },
    notMeasured: [{ what: hostile, why: hostile }],
    idle: [idleFact({ code: 1_000 })],
  };
  const comparison = [{ what: hostile, declared: hostile, measured: hostile, agrees: false, hop: hostile, knob: hostile }];
  const html = page(facts, { comparison, startedAt: hostile });
  safe(html);
  assert.ok(html.includes("&lt;script&gt;alert(1)"), "it is shown all the same");
});

test("text of any kind stays text, in elements and in attributes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      assert.doesNotMatch(xml(text), /[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/);
      safe(page({ ...healthy, notMeasured: [{ what: text, why: text }] }));
    }),
    { numRuns: 50 },
  );
});

test("nothing in it is fetched or run, and the policy in it says so", () => {
  const html = page({ ...healthy, idle: [idleFact()] });
  assert.match(html, /default-src 'none'/);
  assert.doesNotMatch(html.replaceAll(/<pre>[\s\S]*?<\/pre>/g, ""), /https?:\/\/(?!example\.com)|@import|url\((?!#)/);
});

test("with a path it shows the ladder and what differs; without one it does not speak of them", () => {
  const path = readPath({ path: ["nginx", "node"] });
  const comparison = [{ what: "WebSocket", declared: "1 min", measured: "30 s", agrees: false, hop: "edge", knob: "proxy_read_timeout" }];
  const html = page({ ...healthy, idle: [idleFact()] }, { comparison, ladder: drawLadder(planPath(path), []) });
  assert.match(html, /differs/);
  assert.equal(html.match(/<svg/g)?.length, 2);
  assert.doesNotMatch(html, /<\?xml/);
  const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
  assert.deepEqual(ids, [...new Set(ids)], "the two pictures share no id");
  assert.doesNotMatch(page(healthy), /path file|declared path/);
});

test("the picture of timers keeps every bar within it, in the order of time, whatever was measured", () => {
  assert.equal(drawTimers([]), "");
  const times = fc.record({ atLeastMs: fc.double({ min: 0, max: 1e8, noNaN: true }), moreMs: fc.option(fc.double({ min: 0, max: 1e8, noNaN: true })) });
  fc.assert(
    fc.property(fc.array(times, { minLength: 1, maxLength: 12 }), (all) => {
      const svg = drawTimers(all.map(({ atLeastMs, moreMs }) => idleFact({ atLeastMs, atMostMs: moreMs === null ? null : atLeastMs + moreMs })));
      assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
      for (const [, x, width] of svg.matchAll(/<rect[^>]*\sx="([\d.-]+)"[^>]*\swidth="([\d.-]+)"/g)) {
        assert.ok(Number(x) >= 250 && Number(width) >= 0 && Number(x) + Number(width) <= 702, svg);
      }
      assert.equal(svg.match(/class="end"/g)?.length ?? 0, all.filter(({ moreMs }) => moreMs !== null).length);
    }),
    { numRuns: 200 },
  );
});

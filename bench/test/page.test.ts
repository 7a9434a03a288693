/** What is written into the page, and what must stay as people wrote it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drawChart } from "../page/chart.ts";
import { drawSection, placeSection } from "../page/section.ts";

const facts = { date: "2026-01-02", cores: 2, processor: "a | b", memoryGiB: 8, kernel: "Linux 6", node: "v26.0.0", descriptorsMax: 1_024, load: 0 };
const result = {
  name: "x",
  tables: [{ columns: ["a", "b"], rows: [["1|2", "3"]] }],
  charts: [],
  aims: [{ what: "speed", aim: "at least 2", measured: "1", met: false }],
  notes: ["A note."],
  figures: {},
};

test("a section replaces what stands between its markers and nothing else", () => {
  const page = "before\n<!-- bench:x -->\nold\n<!-- /bench -->\nmiddle\n<!-- bench:y -->\nother\n<!-- /bench -->\nafter\n";
  assert.equal(placeSection(page, "x", "new"), page.replace("old", "new"));
});

test("a page without the markers is refused", () => {
  assert.equal(placeSection("<!-- bench:x -->", "x", "new"), null);
  assert.equal(placeSection("text", "x", "new"), null);
});

test("a missed aim is shown as missed, and bars in cells are escaped", () => {
  const text = drawSection(result, facts, "npm run bench");
  assert.match(text, /\| speed \| at least 2 \| 1 \| \*\*missed\*\* \|/);
  assert.match(text, /\| 1\\\|2 \| 3 \|/);
  assert.match(text, /A note\./);
});

test("a chart scales its bars to the largest and escapes its words", () => {
  const bar = { value: 50, low: 40, high: 100, ours: true };
  const svg = drawChart({
    name: "x",
    title: "a < b",
    unit: "per second",
    bars: [
      { label: "one & two", ...bar },
      { label: "half", ...bar, value: 25 },
    ],
  });
  const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map((match) => Number(match[1]));
  assert.equal(widths.length, 2);
  assert.equal(widths[0], 2 * (widths[1] as number));
  assert.match(svg, /a &lt; b/);
  assert.match(svg, /one &amp; two/);
});

/** What `holdfast time` draws: text, SVG, HTML, and numbers under them. Pure. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { piecesOf, squeeze } from "../../src/time/bars.ts";
import { drawHtml } from "../../src/time/html.ts";
import { median, mediansOf } from "../../src/time/medians.ts";
import { report } from "../../src/time/report.ts";
import { drawSvg, roundStep } from "../../src/time/svg.ts";
import { drawText, shortMs } from "../../src/time/text.ts";
import { judge } from "../../src/time/verdict.ts";
import { runOf, steady } from "./support.ts";

const run = runOf(steady(4));
const plain = { colour: false, charsMax: 140 };

test("a line for each request: the first with its set-up, the others with none", () => {
  const text = drawText(run, judge(run), plain);
  const lines = text.split("\n").filter((line) => /^ +\d+ +1 /.test(line));
  assert.equal(lines.length, 4);
  assert.match(lines[0] as string, /0\.50 +2\.0 +20\.0 +40\.0 +25\.0 +2\.5 +90\.0 +200 +5 B {2}[░▒▓━█]+$/);
  for (const line of lines.slice(1)) assert.match(line, /0\.50 +reused, 0 ms +25\.0 +2\.5 +28\.0 +200/);
  assert.match(text, /a reused connection is 3\.2 times as fast/);
  assert.match(text, /connection 1: 192\.0\.2\.1:443, http\/1\.1, TLSv1\.3, 4 requests, open at the end/);
});

test("without colour there is no escape sequence, with colour there is, and a narrow terminal gets no bars", () => {
  assert.ok(!drawText(run, judge(run), plain).includes("\x1b"));
  assert.ok(drawText(run, judge(run), { ...plain, colour: true }).includes("\x1b[38;5;"));
  const narrow = drawText(run, judge(run), { colour: false, charsMax: 80 });
  assert.ok(narrow.split("\n").every((line) => !/^ +\d+ +1 .*[▒▓]/.test(line)));
});

test("what a server says can not act on a terminal or a page", () => {
  const evil = { connection: "close", server: '\x1b[2J<script>"&' };
  const bad = runOf([1, 2].map((connection) => ({ connection, ended: "connection_close" as const, headers: evil })));
  const verdict = judge(bad);
  assert.ok(!drawText(bad, verdict, plain).includes("\x1b"));
  for (const page of [drawSvg(bad, verdict), drawHtml(bad, verdict)]) {
    assert.ok(!page.includes("<script>"));
    assert.ok(!page.includes("\x1b"));
  }
});

test("a request that failed has its line and its reason everywhere", () => {
  const failed = runOf([{ connection: 1 }, { error: "connection_lost" }]);
  for (const drawn of [drawText(failed, judge(failed), plain), drawSvg(failed, judge(failed)), drawHtml(failed, judge(failed))])
    assert.match(drawn, /connection_lost/);
});

test("the page loads nothing and the picture is one document", () => {
  const page = drawHtml(run, judge(run));
  assert.ok(!/(?:src|href)=/.test(page));
  assert.equal(page.match(/<svg /g)?.length, 1);
  assert.match(drawSvg(run, judge(run)), /^<svg [\s\S]*<\/svg>\n$/);
  assert.match(page, /reused, 0 ms/);
});

test("the report has every request with its phases, and the same verdict", () => {
  const made = JSON.parse(JSON.stringify(report(run, judge(run)))) as {
    verdict: string;
    requests: { phases: object; reused: boolean }[];
    medians: { reused: { requests: number } };
  };
  assert.equal(made.verdict, judge(run).words);
  assert.deepEqual(
    made.requests.map(({ reused }) => reused),
    [false, true, true, true],
  );
  assert.equal(made.medians.reused.requests, 3);
});

test("the pieces of a bar add up, and the longest request fills it", () => {
  const ms = fc.option(fc.double({ min: 0, max: 1e4, noNaN: true }), { nil: null });
  const sure = fc.double({ min: 0, max: 1e4, noNaN: true });
  fc.assert(
    fc.property(fc.record({ queueMs: sure, dnsMs: ms, tcpMs: ms, tlsMs: ms, waitMs: sure, bodyMs: sure }), fc.integer({ min: 12, max: 60 }), (phases, room) => {
      const longest = phases.queueMs + (phases.dnsMs ?? 0) + (phases.tcpMs ?? 0) + (phases.tlsMs ?? 0) + phases.waitMs + phases.bodyMs;
      const pieces = piecesOf(phases, longest, room);
      const chars = pieces.reduce((sum, piece) => sum + piece.chars, 0);
      assert.ok(pieces.every((piece) => piece.chars > 0));
      assert.equal(chars, longest > 0 ? room : 1);
    }),
  );
});

test("silence is left out of the axis, and what overlaps stays as it was", () => {
  const pausing = runOf(steady(3), { pauseMs: 5_000 });
  const { placed, lengthMs, leftOutMs } = squeeze(pausing.exchanges);
  assert.deepEqual(
    placed.map(({ atMs }) => atMs),
    [0, 90, 118],
  );
  assert.deepEqual([lengthMs, leftOutMs], [146, 10_000]);
});

test("medians are those of their kind alone", () => {
  assert.equal(median([]), null);
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.deepEqual([mediansOf(run, false)?.totalMs, mediansOf(run, true)?.phases.tcp, mediansOf(run, true)?.totalMs], [90, null, 28]);
});

test("numbers take little room, and steps are round", () => {
  assert.deepEqual([null, 0.4, 7.25, 204.4].map(shortMs), ["-", "0.40", "7.3", "204"]);
  assert.deepEqual([0.7, 1, 3, 12, 60].map(roundStep), [1, 1, 5, 20, 100]);
});

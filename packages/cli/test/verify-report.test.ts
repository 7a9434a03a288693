// How a result is told: the table, JUnit's XML, what ends of links mean, and the exits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { meaningOf, tallyEnds } from "../src/verify/ends.ts";
import { junitXml } from "../src/verify/junit.ts";
import { rowNames } from "../src/verify/kinds.ts";
import { numberIn, payloadText } from "../src/verify/payload.ts";
import { type FaultRow, type TransportResult, type VerifyResult, verdictOf } from "../src/verify/result.ts";
import { exitOf } from "../src/verify/run.ts";
import { resultText } from "../src/verify/table.ts";
import { spreadOf } from "../src/verify/tally.ts";

const faultRow = (kind: FaultRow["kind"], more: Partial<FaultRow> = {}): FaultRow => ({
  ...{ kind, times: 1, noticedMs: { p50: 1_200, max: 3_400 }, recoveredMs: null, unnoticed: 0, unrecovered: 0 },
  ...{ lost: 0, duplicated: 0, reordered: 0, phantom: 0, changed: 0, notDone: null },
  ...more,
});
const noTotals = { lost: 0, duplicated: 0, reordered: 0, phantom: 0, changed: 0, missing: 0, doubled: 0, disordered: 0, foreign: 0 };

const transport = (more: Partial<TransportResult> = {}): TransportResult => ({
  ...{ transport: "websocket", verdict: "clean", reason: "", interrupted: false, elapsedMs: 30_120, heartbeatMs: 12_000, streams: ["verify/r/websocket/1"] },
  ...{ sent: 10, acknowledged: 10, unanswered: 0, failed: {}, inLog: 10, delivered: 40, gaps: 0, repaired: { holes: 0, duplicates: 0 } },
  ...{ faults: rowNames.map((kind) => faultRow(kind)), totals: noTotals, findings: [], ends: [], notes: [] },
  ...more,
});

const result = (...transports: TransportResult[]): VerifyResult => ({
  ...{
    format: "holdfast-verify",
    version: 1,
    url: "http://127.0.0.1:4150",
    publishUrl: "http://127.0.0.1:4150",
    run: "r",
    seed: 7,
    startedMs: 1,
    elapsedMs: 30_500,
  },
  ...{ verdict: verdictOf(transports), interrupted: false, transports },
});

const lossy = transport({
  verdict: "damaged",
  faults: [faultRow("undisturbed"), faultRow("reset", { lost: 1 }), faultRow("cut", { times: 0, notDone: "needs 99 s <&>" })],
  totals: { ...noTotals, lost: 1, missing: 1 },
  findings: [
    {
      fault: "lost",
      stream: "verify/r/1",
      reader: "reader 2",
      during: "reset",
      position: "e.1",
      n: 1,
      what: 'was not given the entry at e.1 ("x" < \u0000\ud800)',
    },
    {
      fault: "missing",
      stream: "verify/r/1",
      reader: null,
      during: null,
      position: "e.1",
      n: 1,
      what: "entry 1 was acknowledged at e.1 and is not in the log",
    },
  ],
});

test("a clean table has a row for each kind and says so in its last line", () => {
  const text = resultText(result(transport()));
  assert.match(text, /^websocket: 10 entries published, 10 acknowledged, 10 in the log, 40 delivered in 30\.1 s$/m);
  assert.match(text, /^ {2}black hole to client +1 +1,200 \/ 3,400 +- +0 +0 +0$/m);
  assert.match(text, /CLEAN: nothing lost, duplicated or reordered over websocket: 40 deliveries, 14 faults \(seed 7\)\n$/);
});

test("what was not compared is not praised", () => {
  const text = resultText(result(transport({ verdict: "unverified", reason: "the log cannot be read" })));
  assert.match(text, /not verified: the log cannot be read/);
  assert.doesNotMatch(text, /every reader was given every entry|CLEAN/);
});

test("what was found is told with stream, place and fault; what could not be done, with why", () => {
  const text = resultText(result(lossy));
  assert.match(text, /lost: verify\/r\/1: reader 2 was not given the entry at e\.1 .*after "reset"/);
  assert.match(text, /missing: verify\/r\/1: entry 1 was acknowledged at e\.1 and is not in the log/);
  assert.match(text, /not done: cut in mid-message: needs 99 s/);
  assert.match(text, /DAMAGED: 2 findings over websocket/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these must not reach a terminal
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f]/);
});

test("a refusal is told with what was refused, and nothing is said of losses", () => {
  const text = resultText(result(transport({ verdict: "refused", reason: "http://a refused a link: forbidden", notes: ["one stays"] })));
  assert.match(text, /^websocket: http:\/\/a refused a link: forbidden\n {2}note: one stays\n\nREFUSED: nothing can be said of losses/);
  assert.doesNotMatch(text, /published|every reader/);
});

test("JUnit has a suite per transport, a case per kind, one for the log, and no character that XML lacks", () => {
  const xml = junitXml(result(transport(), { ...lossy, transport: "sse" }, transport({ transport: "poll", verdict: "absent", reason: "no /v1/poll there" })));
  assert.match(
    xml,
    new RegExp(`<testsuite name="holdfast verify websocket" tests="${rowNames.length + 1}" failures="0" errors="0" skipped="0" time="30.120">`),
  );
  assert.match(xml, /<testsuite name="holdfast verify sse" tests="4" failures="2" errors="0" skipped="1"/);
  assert.match(
    xml,
    /name="reset">\s*<failure message="1 lost">verify\/r\/1: reader 2 was not given the entry at e\.1 \(&quot;x&quot; &lt; \uFFFD\uFFFD\)<\/failure>/,
  );
  assert.match(xml, /name="comparison with the log">\s*<failure message="1 missing">/);
  assert.match(xml, /<skipped message="needs 99 s &lt;&amp;&gt;"\/>/);
  assert.match(xml, /name="link">\s*<skipped message="not offered: no \/v1\/poll there"\/>/);
  assert.equal(xml.match(/<testcase /g)?.length, xml.match(/<\/testcase>|<testcase [^>]*\/>/g)?.length);
});

test("the exit says the worst that was found, then how it ended, then what was not there", () => {
  const down = transport({ verdict: "unreachable", reason: "refused" });
  const absent = transport({ verdict: "absent" });
  const refused = transport({ verdict: "refused" });
  const cases: readonly [VerifyResult, boolean, string][] = [
    [result(transport()), false, "ok"],
    [result(transport(), absent), false, "ok"],
    [result(transport(), absent), true, "unreachable"],
    [result(absent), false, "unreachable"],
    [result(transport(), down), false, "unreachable"],
    [result(down), false, "unreachable"],
    [result(transport({ verdict: "unverified" })), false, "failed"],
    [result(lossy, down), false, "damaged"],
    [{ ...result(lossy), interrupted: true }, false, "damaged"],
    [{ ...result(transport()), interrupted: true }, false, "interrupted"],
    [result(transport(), refused), false, "refused"],
    [{ ...result(refused), interrupted: true }, false, "refused"],
    [result(lossy, refused), false, "damaged"],
  ];
  for (const [given, isDemanded, exit] of cases) assert.equal(exitOf(given, isDemanded, "interrupted"), exit);
});

test("ends of one kind are one row, and silence or age of one length has a meaning", () => {
  const end = (ageMs: number, idleMs: number) => ({ code: "connect_failed", reason: "1006", ageMs, idleMs });
  const [idle, none] = tallyEnds([end(61_000, 60_010), end(180_000, 60_020)]);
  assert.deepEqual([idle?.times, none], [2, undefined]);
  assert.match(meaningOf(idle as NonNullable<typeof idle>) ?? "", /about 60\.0 s without a byte: a hop drops idle links/);
  const [old] = tallyEnds([end(30_000, 3), end(30_100, 40)]);
  assert.match(meaningOf(old as NonNullable<typeof old>) ?? "", /at the age of about 30\.1 s/);
  const [chance] = tallyEnds([end(3_000, 3), end(30_100, 40)]);
  assert.equal(meaningOf(chance as NonNullable<typeof chance>), null);
  const many = tallyEnds(Array.from({ length: 500 }, (_, i) => ({ ...end(1, 1), reason: String(i) })));
  assert.equal(many.length, 51);
});

test("a payload is its number and nothing else", () => {
  for (const n of [0, 1, 49, 399, 12_345]) {
    const text = payloadText("verify/r/1", n, 262_144);
    assert.deepEqual([JSON.parse(text).n, numberIn(text, "verify/r/1", 262_144)], [n, n]);
    assert.equal(numberIn(text, "verify/r/2", 262_144), null);
    assert.equal(numberIn(text.replace("pad", "Pad"), "verify/r/1", 262_144), null);
  }
  assert.ok(payloadText("s", 399, 262_144).length > 49_152, "some travel in parts");
  assert.ok(payloadText("s", 399, 1_000).length <= 1_000, "none is larger than the server takes");
});

test("times are told by median and greatest", () => {
  assert.deepEqual(spreadOf([3, 1, 2.4]), { p50: 2, max: 3 });
  assert.equal(spreadOf([]), null);
});

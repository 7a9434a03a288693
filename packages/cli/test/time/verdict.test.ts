/** The verdict of `holdfast time`, over runs made by hand: no network here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findingDocs } from "../../src/time/findings.ts";
import { announcedMs, judge } from "../../src/time/verdict.ts";
import { runOf, type Step, steady } from "./support.ts";

const codes = (run: Parameters<typeof judge>[0]): string[] => judge(run).findings.map(({ code }) => code);
const each = (count: number, step: (i: number) => Step): Step[] => Array.from({ length: count }, (_, i) => step(i));

test("one connection for all requests: it works", () => {
  assert.deepEqual(judge(runOf(steady(20))), { works: true, words: "keep-alive works: 19 of 20 requests reused a connection", findings: [] });
});

test("`Connection: close` on every answer is named, with who says it", () => {
  const verdict = judge(runOf(each(4, (i) => ({ connection: i + 1, ended: "connection_close", headers: { connection: "close", server: "nginx" } }))));
  assert.equal(verdict.works, false);
  assert.equal(verdict.words, "keep-alive is broken by the server (Server: nginx): it answers `Connection: close` to every request (4 of 4 connections)");
});

test("an end with the answer that the answer does not announce is HTTP/1.0", () => {
  assert.deepEqual(codes(runOf(each(3, (i) => ({ connection: i + 1, ended: "connection_close" })))), ["http_1_0"]);
});

test("an announced end after the same number of requests is a limit of requests", () => {
  const steps = each(
    9,
    (i) => ({ connection: Math.floor(i / 3) + 1, ...(i % 3 === 2 ? { ended: "connection_close", headers: { connection: "close" } } : {}) }) as Step,
  );
  const verdict = judge(runOf(steps));
  assert.deepEqual(
    verdict.findings.map(({ code }) => code),
    ["closed_after_requests"],
  );
  assert.match(verdict.words, /after 3 requests, and says so in the last answer \(3 of 3 connections\)/);
});

test("one answer of many that says `Connection: close` is not every answer", () => {
  const steps: Step[] = [{ connection: 1 }, { connection: 1, ended: "connection_close", headers: { connection: "close" } }];
  const one: Step = { connection: 2, ended: "connection_close", headers: { connection: "Keep-Alive, Close" } };
  const verdict = judge(runOf([...steps, one, { connection: 3 }]));
  assert.match(verdict.words, /it ends a connection after 1 to 2 requests, and says so in the last answer \(2 of 3 connections\)/);
  assert.equal(
    codes(runOf([{ connection: 1 }, { connection: 1, ended: "connection_close", headers: { "keep-alive": "timeout=5, max=0" } }]))[0],
    "closed_after_requests",
  );
});

test("a close in a pause is told with its silence, one right after an answer with its number of requests", () => {
  const pausing = each(2, (i) => ({ connection: i + 1 }));
  const silent = judge(runOf(pausing, { pauseMs: 8_000 }, [{ connection: 1, end: "server_closed", atMs: 90 + 5_000 }]));
  assert.match(silent.words, /after 5\.0 s of silence without saying so/);
  const atOnce = judge(runOf(pausing, { pauseMs: 8_000 }, [{ connection: 1, end: "server_reset", atMs: 100 }]));
  assert.match(atOnce.words, /it reset a connection after 1 request, right after an answer that did not say so/);
});

test("a timer that the server announces is a limit and no fault", () => {
  const headers = { "keep-alive": "timeout=5" };
  const run = runOf(
    each(2, (i) => ({ connection: i + 1, headers })),
    { pauseMs: 8_000 },
    [{ connection: 1, end: "idle_limit", atMs: 4_000 }],
  );
  assert.deepEqual([judge(run).works, codes(run)], [true, ["announced_idle"]]);
});

test("the pool's own ends are nobody's fault but explain nothing either", () => {
  const run = runOf(
    each(2, (i) => ({ connection: i + 1 })),
    {},
    [{ connection: 1, end: "age_limit", atMs: 91 }],
  );
  assert.deepEqual(codes(run), ["unexplained"]);
});

test("more connections than needed without a reason: somebody closes and it can not be told who", () => {
  const verdict = judge(runOf(each(3, (i) => ({ connection: i + 1 }))));
  assert.match(verdict.words, /somebody on the way, and it can not be told who/);
});

test("as many connections as requests at once are no fault over HTTP/1.1; over HTTP/2 one is enough", () => {
  const steps = each(6, (i) => ({ connection: (i % 3) + 1 }));
  assert.equal(judge(runOf(steps, { concurrency: 3 })).works, true);
  const h2 = steps.map((step) => ({ ...step, trace: { protocol: "h2" as const } }));
  assert.deepEqual(codes(runOf(h2, { concurrency: 3 })), ["unexplained"]);
});

test("a proxy is named as who ends the connection", () => {
  const headers = { connection: "close", via: "1.1 varnish", server: "app" };
  const verdict = judge(runOf(each(2, (i) => ({ connection: i + 1, ended: "connection_close", headers }))));
  assert.match(verdict.words, /broken by the proxy in between \(Via: 1\.1 varnish\)/);
  assert.deepEqual(
    verdict.findings.map(({ code }) => code),
    ["says_close", "through_proxy"],
  );
});

test("a request that met a dead connection is evidence, whether it was repeated or lost", () => {
  assert.deepEqual(codes(runOf([{ connection: 1 }, { connection: 2, retries: 1 }])), ["lost_on_reuse"]);
  assert.deepEqual(codes(runOf([{ connection: 1 }, { error: "connection_lost" }])), ["lost_on_reuse", "unanswered"]);
});

test("a run without answers tells nothing", () => {
  const verdict = judge(runOf([{ error: "connect_failed" }, { error: "connect_failed" }]));
  assert.deepEqual([verdict.works, verdict.findings.map(({ code }) => code)], [null, ["unanswered"]]);
});

test("whole handshakes, error statuses and an early end are noted without changing the verdict", () => {
  const steps = steady(3).map((step) => ({ ...step, status: 404 }));
  assert.deepEqual(codes(runOf(steps, { cutShort: true })), ["statuses", "cut_short"]);
  const secured = each(2, (i) => ({ connection: i + 1, ended: "connection_close" as const, trace: { tls: { version: "TLSv1.2", resumed: false } } }));
  assert.deepEqual(codes(runOf(secured)), ["http_1_0", "tls_not_resumed"]);
});

test("findings come in the order of the table", () => {
  const order = Object.keys(findingDocs);
  const found = codes(
    runOf([
      { connection: 1, ended: "connection_close", headers: { via: "x" }, status: 500 },
      { connection: 2, retries: 1, headers: { via: "x" } },
    ]),
  );
  assert.ok(found.length >= 4, String(found));
  assert.deepEqual(
    found,
    found.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)),
  );
});

test("the hint is read as servers write it", () => {
  assert.equal(announcedMs("timeout=5, max=100"), 5_000);
  assert.equal(announcedMs("max=100, timeout=72"), 72_000);
  assert.equal(announcedMs("TIMEOUT = 3"), 3_000);
  assert.equal(announcedMs("max=100"), null);
  assert.equal(announcedMs(undefined), null);
});

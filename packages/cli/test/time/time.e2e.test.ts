/** `holdfast time` as a process, against real servers that keep connections or do not. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { onePair } from "../../../../scripts/test-support/certificates.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { exits } from "../../src/exit-codes.ts";
import type { FindingCode } from "../../src/time/findings.ts";
import { endAll, folder, run } from "../support/processes.ts";
import { endServers, http2, nginx, node, raw, secure } from "./servers.ts";

after(async () => {
  await endAll();
  await endServers();
});

interface Report {
  readonly works: boolean | null;
  readonly verdict: string;
  readonly findings: readonly { readonly code: FindingCode; readonly evidence: string }[];
  readonly connections: readonly {
    readonly requests: number;
    readonly protocol: string;
    readonly tls: { readonly version: string; readonly resumed: boolean } | null;
  }[];
  readonly requests: readonly {
    readonly status?: number;
    readonly bytes?: number;
    readonly reused?: boolean;
    readonly phases?: Readonly<Record<string, number | null>>;
  }[];
}

async function timed(words: readonly string[]): Promise<{ readonly code: number | null; readonly report: Report }> {
  const { code, stdout, stderr } = await run(["time", "--json", ...words]);
  assert.notEqual(stdout, "", stderr);
  return { code, report: JSON.parse(stdout) as Report };
}

function requestsMax(server: Server, most: number): void {
  server.maxRequestsPerSocket = most;
}

const codesOf = ({ findings }: Report): string[] => findings.map(({ code }) => code);
const pair = onePair();

describe("a server that keeps connections", { concurrency: 2 }, () => {
  test("is told so: one connection, and each request but the first without a set-up", async () => {
    const { code, report } = await timed(["-n", "6", (await node()).replace("127.0.0.1", "localhost")]);
    assert.equal(code, exits.ok.code, report.verdict);
    assert.deepEqual([report.works, report.connections.length, report.connections[0]?.requests], [true, 1, 6]);
    const [first, ...others] = report.requests;
    assert.deepEqual([first?.reused, first?.status, first?.bytes], [false, 200, 5]);
    assert.ok(typeof first?.phases?.["dnsMs"] === "number" && typeof first.phases["tcpMs"] === "number");
    for (const { reused, phases } of others) assert.deepEqual([reused, phases?.["dnsMs"], phases?.["tcpMs"], phases?.["tlsMs"]], [true, null, null, null]);
  });

  test("is drawn: a line for each request, a picture and a page", async () => {
    const at = folder();
    const { code, stdout } = await run(["time", "-n", "3", "--svg", join(at, "a.svg"), "--html", join(at, "a.html"), await node()]);
    assert.equal(code, exits.ok.code);
    assert.equal(stdout.match(/reused, 0 ms/g)?.length, 2);
    assert.match(stdout, /^keep-alive works: 2 of 3 requests reused a connection$/m);
    assert.ok(!stdout.includes("\x1b"));
    assert.match(readFileSync(join(at, "a.svg"), "utf8"), /^<svg /);
    assert.match(readFileSync(join(at, "a.html"), "utf8"), /^<!doctype html>/);
  });

  test("gets as many connections as requests at a time, and what was asked for", async () => {
    const seen: string[] = [];
    const url = await node(undefined, (request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers["x-probe"]}`);
      setTimeout(() => response.end(), 20);
    });
    const { code, report } = await timed(["-n", "9", "-c", "3", "--method", "POST", "-H", "X-Probe: yes", `${url}a?b=c`]);
    assert.equal(code, exits.ok.code, report.verdict);
    assert.equal(report.connections.length, 3);
    assert.deepEqual(new Set(seen), new Set(["POST /a?b=c yes"]));
  });

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`is asked over ${version}`, { skip: needs("openssl") }, async () => {
      const { code, report } = await timed(["-n", "3", "--insecure", await secure(pair as { cert: string; key: string }, version)]);
      assert.equal(code, exits.ok.code, report.verdict);
      assert.equal(report.connections[0]?.tls?.version, version);
      assert.ok(typeof report.requests[0]?.phases?.["tlsMs"] === "number");
    });
  }

  test("is trusted by --ca, and not without", { skip: needs("openssl") }, async () => {
    const url = await secure(pair as { cert: string; key: string }, "TLSv1.3");
    const ca = join(folder(), "ca.pem");
    writeFileSync(ca, (pair as { cert: string }).cert);
    assert.equal((await timed(["-n", "2", "--ca", ca, url])).code, exits.ok.code);
    const { code, report } = await timed(["-n", "2", url]);
    assert.deepEqual([code, codesOf(report)], [exits.unreachable.code, ["unanswered"]]);
  });

  test("resumes sessions where it does not keep connections", { skip: needs("openssl") }, async () => {
    const closing = await secure(
      pair as { cert: string; key: string },
      "TLSv1.3",
      (_, response) => void response.setHeader("connection", "close").end("hello"),
    );
    const { report } = await timed(["-n", "3", "--insecure", closing]);
    assert.deepEqual(codesOf(report), ["says_close"]);
    assert.deepEqual(
      report.connections.map(({ tls }) => tls?.resumed),
      [false, true, true],
    );
  });

  for (const [name, isSecure, words] of [
    ["by ALPN", true, ["--insecure"]],
    ["without asking", false, ["--http2", "only"]],
  ] as const) {
    test(`carries requests side by side over HTTP/2, ${name}`, { skip: isSecure ? needs("openssl") : false }, async () => {
      const { code, report } = await timed(["-n", "8", "-c", "4", ...words, await http2(isSecure ? pair : null)]);
      assert.equal(code, exits.ok.code, report.verdict);
      assert.deepEqual(
        report.connections.map(({ protocol, requests }) => [protocol, requests]),
        [["h2", 8]],
      );
    });
  }
});

describe("a server that does not", { concurrency: 2 }, () => {
  const broken: readonly (readonly [name: string, url: () => Promise<string>, words: readonly string[], codes: readonly FindingCode[], evidence: RegExp])[] = [
    [
      "Node with keep-alive off is named by its `Connection: close`",
      () => node((server) => requestsMax(server, 1)),
      [],
      ["says_close"],
      /to every request \(4 of 4 connections\)/,
    ],
    ["Node with a limit of requests is named by the number", () => node((server) => requestsMax(server, 2)), [], ["closed_after_requests"], /after 2 requests/],
    ["HTTP/1.0 is told apart", () => raw("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", (socket) => socket.end()), [], ["http_1_0"], /HTTP\/1\.0/],
    [
      "a close in silence is found by a pause, with its time",
      () => raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", (socket) => void setTimeout(() => socket.end(), 600)),
      ["-n", "2", "--pause", "1500ms"],
      ["closed_in_silence"],
      /closed a connection after .+ of silence without saying so/,
    ],
    [
      "a reset right after an answer is not laid to silence",
      () => raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", (socket) => void setTimeout(() => socket.resetAndDestroy(), 20)),
      ["-n", "2", "--pause", "2s"],
      ["closed_unannounced"],
      /after 1 request, right after an answer/,
    ],
    [
      "a close instead of an answer costs a request that may be repeated nothing, and is told",
      () => raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", undefined, 2),
      [],
      ["closed_unannounced", "lost_on_reuse"],
      /after 2 requests, right after an answer/,
    ],
    [
      "and fails one that may not",
      () => raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", undefined, 2),
      ["--method", "POST"],
      ["closed_unannounced", "lost_on_reuse", "unanswered"],
      /after 2 requests, right after an answer/,
    ],
    ["a session that is ended by GOAWAY is told with its requests", () => http2(null, 2), ["--http2", "only"], ["goaway"], /by GOAWAY after 2 requests/],
  ];
  for (const [name, url, words, codes, evidence] of broken) {
    test(name, async () => {
      const { code: exit, report } = await timed(["-n", "4", ...words].slice(words.includes("-n") ? 2 : 0).concat(await url()));
      assert.deepEqual([exit, codesOf(report)], [exits.keep_alive_broken.code, codes], report.verdict);
      assert.match(report.findings[0]?.evidence ?? "", evidence);
      assert.match(report.verdict, /^keep-alive is broken by the server/);
    });
  }

  test("nginx with `keepalive_timeout 0` is named with its header", { skip: needs("nginx") }, async () => {
    const { code, report } = await timed(["-n", "3", await nginx("keepalive_timeout 0;")]);
    assert.equal(code, exits.keep_alive_broken.code);
    assert.match(report.verdict, /broken by the server \(Server: nginx.*\): it answers `Connection: close` to every request/);
  });

  test("nginx with `keepalive_requests 3` is named with its limit, and by the proxy that it says it is", { skip: needs("nginx") }, async () => {
    const { report } = await timed(["-n", "7", await nginx('keepalive_requests 3;\nadd_header Via "1.1 edge";')]);
    assert.deepEqual(codesOf(report), ["closed_after_requests", "through_proxy"]);
    assert.match(report.verdict, /the proxy in between \(Via: 1\.1 edge\): it ends a connection after 3 requests/);
  });

  test("a timer that is announced is no fault, and no request is risked on it", async () => {
    const url = await node(undefined, undefined, { keepAliveTimeout: 1_000 });
    const { code, report } = await timed(["-n", "2", "--pause", "1500ms", url]);
    assert.deepEqual([code, codesOf(report)], [exits.ok.code, ["announced_idle"]], report.verdict);
  });
});

describe("a run that can not be made", () => {
  test("nobody listens: unreachable, with the system's word", async () => {
    const url = await node();
    await endServers();
    const { code, stdout } = await run(["time", "-n", "2", url]);
    assert.equal(code, exits.unreachable.code);
    assert.match(stdout, /ECONNREFUSED/);
  });

  test("the time is over: what was seen is shown", async () => {
    const slow = await node(undefined, (request, response) => void (request.url === "/" && setTimeout(() => response.end("hello"), 100)));
    const { report } = await timed(["-n", "100", "--max", "2s", slow]);
    assert.ok(codesOf(report).includes("cut_short"), report.verdict);
    assert.ok(report.requests.length > 0 && report.requests.length < 100);
  });

  test("a certificate file that is not there: nothing is sent", async () => {
    const { code, stderr } = await run(["time", "--ca", "/does/not/exist", "http://127.0.0.1/"]);
    assert.equal(code, exits.failed.code);
    assert.match(stderr, /ENOENT/);
  });
});

/** Lines of each product as it writes them, what they mean, and what is cut from them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findingDocs } from "@holdfast/path";
import type { LogEvent } from "../../src/log/event.ts";
import { logProducts } from "../../src/log/products/index.ts";
import { redact } from "../../src/log/redact.ts";
import { reportLog } from "../../src/log/report.ts";
import { LogReader } from "../../src/log/tally.ts";
import { msBetween, timeIn } from "../../src/log/times.ts";

function rowsOf(...lines: readonly string[]): string[] {
  const reader = new LogReader();
  for (const line of lines) reader.line(line);
  return reader.tally().rows.map(({ product, code, count }) => `${product} ${code} ${count}`);
}

const nginx = (what: string): string =>
  `2026/11/22 06:48:28 [error] 14442#14442: *3 ${what}, client: 203.0.113.9, server: x, request: "POST /k HTTP/1.1", upstream: "http://10.0.0.7:3000/k", host: "x"`;
const haproxy = (timers: string, status: string, flags: string): string =>
  `haproxy[7]: 203.0.113.9:38646 [22/Nov/2026:06:48:30.484] web app/one ${timers} ${status} 209 - - ${flags}-- 1/1/0/0/0 0/0 "GET /live HTTP/1.1"`;
const envoy = (status: number, flags: string, ms: number): string =>
  `[2026-11-22T06:48:30.484Z] "GET /live HTTP/1.1" ${status} ${flags} 0 95 ${ms} - "203.0.113.9" "curl/8" "4a5f2c1e-0d3b-4c8e-9a53-000000000001" "x" "10.0.0.7:3000"`;
const istio = (status: number, flags: string, ms: number): string =>
  `[2026-11-22T06:48:30.484Z] "GET /live HTTP/1.1" ${status} ${flags} upstream_reset_before_response_started{connection_termination} - "-" 0 95 ${ms} - "-" "curl/8" "4a5f" "x" "10.0.0.7:3000" outbound|80||x -`;
const alb = (status: string, target: string, type = "https"): string =>
  `${type} 2026-11-22T06:49:30.484000Z app/x/50dc 203.0.113.9:2817 10.0.0.1:80 0.001 -1 -1 ${status} ${target} 34 366 "GET https://x:443/?token=s3cr3t HTTP/1.1" "curl/8" TLS_AES arn:aws:x "Root=1" "x" "arn" 0 2026-11-22T06:48:30.480000Z "forward" "-" "-" "10.0.0.1:80" "-" "-" "-"`;

const meanings: Readonly<Record<string, readonly string[]>> = {
  "nginx log_upstream_closed_early 2": [
    nginx("upstream prematurely closed connection while reading response header from upstream"),
    nginx("recv() failed (104: Connection reset by peer) while reading response header from upstream"),
  ],
  "nginx log_upstream_timeout 1": [nginx("upstream timed out (110: Connection timed out) while reading response header from upstream")],
  "nginx log_stream_cut 2": [
    nginx("upstream timed out (110: Connection timed out) while proxying upgraded connection"),
    nginx("upstream timed out (110: Operation timed out) while reading upstream"),
  ],
  "nginx log_upstream_unreachable 2": [
    nginx("connect() failed (111: Connection refused) while connecting to upstream"),
    nginx("no live upstreams while connecting to upstream"),
  ],
  "nginx log_worker_connections 1": ["2026/11/22 06:48:28 [alert] 9#9: 512 worker_connections are not enough"],
  "nginx log_descriptors 1": ["2026/11/22 06:48:28 [crit] 9#9: accept4() failed (24: Too many open files)"],
  "nginx log_ports 1": [nginx("connect() to 10.0.0.7:3000 failed (99: Cannot assign requested address) while connecting to upstream")],
  "HAProxy log_stream_cut 2": [haproxy("0/0/1/2/50012", "101", "cD"), haproxy("0/0/1/2/50007", "200", "sD")],
  "HAProxy log_client_slow 1": [haproxy("-1/-1/-1/-1/10001", "408", "cR")],
  "HAProxy log_upstream_timeout 1": [haproxy("0/0/1/-1/30001", "504", "sH")],
  "HAProxy log_upstream_closed_early 1": [haproxy("0/0/0/-1/1", "502", "SH")],
  "HAProxy log_upstream_unreachable 1": [haproxy("0/0/-1/-1/3006", "503", "SC")],
  "HAProxy log_no_timeouts 1": ["[WARNING] (9) : config : missing timeouts for backend 'app'."],
  "Envoy log_upstream_closed_early 2": [envoy(503, "UC", 12), istio(503, "UC", 4)],
  "Envoy log_upstream_timeout 1": [envoy(504, "UT", 15_000)],
  "Envoy log_stream_cut 1": [envoy(200, "SI", 300_002)],
  "Envoy log_upstream_unreachable 2": [envoy(503, "UF,URX", 3), '{"response_flags":"UH","duration":2,"upstream_host":"10.0.0.7:3000"}'],
  "Envoy log_no_route 1": [envoy(404, "NR", 0)],
  "Envoy log_client_left 1": [envoy(0, "DC", 60_001).replace(" 0 DC", " 200 DC")],
  "AWS ALB log_upstream_closed_early 1": [alb("502", "-")],
  "AWS ALB log_upstream_timeout 1": [alb("504", "-")],
  "PostgreSQL log_database_full 2": [
    "2026-11-22 06:48:30.484 UTC [9] FATAL:  sorry, too many clients already",
    "FATAL: remaining connection slots are reserved for roles",
  ],
  "PostgreSQL log_database_idle_end 1": ["2026-11-22 06:48:30.484 UTC [9] FATAL:  terminating connection due to idle-session timeout"],
  "PostgreSQL log_database_restart 1": ["error: terminating connection due to administrator command { code: '57P01' }"],
  "PgBouncer log_pooler_full 2": [
    "WARNING C-0x1: (nodb)/(nouser)@10.0.0.1:5 pooler error: no more connections allowed (max_client_conn)",
    "pooler error: query_wait_timeout",
  ],
  "MySQL log_database_full 1": ["Error: Too many connections { code: 'ER_CON_COUNT_ERROR' }"],
  "MySQL log_database_idle_end 1": ["[Warning] Aborted connection 5 to db: 'x' user: 'x' host: 'x' (Got timeout reading communication packets)"],
  "Redis log_redis_full 1": ["ReplyError: ERR max number of clients reached"],
  "Redis log_redis_slow_reader 1": ["Client id=5 addr=10.0.0.1:5 scheduled to be closed ASAP for overcoming of output buffer limits."],
  "Linux log_conntrack_full 1": ["[12345.678901] nf_conntrack: nf_conntrack: table full, dropping packet"],
  "Linux log_syn_flood 1": [
    "[12345.678901] TCP: request_sock_TCP: Possible SYN flooding"
      .replace("Possible", "possible")
      .replace("flooding", "flooding on port 0.0.0.0:443. Sending cookies."),
  ],
  "Linux log_tcp_memory 1": ["[1.5] TCP: out of memory -- consider tuning tcp_mem"],
  "Node log_upstream_closed_early 3": ["Error: read ECONNRESET", "Error: socket hang up", "cause: SocketError: other side closed code: 'UND_ERR_SOCKET'"],
  "Node log_stream_cut 1": ["TypeError: terminated cause: BodyTimeoutError code: 'UND_ERR_BODY_TIMEOUT'"],
  "Node log_upgrade_refused 1": ["Error: Unexpected server response: 400"],
  "Node log_descriptors 1": ["Error: accept EMFILE"],
  "Node log_too_many_pings 1": ["Received server goaway: ENHANCE_YOUR_CALM too_many_pings"],
  "Node log_client_left 1": ["Error [ERR_STREAM_PREMATURE_CLOSE]: Premature close"],
};

describe("a line", () => {
  for (const [row, lines] of Object.entries(meanings)) it(`means ${row}`, () => assert.deepEqual(rowsOf(...lines), [row]));

  it("that says nothing of connections means nothing", () => {
    const lines = [
      '127.0.0.1 - - [22/Nov/2026:06:48:28 +0000] "GET /k HTTP/1.1" 200 2 "-" "curl/7.88.1"',
      haproxy("0/0/4/0/4", "200", "--"),
      envoy(200, "-", 4),
      alb("200", "200"),
      alb("502", "502"),
      "Error: Unexpected server response: 401",
      "GET /errors/ECONN",
      "",
    ];
    assert.deepEqual(rowsOf(...lines), []);
  });

  it("of every code of the catalogue is known", () => {
    const known = new Set(logProducts.flatMap(({ phrases }) => phrases.map(({ code }) => code as string)));
    const read = Object.keys(meanings).map((row) => row.split(" ").find((word) => word.startsWith("log_")) ?? "");
    const missing = Object.keys(findingDocs).filter(
      (code) => code.startsWith("log_") && code !== "log_duration_spike" && !known.has(code) && !read.includes(code),
    );
    assert.deepEqual(missing, []);
  });
});

describe("fields of a line", () => {
  const one = (line: string): LogEvent | null => logProducts.find(({ hint }) => hint.test(line))?.read?.(line) ?? null;

  it("tell how long it took, and where", () => {
    assert.deepEqual(one(haproxy("0/0/1/2/50012", "101", "cD")), { code: "log_stream_cut", where: "app/one", ms: 50_012, msOf: "life" });
    assert.deepEqual(one(envoy(504, "UT", 15_000)), { code: "log_upstream_timeout", where: "10.0.0.7:3000", ms: 15_000, msOf: "wait" });
    assert.deepEqual(one(alb("504", "-")), { code: "log_upstream_timeout", where: "10.0.0.1:80", ms: 60_004, msOf: "wait" });
    assert.equal(one(haproxy("0/0/1/2/+50012", "101", "cD"))?.ms, null, "logged before its end");
  });

  it("have a time, as the line writes it", () => {
    assert.deepEqual(
      [
        nginx("x"),
        haproxy("0", "1", "--"),
        envoy(200, "-", 1),
        "Nov 22 06:48:30 host kernel: x",
        "[12345.678901] x",
        '{"level":30,"time":1763793510484}',
        "x",
      ].map(timeIn),
      ["2026/11/22 06:48:28", "22/Nov/2026:06:48:30.484", "2026-11-22T06:48:30.484Z", "Nov 22 06:48:30", "[12345.678901]", "1763793510484", null],
    );
  });

  it("have distances across days, months and leap years", () => {
    assert.equal(msBetween("2026-11-22T23:59:59.5Z", "2026-11-23T00:00:00.25Z"), 750);
    assert.equal(msBetween("2028-02-28T00:00:00Z", "2028-03-01T00:00:00Z"), 172_800_000);
    assert.equal(msBetween("2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"), 86_400_000);
    assert.equal(msBetween("2026-11-22T00:00:01Z", "2026-11-22T00:00:00Z"), null);
  });
});

describe("a log", () => {
  it("in which deaths pile up at one age names the timer", () => {
    const reader = new LogReader();
    for (let i = 0; i < 38; i++) reader.line(haproxy(`0/0/1/2/${60_000 + i * 3}`, "101", "sD"));
    for (let i = 0; i < 62; i++) reader.line(haproxy(`0/0/1/2/${1_000 + i * 2_000}`, "101", "sD"));
    const { findings } = reportLog(reader.tally());
    assert.match(findings.find(({ code }) => code === "log_duration_spike")?.title ?? "", /HAProxy: death at an age of 60(\.\d)? s in (38|39) % of 100 lines/);
  });

  it("has counts, the first and last time, places and three examples", () => {
    const reader = new LogReader();
    for (let i = 0; i < 10; i++) reader.line(nginx("upstream prematurely closed connection while reading response header").replace(":28", `:${30 + i}`));
    const [row] = reader.tally().rows;
    assert.deepEqual(
      [row?.count, row?.first, row?.last, row?.examples.length, row?.places],
      [10, "2026/11/22 06:48:30", "2026/11/22 06:48:39", 3, [["10.0.0.7:3000", 10]]],
    );
    const [finding] = reportLog(reader.tally()).findings;
    assert.equal(finding?.severity, "error");
  });

  it("of any length takes the same memory: places and durations are bounded", () => {
    const reader = new LogReader();
    for (let i = 0; i < 5_000; i++) reader.line(haproxy(`0/0/1/2/${i * 1_000_003}`, "101", "sD").replace("app/one", `app/n${i}`));
    const [row] = reader.tally().rows;
    assert.equal(row?.count, 5_000);
    assert.ok((row?.places.length ?? 0) <= 1_000 && (row?.durations.life.length ?? 0) < 5_200);
  });
});

describe("what is shown of a line", () => {
  it("has no credentials, queries, cookies or addresses of people", () => {
    const secrets = [
      'GET /x?token=s3cr3t&a=b HTTP/1.1"',
      "Authorization: Bearer s3cr3t.abc",
      "postgres://app:s3cr3t@10.0.0.1/db",
      'password="s3cr3t"',
      "Cookie: a=s3cr3t; b=s3cr3t",
      "user s3cr3t@example.com",
      "eyJhbGciOi.s3cr3t.x",
      '{"apiKey":"s3cr3t"}',
    ];
    for (const line of secrets) assert.doesNotMatch(redact(`2026/11/22 06:48:28 ${line}`), /s3cr3t/, line);
    assert.match(
      redact("upstream: http://10.0.0.7:3000/k?a=b, host: x"),
      /upstream: http:\/\/10\.0\.0\.7:3000\/k\?\.\.\. host: x|upstream: http:\/\/10\.0\.0\.7:3000\/k\?\.\.\./,
    );
    assert.ok(redact("x ".repeat(10_000)).length <= 300);
  });
});

describe("lines of others", () => {
  it("means nothing where a figure or a setting only looks like one that does", () => {
    const others = [
      '10.0.0.1 - - [20/Nov/2026:10:00:14 +0000] "GET /orders/53300 HTTP/1.1" 200 0 "-" "x"',
      '{"level":30,"time":1700000000036,"pid":53300,"msg":"request completed"}',
      "LOG:  duration: 53300 ms",
      "query_wait_timeout = 120",
      'pool {"query_wait_timeout":120,"client_idle_timeout": 0}',
      "GET /a/1/2/3 200 /b/4/5-6",
    ];
    assert.deepEqual(rowsOf(...others), []);
    const real = ["error: { severity: 'FATAL', code: '53300' }", '{"err":{"code":"53300"}}', "FATAL:  53300: sorry", "SQLSTATE[53300]"];
    assert.deepEqual(rowsOf(...real), ["PostgreSQL log_database_full 4"]);
  });

  it("looks through the longest hostile line once, whoever wrote it", () => {
    const heads = [" 1/1/1 ", "be/s1 1/1/1/1/1 200 1 - - ", "ECONNRESET ", " 200 UC, ", "upstream ", "Aborted connection "];
    const fills = ["/", "//a", "1/1/", "a", "1.", "a@", "Aborted connection ", '"', " "];
    const fromMs = performance.now();
    for (const head of heads) for (const fill of fills) rowsOf((head + fill.repeat(16_384)).slice(0, 16_384));
    // Looked through once for each of their slashes or letters they take more than twice that; as it is, a fiftieth.
    assert.ok(performance.now() - fromMs < 2_000, `${performance.now() - fromMs} ms`);
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { caddyFindings } from "../../../src/findings/caddy.ts";
import { caddyTime } from "../../../src/lint/caddy/config.ts";
import { caddyTool } from "../../../src/lint/caddy/index.ts";
import { tokensOf } from "../../../src/lint/caddy/tokens.ts";
import { nothingAsked, read, said, testFixtures } from "../support/fixtures.ts";
import { testGarbage } from "../support/garbage.ts";

testFixtures({
  tool: caddyTool,
  folder: import.meta.dirname,
  codes: Object.keys(caddyFindings),
  bad: {
    "ages.Caddyfile": ["caddy_stream_age:3 warning", "caddy_reload_cuts_sockets:4", "caddy_stream_age:7"],
    "broken.Caddyfile": ["lint_syntax:1", "lint_include_missing:3", "lint_include_missing:4", "lint_syntax:5", "caddy_flush_keeps_requests:6"],
    "buffers.Caddyfile": ["caddy_buffers:3", "caddy_buffers:3 info"],
    "caddy.json": ["caddy_json_not_read:1"],
    "chat.Caddyfile": [
      "caddy_read_body_cuts_uploads:5 info",
      "caddy_write_cuts_streams:6",
      "caddy_reload_cuts_sockets:16",
      "caddy_flush_keeps_requests:18",
      "caddy_connection_closed:22",
    ],
    "grpc.Caddyfile": ["caddy_read_body_cuts_uploads:4", "caddy_write_cuts_streams:5", "caddy_grpc_needs_http2:11", "caddy_buffers:12"],
  },
});

testGarbage(caddyTool, [
  "\n",
  "{\n",
  "}\n",
  "(a) {\n",
  "import a\n",
  "import file-1\n",
  "import file-0 x y\n",
  "{args[0]}",
  "{args[:]}",
  "example.com",
  ":8080",
  "reverse_proxy",
  "/ws",
  "localhost:3000",
  "unix//run/a.sock",
  "transport http {\n",
  "keepalive off\n",
  "keepalive 2m\n",
  "write 5s\n",
  "servers {\n",
  "timeouts {\n",
  "handle {\n",
  "<<END\n",
  "END\n",
  "to a b\n",
  "@ws {\n",
  "stream_timeout 1m\n",
]);

test("tokens are cut as Caddy cuts them", () => {
  const text = 'a b#c # d\n"e \\" f" `g "h`\ni \\\n j <<X\n k }\n  X l\n"m\nn" o';
  const { tokens, faults } = tokensOf({ file: "f", text });
  assert.deepEqual(faults, []);
  assert.deepEqual(
    tokens.map((each) => [each.text, each.place.line, each.isFirst]),
    [
      ["a", 1, true],
      ["b#c", 1, false],
      ['e " f', 2, true],
      ['g "h', 2, false],
      ["i", 3, true],
      ["j", 4, false],
      [" k }\n", 4, false],
      ["l", 6, false],
      ["m\nn", 7, true],
      ["o", 8, false],
    ],
  );
  assert.equal(tokensOf({ file: "f", text: '"a' }).faults.length, 1);
});

test("durations are read as Caddy reads them", () => {
  for (const [word, ms] of [
    ["2m", 120_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1_500],
    ["1d", 86_400_000],
    ["0", 0],
    ["5", null],
    ["{$T}", null],
    ["", null],
  ] as const) {
    assert.equal(caddyTime(word), ms, word);
  }
});

const site = (lines: string, global = ""): string => `${global === "" ? "" : `{\n${global}\n}\n`}:80 {\n${lines}\n}\n`;
const codes = (text: string, ask = {}): string[] => said(read(caddyTool, text, ask).findings);

test("a note on write timeouts becomes a warning where streams pass, and is not given from an hour on", () => {
  const global = "servers {\n timeouts {\n write 1m\n }\n }";
  assert.deepEqual(codes(site("reverse_proxy a:1", global)), ["caddy_write_cuts_streams:4 info"]);
  assert.deepEqual(codes(site("reverse_proxy /events a:1", global)), ["caddy_write_cuts_streams:4"]);
  assert.deepEqual(codes(site("reverse_proxy a:1", global.replace("1m", "1h"))), []);
  assert.deepEqual(codes(site("reverse_proxy a:1", global.replace("write", "write_idle"))), []);
});

test("paths that only look like hints are none", () => {
  assert.deepEqual(codes(site("reverse_proxy /news a:1\nreverse_proxy /flows b:1")), []);
  assert.deepEqual(codes(site("reverse_proxy /ws a:1")), ["caddy_reload_cuts_sockets:2"]);
});

test("gRPC over HTTP/2 is left alone, however that is said", () => {
  for (const lines of [
    "reverse_proxy /grpc.Orders/* h2c://a:1",
    "reverse_proxy /grpc.Orders/* https://a:1",
    "reverse_proxy /grpc.Orders/* a:1 {\ntransport http {\nversions h2c\n}\n}",
    "reverse_proxy /grpc.Orders/* a:1 {\ntransport http {\ntls\n}\n}",
  ]) {
    assert.deepEqual(codes(site(lines)), [], lines);
  }
});

test("files that import one another are one configuration, and a circle ends", () => {
  const files = [
    { file: "etc/Caddyfile", text: "import sites/*.caddy\n(p) {\n reverse_proxy {args[0]} {\n flush_interval -1\n }\n}\n" },
    { file: "etc/sites/a.caddy", text: "a.example.com {\n import p localhost:1\n import ../lines\n}\n" },
    { file: "etc/lines", text: "encode gzip\nreverse_proxy /api localhost:2\n" },
  ];
  const { findings, routes } = caddyTool.read(files, nothingAsked);
  assert.deepEqual(said(findings), ["caddy_flush_keeps_requests:4"]);
  assert.deepEqual(
    routes.map(({ listens, forwards }) => [listens, forwards]),
    [
      [["*:443"], ["localhost:1"]],
      [["*:443"], ["localhost:2"]],
    ],
  );
  assert.deepEqual(caddyTool.includes?.(files[0] as (typeof files)[0], ""), ["etc/sites/*.caddy"]);
  assert.deepEqual(said(caddyTool.read([{ file: "c", text: ":80 {\nimport c\n}\n" }], nothingAsked).findings), ["lint_syntax:1"]);
});

test("a route says where it listens, where it leads, and which timers were written where", () => {
  const global = "servers {\n timeouts {\n idle 90s\n }\n}\ngrace_period 5s";
  const { routes } = read(
    caddyTool,
    `{\n${global}\n}\nhttp://a.example.com, b.example.com:8443 {\nreverse_proxy unix//run/app.sock :9000 https://c {\nstream_timeout 1h\ntransport http {\nkeepalive off\ndial_timeout 1s\n}\n}\n}\n`,
  );
  assert.equal(routes.length, 1);
  const [route] = routes;
  assert.deepEqual(route?.listens, ["*:80", "*:8443"]);
  assert.deepEqual(route?.forwards, ["unix:/run/app.sock", "localhost:9000", "c:443"]);
  assert.deepEqual(route?.hop.values, {
    "timeouts idle": 90_000,
    grace_period: 5_000,
    "transport keepalive": 0,
    "transport dial_timeout": 1_000,
    stream_timeout: 3_600_000,
  });
  assert.deepEqual(route?.hop.places?.["timeouts idle"], { file: "test", line: 4 });
});

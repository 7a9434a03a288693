import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { nginxFindings } from "../../../src/findings/nginx.ts";
import { nginxTool } from "../../../src/lint/nginx/index.ts";
import { nothingAsked, read, said, testFixtures } from "../support/fixtures.ts";
import { testGarbage } from "../support/garbage.ts";

testFixtures({
  tool: nginxTool,
  folder: import.meta.dirname,
  codes: Object.keys(nginxFindings),
  elsewhere: ["nginx_proxy_protocol_pooled"],
  bad: {
    "api.conf": [
      "nginx_nofile_low:6 info",
      "nginx_keepalive_requests_low:10",
      "nginx_pool_order:16",
      "nginx_pool_unused:16",
      "nginx_pool_size:24",
      "nginx_retries_non_idempotent:29",
      "nginx_time_unit:33",
      "nginx_no_pool:45",
      "nginx_keepalive_off:51",
    ],
    "edge.conf": ["nginx_pool_unused:5", "nginx_pool_by_default:8", "nginx_websocket_headers:29", "nginx_stream_buffered:33 info"],
    "grpc.conf": [
      "nginx_worker_connections_low:6",
      "nginx_grpc_without_http2:15",
      "nginx_grpc_timeout:18 info",
      "nginx_grpc_by_proxy_pass:26 warning",
      "nginx_grpc_by_proxy_pass:31",
    ],
    "sse.conf": [
      "nginx_nofile_low:3",
      "nginx_stream_compressed:12",
      "nginx_accel_ignored:13",
      "nginx_stream_buffered:19",
      "nginx_stream_timeout:24",
      "nginx_accel_misplaced:31",
    ],
    "tls.conf": [
      "nginx_reload_unbounded:2",
      "nginx_proxy_protocol_mismatch:12",
      "nginx_tcp_timeout:13",
      "nginx_tcp_timeout:18 warning",
      "nginx_backlog:31",
      "nginx_tls_no_resumption:31",
    ],
    "websocket.conf": [
      "nginx_reload_unbounded:2",
      "nginx_worker_connections_low:5",
      "nginx_upgrade_map_closes:11",
      "nginx_headers_dropped:32",
      "nginx_websocket_headers:33 warning",
      "nginx_stream_timeout:38",
      "nginx_upgrade_hard_coded:49",
      "nginx_stream_timeout:50",
      "nginx_websocket_headers:54",
    ],
  },
});

testGarbage(nginxTool, [
  ...[
    "\n",
    "http {",
    "events {",
    "server {",
    "stream {",
    "upstream app {",
    "location /ws {",
    "location ~ ^/a {",
    "if ($x) {",
    "map $http_upgrade $c {",
    "}",
    ";",
  ],
  ...[
    "default upgrade;",
    "'' close;",
    "~*^w upgrade;",
    "include *.conf;",
    "include file-0;",
    "include file-1;",
    "server 127.0.0.1:1;",
    "keepalive 32;",
    "least_conn;",
  ],
  ...[
    "proxy_pass http://app;",
    "proxy_pass $x;",
    "proxy_pass app:1;",
    "grpc_pass grpc://app;",
    "proxy_set_header Connection $c;",
    "proxy_set_header Upgrade $http_upgrade;",
  ],
  ...[
    "proxy_read_timeout 1h30m;",
    "proxy_read_timeout 60000;",
    "proxy_buffering off;",
    "listen 80 ssl;",
    "listen [::]:443 http2 proxy_protocol;",
    "keepalive_timeout 0;",
  ],
  ...[
    "worker_connections 100000;",
    "content_by_lua_block {",
    "set $x $x;",
    "# nginx/1.24.0",
    "gzip on;",
    "gzip_types *;",
    "proxy_next_upstream non_idempotent;",
  ],
]);

/** What is said of a location with these lines, in a server of an upstream with a pool. */
const saidOf = (location: string, { path = "/", version = "1.24.0", upstream = "keepalive 16;", server = "" } = {}): string[] =>
  read(
    nginxTool,
    `# nginx/${version}\nupstream app { server a:1; ${upstream} }\nserver { listen 80; ${server}\nlocation ${path} { proxy_pass http://app;\n${location} } }`,
  )
    .findings.map(({ code, severity }) => (severity === nginxFindings[code as keyof typeof nginxFindings]?.severity ? code : `${code} ${severity}`))
    .sort();

const kept = 'proxy_http_version 1.1; proxy_set_header Connection "";';

describe("pools", () => {
  test("are unused before 1.29.7 without both lines, and used since", () => {
    assert.deepEqual(saidOf(""), ["nginx_pool_unused"]);
    assert.deepEqual(saidOf("proxy_http_version 1.1;"), ["nginx_pool_unused"]);
    assert.deepEqual(saidOf('proxy_set_header Connection "";'), ["nginx_pool_unused"]);
    assert.deepEqual(saidOf(kept), []);
    assert.deepEqual(saidOf("", { server: kept }), []);
    assert.deepEqual(saidOf("", { version: "1.29.7" }), []);
    assert.deepEqual(saidOf("proxy_http_version 1.0;", { version: "1.29.7" }), ["nginx_pool_unused"]);
    assert.deepEqual(saidOf("proxy_set_header Connection close;", { version: "1.30.0" }), ["nginx_pool_unused"]);
  });

  test("are a note where nobody said which version it is", () => {
    const { findings, version } = read(nginxTool, "upstream app { server a:1; keepalive 4; }\nserver { location / { proxy_pass http://app; } }");
    assert.deepEqual(said(findings), ["nginx_pool_unused:1 info"]);
    assert.match(findings[0]?.title ?? "", /before 1\.29\.7$/);
    assert.equal(version?.from, "assumed");
  });

  test("are not missed where there is none, or a variable decides", () => {
    assert.deepEqual(saidOf("", { upstream: "" }), []);
    assert.deepEqual(saidOf("", { upstream: "keepalive 0;" }), []);
    assert.deepEqual(saidOf("proxy_http_version 1.1; proxy_set_header Connection $whatever;"), []);
    assert.deepEqual(
      read(nginxTool, 'server { location / { proxy_pass http://$host; proxy_http_version 1.1; proxy_set_header Connection ""; } }').findings,
      [],
    );
  });

  test("come by themselves since 1.29.7, where nothing says otherwise", () => {
    assert.deepEqual(saidOf("", { version: "1.29.7", upstream: "" }), ["nginx_pool_by_default"]);
    assert.deepEqual(saidOf("", { version: "1.29.7", upstream: "keepalive 0;" }), []);
    assert.deepEqual(saidOf("", { version: "1.29.7", upstream: "keepalive_timeout 4s;" }), []);
  });
});

describe("headers", () => {
  const both = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $up;";
  const map = "map $http_upgrade $up { default upgrade; '' ''; }";
  const within = (server: string, location: string, path = "/") =>
    said(
      read(
        nginxTool,
        `# nginx/1.24.0\n${map} server { ${server}\nlocation ${path} { proxy_pass http://a:1; proxy_http_version 1.1; proxy_read_timeout 1h;\n${location} } }`,
      ).findings,
    );

  test("that a location loses are named, unless it names one of the two itself", () => {
    assert.deepEqual(within(both, "proxy_set_header X-A b;"), ["nginx_headers_dropped:4"]);
    assert.deepEqual(within(`${both} proxy_set_header Host $host;`, 'proxy_set_header Connection "";'), ["nginx_no_pool:3", "nginx_headers_dropped:4 info"]);
    assert.deepEqual(within("proxy_set_header X-B c;", "proxy_set_header X-A b;"), []);
    assert.deepEqual(within(both, ""), []);
  });

  test("of an upgrade are complete, or named one by one", () => {
    assert.deepEqual(within("", both, "/ws"), []);
    assert.deepEqual(within("", "", "/ws"), ["nginx_websocket_headers:3 warning"]);
    assert.deepEqual(within("", "proxy_set_header Upgrade $http_upgrade;"), ["nginx_websocket_headers:3"]);
    assert.deepEqual(within("", "proxy_set_header Connection $up;"), ["nginx_websocket_headers:3"]);
    assert.deepEqual(within("", 'proxy_set_header Upgrade websocket; proxy_set_header Connection "Upgrade";', "/socket.io/"), []);
    assert.deepEqual(within("", 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'), ["nginx_upgrade_hard_coded:4"]);
  });

  test("by a map that closes cost the pool only where there is one, and not where only WebSockets pass", () => {
    const closing = "map $http_upgrade $up { default upgrade;\n'' close; }";
    const of = (path: string, upstream: string) =>
      said(
        read(
          nginxTool,
          `# nginx/1.24.0\n${closing} upstream app { server a:1; ${upstream} } server { location ${path} { proxy_pass http://app; proxy_http_version 1.1; proxy_read_timeout 1h; ${both} } }`,
        ).findings,
      );
    assert.deepEqual(of("/", "keepalive 8;"), ["nginx_upgrade_map_closes:3"]);
    assert.deepEqual(of("/", ""), []);
    assert.deepEqual(of("/ws/", "keepalive 8;"), []);
  });
});

describe("streams", () => {
  test("end after a minute unless the location says otherwise", () => {
    const at = (line: string, server = "") => saidOf(`${kept} proxy_buffering off; ${line}`, { path: "/sse", server });
    assert.deepEqual(at(""), ["nginx_stream_timeout"]);
    assert.deepEqual(at("proxy_read_timeout 60s;"), []);
    assert.deepEqual(at("proxy_read_timeout 30s;"), ["nginx_stream_timeout"]);
    assert.deepEqual(at("", "proxy_read_timeout 60;"), ["nginx_stream_timeout"]);
    assert.deepEqual(at("", "proxy_read_timeout 5m;"), []);
  });

  test("are held back by buffering of HTTP/1.0; towards HTTP/1.1 it is a note", () => {
    const at = (lines: string, path = "/sse") => saidOf(`${lines} proxy_read_timeout 1h;`, { path, upstream: "" });
    assert.deepEqual(at(""), ["nginx_stream_buffered"]);
    assert.deepEqual(at("proxy_http_version 1.1;"), ["nginx_stream_buffered info"]);
    assert.deepEqual(at("proxy_buffering off;"), []);
    assert.deepEqual(at("", "/events"), ["nginx_stream_buffered"]);
    assert.deepEqual(saidOf("", { path: "/events", upstream: "" }), [], "a path that may mean anything, and no setting beside it");
  });
});

test("a location that is for sockets alone may say `upgrade` to every request, and carries no event streams for being called live", () => {
  const lines = 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; proxy_set_header Host $host;';
  assert.deepEqual(saidOf(`${lines} proxy_read_timeout 1h;`, { path: "/grafana/api/live/", upstream: "" }), []);
  assert.deepEqual(saidOf(`${lines} proxy_read_timeout 1h;`, { path: "/", upstream: "" }), ["nginx_upgrade_hard_coded"]);
});

test("calls that are named for streams are warned of, others told by the way", () => {
  const at = (path: string) =>
    said(
      read(nginxTool, `# nginx/1.30.0\nupstream g { server 10.0.0.1:1; }\nserver { listen 80; http2 on; location ${path} { grpc_pass grpc://g; } }`).findings,
    );
  assert.deepEqual(at("/shop.Orders/Place"), ["nginx_grpc_timeout:3 info"]);
  assert.deepEqual(at("/shop.Orders/WatchAll"), ["nginx_grpc_timeout:3"]);
});

test("the PROXY header of a sender that shares its connections is told where the path names one", () => {
  const text = "server { listen 80 proxy_protocol; location / { return 200; } }";
  assert.deepEqual(said(read(nginxTool, text, { behind: "nginx" }).findings), ["nginx_proxy_protocol_pooled:1"]);
  assert.deepEqual(said(read(nginxTool, text, { behind: "aws-nlb" }).findings), []);
  // HAProxy shares a connection only among requests with the same header.
  assert.deepEqual(said(read(nginxTool, text, { behind: "haproxy" }).findings), []);
  assert.deepEqual(said(read(nginxTool, text).findings), []);
});

test("times in another tool's unit are told apart from long ones", () => {
  const at = (value: string) => saidOf(`${kept} proxy_read_timeout ${value};`);
  for (const value of ["60", "3600", "86400", "10001", "60000ms", "1h", "604800"]) assert.deepEqual(at(value), [], value);
  for (const value of ["10000", "30000", "60000", "300000"]) assert.deepEqual(at(value), ["nginx_time_unit"], value);
});

test("fragments of one folder are read together, and a main block is missed in none of them", () => {
  const files = [
    { file: "conf.d/up.conf", text: "# nginx/1.24.0\nupstream app { server a:1; keepalive 2; }" },
    { file: "conf.d/site.conf", text: "server { location /ws { proxy_pass http://app; proxy_read_timeout 1h; } location / { proxy_pass http://app; } }" },
  ];
  const { findings } = nginxTool.read(files, nothingAsked);
  assert.deepEqual(findings.map(({ code, place }) => `${code} ${place?.file}`).sort(), [
    "nginx_pool_unused conf.d/up.conf",
    "nginx_websocket_headers conf.d/site.conf",
  ]);
});

test("a broken file is said to be broken, with its line, and the rest is read all the same", () => {
  const text = "# nginx/1.24.0\nserver {\n  proxy_read_timeout 60s\n  proxy_send_timeout 60s;\n  location /ws { proxy_pass http://a:1; }\n";
  assert.deepEqual(said(read(nginxTool, text).findings), ["lint_syntax:2", "lint_syntax:3", "nginx_stream_timeout:5", "nginx_websocket_headers:5 warning"]);
});

describe("configurations of this repository", () => {
  const folder = join(import.meta.dirname, "../../../../../docs/proxies");
  for (const name of ["nginx.conf", "nginx-http2.conf", "nginx-grpc.conf"]) {
    test(`${name} gives no error and no warning`, () => {
      const { findings } = nginxTool.read([{ file: name, text: readFileSync(join(folder, name), "utf8") }], nothingAsked);
      assert.deepEqual(
        findings.filter(({ severity }) => severity !== "info"),
        [],
      );
    });
  }
});

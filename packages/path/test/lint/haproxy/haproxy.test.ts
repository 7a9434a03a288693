import assert from "node:assert/strict";
import { test } from "node:test";
import { haproxyFindings } from "../../../src/findings/haproxy.ts";
import { haproxyTool } from "../../../src/lint/haproxy/index.ts";
import { splitWords } from "../../../src/lint/haproxy/parse.ts";
import { read, said, testFixtures } from "../support/fixtures.ts";
import { testGarbage } from "../support/garbage.ts";

testFixtures({
  tool: haproxyTool,
  folder: import.meta.dirname,
  codes: Object.keys(haproxyFindings),
  elsewhere: ["haproxy_reload_behind_balancer"],
  bad: {
    "api.cfg": ["haproxy_tunnel_missing:5 info", "haproxy_body_awaited:14 info", "haproxy_connection_closed:18", "haproxy_connection_closed:19"],
    "chat.cfg": [
      "haproxy_header_deadline_missing:5",
      "haproxy_tunnel_missing:5",
      "haproxy_connection_closed:10",
      "haproxy_timeout_ignored:18",
      "haproxy_connection_closed:22",
    ],
    "legacy.cfg": [
      "haproxy_gone:3",
      "haproxy_header_deadline_missing:6",
      "haproxy_timeouts_missing:6",
      "haproxy_timeouts_missing:6",
      "haproxy_gone:8",
      "haproxy_gone:9",
    ],
    "streams.cfg": [
      "haproxy_reload_endless:2",
      "haproxy_body_awaited:11",
      "haproxy_timeout_ignored:15",
      "haproxy_half_closed_kept:23",
      "haproxy_proxy_header_pooled:24",
      "haproxy_connection_closed:25",
    ],
    "tcp.cfg": ["haproxy_client_server_differ:14", "haproxy_timeout_ignored:15"],
    "units.cfg": [
      "haproxy_reload_endless:2",
      "haproxy_limit_contradiction:5",
      "haproxy_bare_number:9",
      "haproxy_bare_number:10",
      "haproxy_half_closed_kept:13",
      "haproxy_limit_contradiction:17",
    ],
  },
});

testGarbage(haproxyTool, [
  "\n",
  "global",
  "defaults",
  "from",
  "frontend",
  "backend",
  "listen",
  "web",
  "mode http",
  "mode tcp",
  "bind :80",
  "bind",
  "server s 127.0.0.1:3000",
  "server",
  "default-server pool-max-conn 0",
  "use_backend %[x]",
  "default_backend web",
  "timeout client 5",
  "timeout tunnel 1h",
  "timeout",
  "timeout server",
  "option httpclose",
  "no option httpclose",
  "option",
  "maxconn 9",
  "ulimit-n 9",
  "http-request deny",
  ".if",
  "acl ws path /ws",
]);

const proxy = (front: string, back = ""): string =>
  `defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n timeout http-request 9s\nfrontend f\n bind :80\n default_backend b\n${front}\nbackend b\n server s 10.0.0.1:3000\n${back}\n`;
const codes = (text: string, ask = {}): string[] => said(read(haproxyTool, text, ask).findings);

test("words are cut as HAProxy cuts them", () => {
  assert.deepEqual(splitWords(String.raw`  a b\ c "d # e" 'f\g' h#i j`), { words: ["a", "b c", "d # e", String.raw`f\g`, "h"], isOpen: false });
  assert.deepEqual(splitWords('server "s'), { words: ["server", "s"], isOpen: true });
  assert.deepEqual(splitWords('a "" # b'), { words: ["a", ""], isOpen: false });
});

test("a note about tunnels is given for plain HTTP with short timers, and none where upgrades do not come through or somebody has thought of them", () => {
  const short = (text: string): string => text.replaceAll("60s", "50s");
  assert.deepEqual(codes(short(proxy(""))), ["haproxy_tunnel_missing:1 info"]);
  // 60 s bear the usual heartbeat of 25 s.
  assert.deepEqual(codes(proxy("")), []);
  assert.deepEqual(codes(proxy("", " timeout tunnel 5m")), []);
  assert.deepEqual(codes(short(proxy(" http-request deny if { hdr(upgrade) -m found }"))), []);
  assert.deepEqual(codes(short(proxy("", " http-request del-header Upgrade"))), []);
  assert.deepEqual(codes(proxy(" acl live path_beg /ws")), ["haproxy_tunnel_missing:1"]);
  assert.deepEqual(codes(short(proxy("").replace("3000", "3000 proto h2"))), []);
  assert.deepEqual(codes(proxy("").replaceAll("60s", "2h")), []);
  // A path such as /news is no hint.
  assert.deepEqual(codes(short(proxy(" acl live path_beg /news"))), ["haproxy_tunnel_missing:1 info"]);
});

test("a reload behind a balancer is warned of from 2.4, and not behind nobody or a browser", () => {
  const text = proxy("", " timeout tunnel 5m");
  assert.deepEqual(codes(text, { behind: "nginx" }), ["haproxy_reload_behind_balancer:1"]);
  assert.deepEqual(codes(text, { behind: "nginx", versions: { haproxy: "2.2" } }), []);
  assert.deepEqual(codes(text, { behind: "browser" }), []);
  assert.deepEqual(codes(proxy(" option idle-close-on-response", " timeout tunnel 5m"), { behind: "nginx" }), []);
});

test("old lines are refused only by versions that refuse them", () => {
  const text = `global\n nbproc 2\n${proxy("", " timeout tunnel 5m")}`;
  assert.deepEqual(codes(text), ["haproxy_gone:2"]);
  assert.deepEqual(codes(text, { versions: { haproxy: "2.4.1" } }), []);
});

test("bare numbers that are meant in ms, and values from the environment, are left alone", () => {
  assert.deepEqual(codes(proxy("", " timeout tunnel 5m").replace("connect 5s", "connect 500").replaceAll(" 60s", " 50000")), []);
  assert.deepEqual(codes(proxy("", " timeout tunnel 5m").replace("client 60s", 'client "$' + '{CLIENT}"')), []);
  assert.deepEqual(codes(proxy("", " timeout tunnel 5m").replace("connect 5s", "connect 0")), ["haproxy_timeouts_missing:1"]);
});

test("timers of HTTP in a backend count where the frontend is in TCP mode", () => {
  const text = proxy("", " timeout tunnel 5m\n timeout http-request 5s");
  assert.deepEqual(codes(text), ["haproxy_timeout_ignored:14"]);
  assert.deepEqual(codes(text.replace("bind :80", "bind :80\n mode tcp")), []);
});

test("a route says where it listens, where it leads, and which timers were written where", () => {
  const { routes } = read(
    haproxyTool,
    `${proxy(" timeout http-keep-alive 65s\n bind [::]:81,/run/web.sock", " timeout tunnel 0\n server t unix@/run/app.sock pool-purge-delay 3s maxconn 9")}`,
  );
  assert.equal(routes.length, 1);
  const [route] = routes;
  assert.deepEqual(route?.listens, ["*:80", "*:81", "unix:/run/web.sock"]);
  assert.deepEqual(route?.forwards, ["10.0.0.1:3000", "unix:/run/app.sock"]);
  assert.equal(route?.carries, "websocket");
  assert.deepEqual(route?.hop.values, {
    "timeout client": 60_000,
    "timeout http-request": 9_000,
    "timeout http-keep-alive": 65_000,
    "timeout server": 60_000,
    "timeout connect": 5_000,
    "timeout tunnel": "never",
    "pool-purge-delay": 3_000,
    "server maxconn": 9,
  });
  assert.deepEqual(route?.hop.places?.["timeout http-keep-alive"], { file: "test", line: 10 });
});

test("an open quote and a line before the first section are told", () => {
  assert.deepEqual(codes('maxconn 5\nglobal\n log "x\n'), ["lint_syntax:1", "lint_syntax:3"]);
});

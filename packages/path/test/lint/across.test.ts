import assert from "node:assert/strict";
import { test } from "node:test";
import type { SourceFile } from "../../src/lint/index.ts";
import { lintFiles } from "../../src/lint/index.ts";
import { said } from "./support/fixtures.ts";

const codes = (...files: SourceFile[]): string[] => {
  const { findings } = lintFiles(files, { as: null, versions: {}, path: null });
  const all = (each: (typeof findings)[number]): (typeof findings)[number]["finding"][] => [each.finding, ...each.symptoms.flatMap(all)];
  return said(findings.flatMap(all));
};
const sockets = (path: string, more = ""): SourceFile => ({
  file: "nginx.conf",
  text: `# nginx/1.30.0\nupstream app { server 10.0.0.1:3000; keepalive 8; }\nmap $http_upgrade $up { default upgrade; '' ''; }\nserver { listen 80; location ${path} { proxy_pass http://app; ${more} proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $up; } }\n`,
});
const beats = (heartbeat: number): SourceFile => ({
  file: "app.json",
  text: JSON.stringify({ server: { port: 3000, keepAliveTimeout: 70_000 }, ws: { heartbeat } }),
});

test("WebSockets that beat often enough outlive nginx's minute, where a file or their library says so", () => {
  assert.deepEqual(codes(sockets("/ws")), ["nginx_stream_timeout:4"]);
  assert.deepEqual(codes(sockets("/ws"), beats(25_000)), []);
  assert.deepEqual(codes(sockets("/ws", "proxy_read_timeout 30s;"), beats(25_000)), ["nginx_stream_timeout:4"]);
  assert.deepEqual(codes(sockets("/socket.io/")), []);
  assert.deepEqual(codes(sockets("/socket.io/", "proxy_read_timeout 30s;")), ["nginx_stream_timeout:4"]);
});

test("the heartbeat of the path counts for event streams too", () => {
  const events = { file: "sse/nginx.conf", text: "# nginx/1.30.0\nserver { listen 81; location /sse { proxy_pass http://10.0.0.2:1; proxy_buffering off; } }" };
  const at = (heartbeatMs: number): string[] => {
    const path = { hops: [{ name: "nginx", product: "nginx", values: {} }], streams: { heartbeatMs } };
    return JSON.stringify(lintFiles([sockets("/ws"), events], { as: null, versions: {}, path }).findings).match(/nginx_stream_timeout/g) ?? [];
  };
  assert.deepEqual([at(20_000).length, at(40_000).length], [0, 2]);
});

test("two configurations of one tool are two hops, one configuration is one", () => {
  const edge = {
    file: "edge/nginx.conf",
    text: "# nginx/1.30.0\nevents {}\nhttp { upstream inner { server 10.0.0.9:8080; } server { listen 80; location / { proxy_pass http://inner; } } }",
  };
  const inner = {
    file: "inner/nginx.conf",
    text: "# nginx/1.30.0\nevents {}\nhttp {\nkeepalive_timeout 20s;\nserver { listen 8080; location / { proxy_pass http://127.0.0.1:1; } } }",
  };
  assert.ok(codes(edge, inner).some((code) => code.startsWith("keepalive_race:4")));
});

test("where a unit says how many descriptors nginx may have, the usual limit is not guessed", () => {
  const conf = { file: "nginx.conf", text: "# nginx/1.30.0\nevents { worker_connections 8192; }\nhttp { server { listen 80; location / { return 200; } } }" };
  const unit = (limit: string): SourceFile => ({
    file: "nginx.service",
    text: `[Service]\nExecStart=/usr/sbin/nginx\nKillSignal=SIGQUIT\nLimitNOFILE=${limit}\n`,
  });
  assert.deepEqual(codes(conf), ["nginx_nofile_low:2 info"]);
  assert.deepEqual(codes(conf, unit("65536")), []);
});

const node = (keepAliveTimeout: number): SourceFile => ({ file: "app.json", text: JSON.stringify({ server: { port: 3000, keepAliveTimeout } }) });
const caddy = (transport = ""): SourceFile => ({
  file: "Caddyfile",
  text: `:80 {\n\treverse_proxy localhost:3000 {\n\t\ttransport http {\n\t\t\t${transport}\n\t\t}\n\t}\n}\n`,
});

test("Caddy's pool of 2 min races with a Node server of 65 s, and does not with one of 3 min", () => {
  assert.deepEqual(codes(caddy(), node(65_000)), ["keepalive_race:1"]);
  assert.deepEqual(codes(caddy(), node(180_000)), []);
});

test("a Node server with a short time is no fault behind a proxy with a shorter one, and a guess where the proxy is not known", () => {
  assert.deepEqual(codes(node(15_000)), ["node_keep_alive_short:1"]);
  assert.deepEqual(codes(caddy("keepalive 4s"), node(15_000)), []);
});

test("HAProxy's client side is held against the proxy that sends to it", () => {
  const haproxy = (keepAlive: string): SourceFile => ({
    file: "haproxy.cfg",
    text: `global\n hard-stop-after 5m\ndefaults\n mode http\n timeout client 60s\n timeout server 60s\n timeout connect 5s\n timeout http-request 5s\n timeout http-keep-alive ${keepAlive}\n timeout tunnel 5m\nfrontend f\n bind :3000\n default_backend b\nbackend b\n server a 10.0.0.1:9000\n`,
  });
  assert.deepEqual(
    codes(caddy("keepalive 30s"), haproxy("10s")).filter((each) => each.startsWith("keepalive")),
    ["keepalive_race:9"],
  );
  assert.deepEqual(
    codes(caddy("keepalive 30s"), haproxy("65s")).filter((each) => each.startsWith("keepalive")),
    [],
  );
});

test("a backend on another host is not the own listener of the same port", () => {
  const nginx = (host: string): SourceFile => ({
    file: "nginx.conf",
    text: `# nginx/1.30.0\nevents { worker_connections 1024; }\nhttp {\n  keepalive_timeout 62;\n  upstream app { server ${host}:80; keepalive 16; }\n  server { listen 80; location / { proxy_pass http://app; } location /b { proxy_pass http://app; proxy_read_timeout 30s; } }\n}\n`,
  });
  assert.deepEqual(codes(nginx("10.0.0.5")), []);
  assert.deepEqual(codes(nginx("127.0.0.1")).slice(0, 1), ["keepalive_race:4 warning"]);
  const haproxy = {
    file: "haproxy.cfg",
    text: "global\n hard-stop-after 1m\ndefaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n timeout tunnel 5m\n timeout http-request 5s\n timeout http-keep-alive 10s\nfrontend f\n bind :80\n default_backend b\nbackend b\n server s 10.0.0.2:80\nfrontend g\n bind :8080\n timeout client 50s\n default_backend c\nbackend c\n server s 10.0.0.3:80\n",
  };
  assert.deepEqual(codes(haproxy), []);
});

test("a stream proxy that sends the PROXY header to another host's 443 does not send it to itself", () => {
  const stream = (to: string): SourceFile => ({
    file: "nginx.conf",
    text: `# nginx/1.30.0\nevents {}\nstream {\n  upstream tls { server ${to}:443; }\n  server { listen 443; proxy_pass tls; proxy_timeout 1h; ssl_preread on; proxy_protocol on; }\n}\n`,
  });
  assert.deepEqual(codes(stream("10.0.0.2")), []);
  assert.deepEqual(codes(stream("127.0.0.1")), ["nginx_proxy_protocol_mismatch:5"]);
});

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

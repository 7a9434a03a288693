import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nodeFindings } from "../../../src/findings/node.ts";
import { nodeTool } from "../../../src/lint/node/index.ts";
import { type Json, parseJson } from "../../../src/lint/node/json.ts";
import { read, said, testFixtures } from "../support/fixtures.ts";
import { testGarbage } from "../support/garbage.ts";

testFixtures({
  tool: nodeTool,
  folder: import.meta.dirname,
  codes: Object.keys(nodeFindings),
  bad: {
    "broken.options": ["node_keep_alive_short:3", "lint_syntax:4"],
    "databases.json": [
      "node_pg_pool_too_large:5",
      "node_pg_probes_off:7",
      "node_pg_wait_endless:8",
      "node_pg_query_timeout_order:10",
      "node_pg_session_timeout:11",
      "node_redis_closed_when_quiet:14",
      "node_grpc_pings_refused:17",
    ],
    "defaults.json": ["node_keep_alive_short:2", "node_agent_ignores_hint:4", "node_ws_heartbeat_tight:8"],
    "off.json": [
      "node_keep_alive_never:3",
      "node_request_deadline_off:5",
      "node_body_timeout_ends_streams:7",
      "node_undici_no_margin:9",
      "node_ws_heartbeat_missing:11",
    ],
    "seconds.json": ["node_unit_wrong:2", "node_unit_wrong:3", "node_guard_keep_alive_short:6"],
    "tuned.json": ["node_headers_timeout_raised:3", "node_requests_per_socket:4", "node_request_timeout_cuts_uploads:5", "node_option_misspelt:6"],
  },
});

testGarbage(nodeTool, [
  '{"server":{',
  '"keepAliveTimeout":',
  '"pg":{',
  '"max":',
  '"ws":{',
  '"heartbeat":',
  '"grpc":{',
  '"grpc.keepalive_time_ms":30000',
  '"redis":{"server":{"timeout":',
  '"guard":{"keepAliveMs":',
  '"agent":{"keepAlive":true}',
  '"idle_session_timeout":9',
  '"idleTimeoutMillis":',
  '"replicas":',
  '"undici":{"streams":true',
  "}",
  "},",
  "5",
  "0",
  "null",
  "[",
  "//",
]);

const plain = (json: Json | null): unknown => {
  if (json === null || json.kind === "value") return json?.value;
  return json.kind === "array" ? json.items.map(plain) : Object.fromEntries([...json.members].map(([name, each]) => [name, plain(each)]));
};

test("whatever JSON.stringify writes is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 2), (value, space) => {
      const text = JSON.stringify(value, null, space);
      const { root, fault } = parseJson(text);
      assert.equal(fault, null);
      // By way of text, because a member called __proto__ is none on an object.
      if (!text.includes("__proto__")) assert.equal(JSON.stringify(plain(root)), JSON.stringify(JSON.parse(text)));
    }),
  );
});

test("a value has the line of its name", () => {
  const { root } = parseJson('{\n "a":\n 1, /* \n */ "b": [\n2] }');
  assert.ok(root?.kind === "object");
  assert.deepEqual(
    [...root.members].map(([name, { line }]) => [name, line]),
    [
      ["a", 2],
      ["b", 4],
    ],
  );
});

const codes = (value: unknown, ask = {}): string[] => said(read(nodeTool, JSON.stringify(value), ask).findings);

test("the default of 5 s is no fault with a path, in Node 27, with TLS, or behind guard", () => {
  const server = { server: { port: 1 } };
  assert.deepEqual(codes(server), ["node_keep_alive_short:1"]);
  assert.deepEqual(codes(server, { behind: "aws-alb" }), []);
  assert.deepEqual(codes(server, { versions: { node: "27.0.0" } }), []);
  assert.deepEqual(codes({ ...server, tls: true }), []);
  assert.deepEqual(codes({ ...server, guard: {} }), []);
  assert.deepEqual(codes({ server: { keepAliveTimeout: 60_000, keepAliveTimeoutBuffer: 0 } }), ["node_keep_alive_short:1"]);
  assert.deepEqual(codes({ server: { keepAliveTimeout: 60_000 } }), []);
});

test("headersTimeout above keepAliveTimeout is right before Node 18.2", () => {
  const options = { keepAliveTimeout: 65_000, headersTimeout: 66_000 };
  assert.deepEqual(codes(options, { versions: { node: "16.20.0" } }), []);
  assert.deepEqual(codes(options), ["node_headers_timeout_raised:1"]);
});

test("pools are counted with the replicas and processes that the file says, against the limit that it says", () => {
  assert.deepEqual(codes({ pg: { max: 97 } }), []);
  assert.deepEqual(codes({ pg: { max: 98 } }), ["node_pg_pool_too_large:1"]);
  assert.deepEqual(codes({ pg: { max: 20, replicas: 5 } }), ["node_pg_pool_too_large:1"]);
  assert.deepEqual(codes({ replicas: 5, pg: { max: 20, maxConnections: 200 } }), []);
});

test("a default server refuses pings below 5 min, and without calls below 2 h", () => {
  const ping = (ms: number, idle?: number) =>
    codes({ grpc: { "grpc.keepalive_time_ms": ms, ...(idle === undefined ? {} : { "grpc.keepalive_permit_without_calls": idle }) } });
  assert.deepEqual(ping(299_000), ["node_grpc_pings_refused:1"]);
  assert.deepEqual(ping(300_000), []);
  assert.deepEqual(ping(300_000, 1), ["node_grpc_pings_refused:1"]);
  assert.deepEqual(ping(300_000, 0), []);
});

test("a server receives, and clients send to whom they name", () => {
  const { routes } = read(
    nodeTool,
    '{"server":{"port":3000,"host":"127.0.0.1","keepAliveTimeout":5000},\n"pg":{"host":"db","port":5432,"max":5,"maxLifetimeSeconds":60},"ws":{"heartbeat":25000},"agent":{"keepAlive":false}}',
    {
      versions: { node: "24.1.0" },
    },
  );
  assert.deepEqual(routes, [
    {
      place: { file: "test", line: 1 },
      listens: ["127.0.0.1:3000"],
      forwards: [],
      carries: "websocket",
      hop: {
        name: "node",
        product: "node",
        version: "24.1.0",
        values: { port: 3000, keepAliveTimeout: 5000 },
        places: { port: { file: "test", line: 1 }, keepAliveTimeout: { file: "test", line: 1 } },
      },
    },
    {
      place: { file: "test", line: 2 },
      listens: ["localhost:0"],
      forwards: ["db:5432"],
      carries: "tcp",
      hop: {
        name: "node-postgres",
        product: "node-postgres",
        values: { port: 5432, max: 5, maxLifetimeSeconds: 60_000 },
        places: { port: { file: "test", line: 2 }, max: { file: "test", line: 2 }, maxLifetimeSeconds: { file: "test", line: 2 } },
      },
    },
  ]);
});

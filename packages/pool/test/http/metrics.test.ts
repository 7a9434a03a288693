import assert from "node:assert/strict";
import { test } from "node:test";
import { httpPool, httpPoolMetrics } from "@holdfast/pool";
import { Registry } from "prom-client";
import { httpPoolMetricDocs } from "../../src/http/metric-docs.ts";
import { answer, rawServer } from "../support/raw-server.ts";

test("a scrape shows every metric, with what has happened", async () => {
  await using server = await rawServer(({ socket, requests }) => socket.write(answer("yes", requests === 2 ? { Connection: "close" } : {})));
  const pool = httpPool();
  const registry = new Registry();
  httpPoolMetrics(pool, registry);
  for (let i = 0; i < 2; i++) await (await pool.request(server.origin)).body.text();
  const text = await registry.metrics();
  for (const name of Object.keys(httpPoolMetricDocs)) assert.ok(text.includes(`# TYPE ${name} `), name);
  for (const line of [
    "holdfast_pool_requests_total 2",
    "holdfast_pool_requests_reused_total 1",
    'holdfast_pool_ended_total{code="connection_close",side="server"} 1',
    'holdfast_pool_ended_total{code="idle_limit",side="pool"} 0',
    'holdfast_pool_connections{state="idle"} 0',
    "holdfast_pool_wait_ms_count 2",
    'holdfast_pool_wait_ms_bucket{le="+Inf"} 2',
  ]) {
    assert.ok(text.split("\n").includes(line), line);
  }
  assert.throws(() => httpPoolMetrics(pool, registry));
  await pool.close();
});

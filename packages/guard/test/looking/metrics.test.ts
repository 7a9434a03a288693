/** What a scrape says of a guarded server that did known things. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { endCodes, guardMetricDocs, guardMetrics } from "@holdfast/guard";
import { Registry } from "prom-client";
import { RawHttp, requestBytes } from "../../../../scripts/test-support/raw-http.ts";
import { type Family, parseExposition, seriesValue } from "../support/exposition.ts";
import { type Guarded, guarded, until } from "../support/guarded.ts";

const get = (port: number): Buffer => requestBytes("GET", "/", port);

async function scraped(one: Guarded, registry = guardMetrics(one.guard)): Promise<ReadonlyMap<string, Family>> {
  return parseExposition(await registry.metrics());
}

/** A connection that has served so many requests. */
async function served(port: number, requests: number): Promise<RawHttp> {
  const http = await RawHttp.open(port);
  for (let i = 1; i <= requests; i++) {
    http.socket.write(get(port));
    await http.until(() => http.responses[i - 1]?.isComplete === true);
  }
  return http;
}

describe("guard's metrics", () => {
  it("count what a server did", async (t) => {
    const one = await guarded({ perAddressMax: 4 }, (_request, response) => response.end("hello"));
    t.after(() => one.stop());
    const registry = guardMetrics(one.guard);
    const [gone, ...open] = [await served(one.port, 3), await served(one.port, 1), await served(one.port, 1), await served(one.port, 1)];
    const refused = await RawHttp.open(one.port);
    await refused.until(() => refused.hasEnded);
    gone?.destroy();
    await until(() => one.endings.length === 1);
    const told = await scraped(one, registry);
    const value = (name: string, labels?: Readonly<Record<string, string>>): number | undefined => seriesValue(told, name, labels);
    const { code, side, ageMs } = one.endings[0] ?? assert.fail();
    assert.equal(value("holdfast_guard_connections", { listener: "http", protocol: "http/1.1", phase: "idle" }), 3);
    assert.equal(value("holdfast_guard_open_age_seconds_count"), 3);
    assert.equal(value("holdfast_guard_accepted_total"), 4);
    assert.equal(value("holdfast_guard_requests_total"), 6);
    assert.equal(value("holdfast_guard_requests_reused_total"), 2);
    assert.equal(value("holdfast_guard_requests_late_total"), 0);
    assert.equal(value("holdfast_guard_addresses"), 1);
    assert.equal(value("holdfast_guard_reused_ratio"), 2 / 6);
    assert.equal(value("holdfast_guard_refused_total", { code: "too_many_from_address" }), 1);
    assert.equal(value("holdfast_guard_ended_total", { code, side }), 1);
    assert.equal(side, "peer");
    assert.equal(value("holdfast_guard_ended_age_seconds_count"), 1);
    assert.equal(value("holdfast_guard_ended_age_seconds_sum"), ageMs / 1_000);
    assert.equal(value("holdfast_guard_silence_before_end_seconds_count"), 1);
    assert.equal(value("holdfast_guard_requests_per_connection_bucket", { le: "2" }), 0);
    assert.equal(value("holdfast_guard_requests_per_connection_bucket", { le: "5" }), 1);
    assert.equal(value("holdfast_guard_ready"), 1);
    assert.ok((value("holdfast_guard_descriptors_open") ?? 0) >= 3);
    assert.ok((value("holdfast_guard_heap_used_bytes") ?? 0) < (value("holdfast_guard_heap_limit_bytes") ?? 0));
    for (const stat of ["p50", "p99", "max"]) assert.ok((value("holdfast_guard_loop_delay_seconds", { stat }) ?? -1) >= 0, stat);
    for (const http of [...open, refused]) http.destroy();
    await until(() => one.guard.connections().length === 0);
    const after = await scraped(one, registry);
    assert.equal(seriesValue(after, "holdfast_guard_connections", { phase: "idle" }), 0, "a graph falls to 0 and does not end");
  });

  it("tell the bytes that wait for a peer that takes none", async (t) => {
    const size = 20_000_000;
    const one = await guarded({}, (_request, response) => response.end(Buffer.alloc(size)));
    t.after(() => one.stop());
    const http = await RawHttp.open(one.port);
    http.socket.pause();
    http.socket.write(get(one.port));
    await until(() => (one.guard.connections()[0]?.bytesQueued ?? 0) > 0);
    const queued = seriesValue(await scraped(one), "holdfast_guard_queued_bytes") ?? 0;
    assert.ok(queued > 1_000_000 && queued <= size + 1_000, `${queued}`);
    http.destroy();
  });

  it("are those of the table, with its types and labels, and every code is there before it happens", async (t) => {
    const one = await guarded({}, (_request, response) => response.end());
    t.after(() => one.stop());
    const handshakes = [
      { handshakes: 4, resumed: 3, failed: { not_tls: 2 } },
      { handshakes: 6, resumed: 6, failed: { not_tls: 0 } },
    ];
    const { options, counters, ready, addresses } = one.guard;
    const looked = { options, counters, ready, addresses, handshakes, connections: () => one.guard.connections(), descriptors: () => one.guard.descriptors() };
    const told = await scraped(one, guardMetrics(looked, new Registry(), { log: { suppressed: 5 } }));
    for (const [name, { type, labels, what }] of Object.entries(guardMetricDocs)) {
      if (name === "holdfast_guard_admin_refused_total") continue; // The admin listener's own.
      const family = told.get(name) ?? assert.fail(`no ${name}`);
      assert.equal(family.type, type, name);
      assert.equal(family.help, what, name);
      for (const { labels: given } of family.series)
        assert.deepEqual(
          Object.keys(given)
            .filter((label) => label !== "le")
            .sort(),
          [...labels].sort(),
          name,
        );
    }
    for (const name of ["holdfast_guard_ended_total", "holdfast_guard_refused_total"]) {
      assert.deepEqual(
        told
          .get(name)
          ?.series.map(({ labels }) => labels["code"])
          .sort(),
        [...endCodes].sort(),
        name,
      );
    }
    assert.equal(seriesValue(told, "holdfast_guard_tls_handshakes_total", { session: "new" }), 1);
    assert.equal(seriesValue(told, "holdfast_guard_tls_handshakes_total", { session: "resumed" }), 9);
    assert.equal(seriesValue(told, "holdfast_guard_tls_resumed_ratio"), 0.9);
    assert.equal(seriesValue(told, "holdfast_guard_tls_failures_total", { reason: "not_tls" }), 2);
    assert.equal(seriesValue(told, "holdfast_guard_log_suppressed_total"), 5);
  });

  it("get no new series from what a peer writes", async (t) => {
    const one = await guarded({}, (_request, response) => response.end());
    one.server.on("upgrade", (_request, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
      socket.once("end", () => socket.end()).resume();
    });
    t.after(() => one.stop());
    const registry = guardMetrics(one.guard);
    const handshake = { Connection: "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" };
    const open: RawHttp[] = [];
    for (const upgrade of ["websocket", "WebSocket", "canary-1", "canary-2"]) {
      open.push(await RawHttp.send(one.port, requestBytes("GET", "/canary", one.port, { ...handshake, Upgrade: upgrade, "User-Agent": "canary" })));
    }
    await until(() => one.guard.connections().filter(({ phase }) => phase === "tunnel").length === 2);
    const text = await registry.metrics();
    assert.doesNotMatch(text, /canary|127\.0\.0\.1/);
    const families = parseExposition(text);
    assert.equal(seriesValue(families, "holdfast_guard_connections", { protocol: "websocket", phase: "tunnel" }), 2);
    assert.ok((families.get("holdfast_guard_connections")?.series ?? []).every(({ labels }) => ["websocket", "http/1.1"].includes(labels["protocol"] ?? "")));
    for (const http of open) http.destroy();
  });

  it("join a registry that shows other things, once", async (t) => {
    const one = await guarded({}, (_request, response) => response.end());
    t.after(() => one.stop());
    const registry = new Registry();
    assert.equal(guardMetrics(one.guard, registry), registry);
    assert.throws(() => guardMetrics(one.guard, registry), /already been registered/);
  });
});

/** Handshakes of a listener with a TLS front, as a scrape and the table tell them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { Agent, get } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { describe, it } from "node:test";
import { guard, guardMetrics } from "@holdfast/guard";
import { certificates } from "../../../../scripts/test-support/certificates.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { parseExposition, seriesValue } from "../support/exposition.ts";
import { until } from "../support/guarded.ts";

describe("metrics of TLS", { skip: needs("openssl") }, () => {
  it("tell sessions that were resumed, and what was none", async (t) => {
    using made = certificates();
    const pair = made.make("looked");
    const server = createServer((_request, response) => response.end("hello"));
    const guarded = guard(server, {}, { tls: { certFile: pair.certFile, keyFile: pair.keyFile } });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(async () => {
      await guarded.drain({ windowMs: 50, drainMs: 500 });
      guarded.release();
    });
    const { port } = server.address() as AddressInfo;
    const agent = new Agent({ ca: pair.cert, keepAlive: false });
    for (let i = 0; i < 3; i++) {
      const [response] = await once(get({ port, host: "127.0.0.1", servername: "localhost", agent }), "response");
      response.resume();
      await once(response, "close");
    }
    const plain = connect(port, "127.0.0.1", () => plain.write("GET / HTTP/1.1\r\n\r\n"));
    plain.on("error", () => {});
    const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((all, count) => all + count, 0);
    await until(() => sum(guarded.fronts[0]?.counters.failed ?? {}) === 1);
    const told = parseExposition(await guardMetrics(guarded).metrics());
    assert.equal(seriesValue(told, "holdfast_guard_tls_handshakes_total", { session: "new" }), 1);
    assert.equal(seriesValue(told, "holdfast_guard_tls_handshakes_total", { session: "resumed" }), 2);
    assert.equal(seriesValue(told, "holdfast_guard_tls_resumed_ratio"), 2 / 3);
    const failures = told.get("holdfast_guard_tls_failures_total")?.series ?? [];
    assert.ok(failures.length > 1, "every reason is there before it happens");
    assert.equal(
      failures.reduce((all, { value }) => all + value, 0),
      1,
    );
    plain.destroy();
  });
});

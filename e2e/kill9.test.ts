/**
 * The server is killed 25 times at random moments, under 500 entries/s and 50 clients over every transport, with connections cut in
 * mid-frame in between.
 * `e2e/kill9.ts` does the same 200 times.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needs } from "../scripts/test-support/needs.ts";
import { judgeReport, summary } from "./support/cycle-report.ts";
import { runCycles } from "./support/cycles.ts";

const seed = Number(process.env["HOLDFAST_SEED"] ?? Math.floor(Math.random() * 0x1_0000_0000));

describe("kill -9 of the server", () => {
  it("loses, doubles and reorders nothing over 25 cycles", { skip: needs("curl") }, async (t) => {
    t.diagnostic(`HOLDFAST_SEED=${seed}`);
    const report = await runCycles({ cycles: 25, seed, perSecond: 500, transports: ["h2", "grpc", "websocket", "sse", "poll"] });
    for (const line of summary(report)) t.diagnostic(line);
    assert.deepEqual(judgeReport(report, { tail: 50, page: 100, gap: 10, midFrame: 50 }), []);
  });
});

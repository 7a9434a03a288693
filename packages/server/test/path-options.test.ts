import assert from "node:assert/strict";
import { it } from "node:test";
import { nodeEnv } from "@holdfast/guard";
import { createServer } from "@holdfast/server";
import { memoryEngine } from "../src/engines/memory.ts";

const short = {
  hops: [
    { name: "users", product: "browser", values: {} },
    { name: "lb", product: "haproxy", values: { "timeout client": 20_000, "timeout server": 20_000, "timeout tunnel": 20_000 } },
    { name: "app", product: "holdfast", values: {} },
  ],
};

it("beats as often as the shortest silence of its path demands, and refuses to beat less often", () => {
  const server = createServer({ engine: memoryEngine({ env: nodeEnv }), path: short });
  assert.ok(server.options.heartbeatMs >= 1_000 && server.options.heartbeatMs * 2.2 < 20_000, `${server.options.heartbeatMs}`);
  server.guard.release();
  assert.throws(() => createServer({ engine: memoryEngine({ env: nodeEnv }), path: short, options: { heartbeatMs: 12_000 } }), /`heartbeatMs`.*C1/);
});

it("drains for as long as its path says that a deploy may take, or as it is told", () => {
  const deployed = { ...short, needs: { inFlightMs: 20_000, spreadMs: 5_000 } };
  const drainOf = (parts: Partial<Parameters<typeof createServer>[0]>): number => {
    const server = createServer({ engine: memoryEngine({ env: nodeEnv }), ...parts });
    server.guard.release();
    return server.options.drainMs;
  };
  assert.deepEqual([drainOf({ path: short }), drainOf({ path: deployed }), drainOf({ path: deployed, options: { drainMs: 7_000 } })], [10_000, 25_000, 7_000]);
});

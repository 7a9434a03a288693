// Every transport against a server in this process, with clients so impatient that every kind of fault fits into a few seconds.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { platformEnv } from "@holdfast/client";
import { randomId } from "@holdfast/protocol";
import { createServer, type HoldfastServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { nodeClock } from "../src/adapters/clock.ts";
import { greet } from "../src/verify/adapters/greeting.ts";
import { openRequests } from "../src/verify/adapters/requests.ts";
import { openRoutes, type Routes } from "../src/verify/adapters/routes.ts";
import { kindNames } from "../src/verify/kinds.ts";
import type { VerifyParts } from "../src/verify/parts.ts";
import { runVerify } from "../src/verify/run.ts";
import { resultText } from "../src/verify/table.ts";
import { transportNames } from "../src/verify/transports.ts";

const seed = 20_260_101;
let server: HoldfastServer;
let routes: Routes;
let url = "";

before(async () => {
  server = createServer({ engine: memoryEngine({ env: nodeEnv }), options: { port: 0, heartbeatMs: 500, drainMs: 1 } });
  const { port } = await server.listen();
  url = `http://127.0.0.1:${port}`;
  routes = openRoutes();
});
after(async () => {
  routes.close();
  await server.close();
});

const partsFor = (more: Partial<VerifyParts> = {}): VerifyParts => ({
  ...{ url, publishUrl: url, run: randomId(platformEnv.rng, 12), seed, durationMs: 9_000, perSecond: 50, streams: 2, settleMs: 0, effectMs: 800 },
  ...{ clock: nodeClock, stop: new AbortController().signal, connect: routes.connect, route: routes.add, progress: () => {} },
  ...openRequests({ kind: "none" }, 10_000),
  greet: (server, transport, limitMs) => greet(server, transport, limitMs, ""),
  isTokenFixed: true,
  clientOptions: { probeTimeoutMs: 300, ackTimeoutMs: 500, dialTimeoutMs: 2_000, backoffBaseMs: 50, backoffCapMs: 200 },
  ...more,
});

suite("a sound server", { concurrency: true }, () => {
  for (const transport of transportNames) {
    test(`is clean over ${transport}, after every kind of fault`, async () => {
      const result = await runVerify(partsFor(), [transport]);
      const text = resultText(result);
      assert.equal(result.verdict, "clean", text);
      const [only] = result.transports;
      assert.deepEqual(
        only?.faults.filter(({ kind, times }) => kind !== "undisturbed" && times === 0).map(({ kind }) => kind),
        [],
        text,
      );
      assert.equal(only?.faults.length, kindNames.length + 1);
      assert.equal(only?.acknowledged, only?.sent, text);
      assert.ok((only?.delivered ?? 0) >= 4 * ((only?.sent ?? 0) - 10), text);
    });
  }
});

test("a run that is stopped while its links come about ends at once", async () => {
  const stop = new AbortController();
  const running = runVerify(partsFor({ stop: stop.signal, durationMs: 60_000 }), ["websocket"]);
  setTimeout(() => stop.abort(), 50);
  const startMs = performance.now();
  const result = await running;
  assert.ok(performance.now() - startMs < 9_000);
  assert.equal(result.interrupted, true);
});

test("a log that cannot be read is not called clean", async () => {
  const parts = partsFor({ durationMs: 500, get: async () => ({ kind: "refused", status: 503, body: "away" }) });
  const result = await runVerify(parts, ["websocket"]);
  assert.equal(result.verdict, "unverified", resultText(result));
  assert.match(result.transports[0]?.reason ?? "", /cannot be read: HTTP 503: away/);
});

test("a log that may not be read is a refusal, and what was found before is no finding", async () => {
  const body = JSON.stringify({ error: { code: "forbidden", message: "not allowed" } });
  const result = await runVerify(partsFor({ durationMs: 500, get: async () => ({ kind: "refused", status: 403, body }) }), ["websocket", "sse"]);
  assert.deepEqual([result.verdict, result.transports.length], ["refused", 1], resultText(result));
  assert.equal(result.transports[0]?.reason, `${url} refused reading a log: forbidden, not allowed`);
});

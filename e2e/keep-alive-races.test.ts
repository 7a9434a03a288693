/**
 * The races of two keep-alive timers, and of a connection's last answer, behind real nginx and HAProxy: where plain Node's requests fail,
 * guarded ones do not. That the plain ones do fail is asserted too, since a measurement that can not fail proves nothing.
 * The full measurement is `npm run bench -- keep-alive-races`.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { runLastAnswers } from "../bench/lib/keep-alive/last-answer.ts";
import { runLeaving } from "../bench/lib/keep-alive/leaving.ts";
import { runRace, startOrigins } from "../bench/lib/keep-alive/race.ts";
import { needs } from "../scripts/test-support/needs.ts";

const poolIdleMs = 1_500;
const clients = 80;
const seed = Number(process.env["HOLDFAST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
/** A race is lost in about one of six requests here; a machine that is busy elsewhere may miss the moment a few times. */
const attemptsMax = 8;

describe("keep-alive", { concurrency: 4 }, () => {
  const origins = startOrigins();
  after(() => origins.stop());

  for (const edge of ["nginx", "haproxy"] as const) {
    it(`behind ${edge}, plain, with a timer shorter than the pool's: requests fail`, { skip: needs(edge) }, async (t) => {
      const race = { edge, origin: { plainKeepAliveMs: 700 }, poolIdleMs, pauseMs: [660, 720], clients, rounds: 2 } as const;
      let failed = 0;
      for (let attempt = 0; attempt < attemptsMax && failed === 0; attempt++) {
        const { post, outcomes } = await runRace(origins, { ...race, seed: seed + attempt }).then((result) => ({ post: result.after.POST, ...result }));
        failed = post.failed;
        t.diagnostic(`seed ${seed + attempt}: ${failed} of ${post.sent} POSTs failed: ${JSON.stringify(outcomes)}`);
      }
      assert.ok(failed > 0);
    });

    it(`behind ${edge}, guarded, told the pool's timer: none fails`, { skip: needs(edge) }, async (t) => {
      // HAProxy empties its pool by halves: it takes several times its delay.
      const proxyIdleMs = edge === "haproxy" ? poolIdleMs * 10 : poolIdleMs;
      const origin = { guarded: { role: "proxy", proxyIdleMs } } as const;
      const result = await runRace(origins, { edge, origin, poolIdleMs, pauseMs: [poolIdleMs - 40, poolIdleMs + 20], clients, rounds: 4, seed });
      t.diagnostic(`seed ${seed}: ${JSON.stringify(result.after)}`);
      assert.deepEqual(result.outcomes, {});
      assert.deepEqual(
        result.warnings.filter((warning) => warning.includes("keepAliveMs")),
        [],
      );
    });

    it(`behind ${edge}, a guarded server drains under load: none fails`, { skip: needs(edge) }, async (t) => {
      const origin = { answerMs: 20, guarded: { role: "proxy", proxyIdleMs: poolIdleMs, drainMs: 12_000 } } as const;
      const { tallies, tookMs } = await runLeaving(origins, { edge, origin, poolIdleMs, graceMs: 0, clients: 40, aroundMs: 500, seed });
      t.diagnostic(`seed ${seed}: ${JSON.stringify(tallies)}, left after ${Math.round(tookMs)} ms`);
      assert.ok(tallies.GET.sent > 0 && tallies.POST.sent > 0);
      assert.deepEqual([tallies.GET.failed, tallies.POST.failed], [0, 0]);
    });
  }

  for (const edge of ["nginx, no retries", "haproxy"] as const) {
    it(`behind ${edge}, connections that end by count and by age, announced, fail no request`, {
      skip: needs(edge === "haproxy" ? "haproxy" : "nginx"),
    }, async () => {
      for (const limit of [{ requestsMax: 3 }, { ageMs: 200 }]) {
        const origin = { guarded: { role: "proxy", ...limit } } as const;
        const result = await runRace(origins, { edge, origin, poolIdleMs: 60_000, pauseMs: [0, 60], clients: 30, rounds: 12, seed });
        assert.deepEqual(result.outcomes, {}, JSON.stringify(limit));
      }
    });
  }

  it("warns at the start of a guarded server whose timer is shorter than the pool's that it is told", async () => {
    const { port, warnings } = await origins.call("open", { guarded: { role: "proxy", proxyIdleMs: 60_000, keepAliveMs: 5_000 } });
    await origins.call("close", port);
    assert.match(warnings.join("\n"), /keepAliveMs 5000 is too short behind a proxy that reuses connections for 60000 ms.*at least 66000/);
  });

  it("ends with the last answer: nothing is refused or lost, and the socket is gone", async (t) => {
    const perConnection = 20;
    for (const [guarded, depth] of [
      [false, 8],
      [true, 8],
      [true, 1],
    ] as const) {
      const { port } = await origins.call("open", guarded ? { guarded: { requestsMax: perConnection } } : { plainRequestsMax: perConnection });
      const result = await runLastAnswers({ port, depth, connections: 20, perConnection });
      t.diagnostic(`${guarded ? "guarded" : "plain"}, depth ${depth}: ${JSON.stringify(result)}`);
      assert.equal(result.answered, 20 * perConnection);
      assert.equal(await origins.call("requests", port), result.answered, "each answered request was handled once, and no other was");
      await origins.call("close", port);
      if (guarded) assert.deepEqual([result.refused, result.lost, result.leftOpen], [0, 0, 0]);
      else assert.ok(result.refused > 0 && result.leftOpen > 0, "plain Node answers 503 and keeps the socket");
    }
  });
});

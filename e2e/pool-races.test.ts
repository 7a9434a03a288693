/**
 * Pools against servers that end kept connections at bad moments, side by side with what else sends HTTP from Node. Ours fail no idempotent
 * request and carry out no other one twice; that others do fail is printed, and asserted of one of them, since a race that can not be lost proves nothing.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { httpContenders } from "../bench/lib/http-pools/contenders.ts";
import { type HostileResult, hostileRaces, runHostileRace, startHostileOrigins } from "../bench/lib/http-pools/race.ts";

const seed = Number(process.env["HOLDFAST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const clients = 30;

describe("pools and servers that end connections", () => {
  const origins = startHostileOrigins();
  let lost = 0;

  for (const race of hostileRaces(clients, 4)) {
    it(`a server that ends connections ${race.name}`, async (t) => {
      const results = new Map<string, HostileResult>();
      await Promise.all(httpContenders.map(async (contender) => void results.set(contender.name, await runHostileRace(origins, contender, race, seed))));
      for (const [name, { sent, failed, twice, reuseRatio, faults }] of results) {
        t.diagnostic(
          `${name}: ${failed.GET} of ${sent.GET} GET and ${failed.POST} of ${sent.POST} POST failed, ${twice} POST carried out twice, reuse ${reuseRatio.toFixed(2)} ${JSON.stringify(faults)}`,
        );
      }
      const of = (name: string): HostileResult => results.get(name) ?? assert.fail(`${name} has run`);
      assert.equal(of("httpPool").failed.GET, 0, `seed ${seed}: no idempotent request fails`);
      for (const name of ["httpPool", "poolAgent"]) assert.equal(of(name).twice, 0, `seed ${seed}: ${name} carries out no POST twice`);
      if (race.hintSeconds !== null) {
        for (const name of ["httpPool", "poolAgent"]) assert.deepEqual(of(name).failed, { GET: 0, POST: 0 }, `seed ${seed}: ${name} gives up first`);
      }
      if (race.afterAnswers !== null) assert.ok(of("httpPool").reuseRatio > 0.3, "it does reuse");
      const { failed } = of("Node's Agent, keepAlive");
      lost += failed.GET + failed.POST;
    });
  }

  after(async () => {
    await origins.stop();
    assert.ok(lost > 0, "the races can be lost: Node's Agent lost none");
  });
});

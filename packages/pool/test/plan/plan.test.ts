/** Sizing on paper: the sums, the verdict, and that each fix makes it fit. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type PlanInput, plan } from "../../src/plan/index.ts";

const input: PlanInput = { replicas: 6, surge: 6, processes: 1, size: 10, others: 2, maxConnections: 100, reserved: 3, bouncer: null, load: null };
const bouncer = { bouncers: 1, pairs: 1, poolSize: 20, reservePoolSize: 0, maxClientConn: 100 };

describe("plan", () => {
  it("counts the surge, the others and what is reserved", () => {
    const { fits, rows, sizeMax, fixes } = plan(input);
    assert.equal(fits, false);
    assert.deepEqual([rows[0]?.used, rows[0]?.limit], [122, 97]);
    assert.equal(sizeMax, 7);
    assert.ok(fixes.includes("lower the size of each pool to 7"), `${fixes}`);
    assert.ok(fixes.includes("raise max_connections to 125"), `${fixes}`);
  });

  it("fits exactly at the limit and not beyond", () => {
    assert.equal(plan({ ...input, size: 7, others: 13 }).fits, true);
    assert.equal(plan({ ...input, size: 7, others: 14 }).fits, false);
  });

  it("says that no size fits when there are too many pools", () => {
    const { sizeMax, fixes } = plan({ ...input, processes: 16 });
    assert.equal(sizeMax, 0);
    assert.match(fixes[0] ?? "", /192 pools of one connection/);
  });

  it("counts the bouncers' connections at the database, and the pools' at the bouncers", () => {
    const { fits, rows, fixes } = plan({ ...input, bouncer });
    assert.deepEqual(
      rows.map(({ what, used, limit, fits: each }) => [what, used, limit, each]),
      [
        ["database", 22, 97, true],
        ["max_client_conn", 120, 100, false],
      ],
    );
    assert.equal(fits, false);
    assert.deepEqual(fixes, ["lower the size of each pool to 8", "raise max_client_conn to 120"]);
  });

  it("says by Little's law what a load needs", () => {
    const { needed, fits, fixes } = plan({ ...input, surge: 0, size: 3, load: { perSecond: 1_200, holdMs: 20 } });
    assert.equal(needed?.mean, 24);
    assert.equal(needed?.sizeAdvised, 10);
    assert.equal(fits, false);
    assert.ok(fixes.includes("raise the size of each pool to 10"));
  });

  it("gives fixes of which the first makes the count fit, and the second too", () => {
    const count = (least: number, most: number) => fc.integer({ min: least, max: most });
    const counts = fc.record({
      replicas: count(1, 50),
      surge: count(0, 50),
      processes: count(1, 8),
      size: count(1, 50),
      others: count(0, 10),
      maxConnections: count(20, 500),
    });
    fc.assert(
      fc.property(counts, (given) => {
        const whole = { ...input, ...given };
        const { fits, rows, sizeMax } = plan(whole);
        assert.equal(fits, (whole.replicas + whole.surge) * whole.processes * whole.size + whole.others <= whole.maxConnections - 3);
        if (sizeMax > 0) assert.equal(plan({ ...whole, size: sizeMax }).fits, true);
        assert.equal(plan({ ...whole, size: sizeMax + 1 }).fits, false);
        assert.equal(plan({ ...whole, maxConnections: (rows[0]?.used ?? 0) + 3 }).fits, true);
      }),
    );
  });
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { httpPool, PoolError } from "@holdfast/pool";
import { poolAgent } from "@holdfast/pool/agent";
import { postgresPool } from "@holdfast/pool/postgres";
import { divideOptions } from "../src/database/options.ts";

const onward = (...products: readonly string[]) => ({ hops: ["node", ...products].map((product, at) => ({ name: `${product}${at}`, product, values: {} })) });

it("relies on connections for as long as the path bears, whatever a server says", async () => {
  const pool = httpPool({ path: onward("aws-nat-gateway", "gcp-alb") });
  const { idleMs, keepMsMax } = pool.options;
  assert.ok(typeof idleMs === "number" && idleMs > 60_000 && idleMs < 350_000, `${idleMs}`);
  assert.equal(keepMsMax, idleMs);
  await pool.close();
  const agent = poolAgent({ path: onward("node") });
  assert.ok(typeof agent.options.idleMs === "number" && agent.options.idleMs < 5_000, `${agent.options.idleMs}`);
  agent.close();
});

it("keeps idle connections to a database for no longer than it would without a path", async () => {
  const pool = postgresPool({ path: onward("pgbouncer", "postgres"), connectionString: "postgres://127.0.0.1:1/none" });
  assert.equal(pool.options.idleTimeoutMillis, 0); // The pool ends idle connections itself.
  await pool.end();
});

it("takes as many connections as it would without a path, fewer where the path bears fewer", () => {
  const most = (replicas: number, given: object = {}): number | undefined => {
    const path = { hops: onward("postgres").hops.map((hop, at) => (at === 0 ? { ...hop, replicas } : hop)) };
    return divideOptions({ path, ...given }, {}).options.max;
  };
  assert.deepEqual(
    [1, 2, 5, 20].map((replicas) => most(replicas)),
    [10, 10, 10, 4],
  );
  assert.equal(most(2, { max: 40 }), 40);
  assert.throws(() => most(5, { max: 40 }), /`max`.*P2/);
  const wide = poolAgent({
    path: {
      hops: [
        { name: "app", product: "node", values: {}, replicas: 600 },
        { name: "api", product: "guard", values: {} },
      ],
    },
  });
  assert.ok(wide.options.max < 50, `${wide.options.max}`);
  wide.close();
});

it("refuses an idle time that races with the receiver's", () => {
  const refused = (thrown: unknown): boolean => thrown instanceof PoolError && thrown.code === "invalid_option" && /`idleMs`.*A1/.test(thrown.message);
  assert.throws(() => httpPool({ path: onward("node"), idleMs: 30_000 }), refused);
  assert.throws(() => httpPool({ hop: "x" }), /Expected `path` with `hop`/);
});

/**
 * Lending: the maximum, who is served, and what a wait ends with.
 */
import assert from "node:assert/strict";
import { codeOf, eventually, lend, type PoolSubject, poolCase, type SuiteLease } from "./subject.ts";

export function lendingCases(subject: PoolSubject): void {
  poolCase(subject, "never has more connections than its maximum, and serves everybody", { max: 3 }, async ({ pool, peak }) => {
    let answered = 0;
    const borrow = async (): Promise<void> => {
      const lease = await pool.acquire();
      if (await lease.works()) answered++;
      lease.release();
    };
    await Promise.all(Array.from({ length: 60 }, borrow));
    assert.equal(answered, 60);
    assert.ok(peak() <= 3, `${peak()} of 3`);
    assert.deepEqual([pool.stats().lent, pool.stats().waiting], [0, 0]);
  });

  poolCase(subject, "lends one connection again and again when one is enough", { max: 4 }, async ({ pool, peak }) => {
    const ids = new Set<unknown>();
    for (let i = 0; i < 10; i++) {
      const lease = await pool.acquire();
      ids.add(lease.id);
      assert.ok(await lease.works());
      lease.release();
    }
    assert.equal(ids.size, 1);
    assert.equal(peak(), 1);
  });

  poolCase(subject, "never lends one connection to two at once", { max: 4 }, async ({ pool }) => {
    const lent = new Set<unknown>();
    const borrow = async (): Promise<void> => {
      const lease = await pool.acquire();
      assert.ok(!lent.has(lease.id), "nobody else has it");
      lent.add(lease.id);
      await lease.works();
      lent.delete(lease.id);
      lease.release();
    };
    await Promise.all(Array.from({ length: 60 }, borrow));
  });
}

export function orderCases(subject: PoolSubject): void {
  poolCase(
    subject,
    "lends the connection that was used last",
    { max: 3 },
    async ({ pool }) => {
      const [a, b, c] = (await lend(pool, 3)) as [SuiteLease, SuiteLease, SuiteLease];
      for (const lease of [b, c, a]) lease.release();
      const again = await pool.acquire();
      assert.equal(again.id, a.id);
      again.release();
    },
    ["lifo"],
  );

  poolCase(
    subject,
    "serves waiting calls in the order in which they asked",
    { max: 1 },
    async ({ pool }) => {
      const [first] = await lend(pool, 1);
      const served: number[] = [];
      const calls = Array.from({ length: 20 }, async (_, number) => {
        const lease = await pool.acquire();
        served.push(number);
        await lease.works();
        lease.release();
      });
      first?.release();
      await Promise.all(calls);
      assert.deepEqual(
        served,
        Array.from({ length: 20 }, (_, number) => number),
      );
    },
    ["fifo"],
  );
}

export function waitingCases(subject: PoolSubject): void {
  poolCase(subject, "ends a wait in vain with `acquire_timeout`, and goes on", { max: 1, acquireTimeoutMs: 150 }, async ({ pool }) => {
    const [lease] = await lend(pool, 1);
    assert.equal(await codeOf(pool.acquire()), "acquire_timeout");
    assert.equal(pool.stats().waiting, 0);
    lease?.release();
    assert.equal(await codeOf(pool.acquire()), "");
  });

  poolCase(
    subject,
    "lets a caller take its wait back, and serves the next one instead",
    { max: 1 },
    async ({ pool }) => {
      const [lease] = await lend(pool, 1);
      const abort = new AbortController();
      const reason = new Error("changed my mind");
      const taken = pool.acquire({ signal: abort.signal }).catch((error: unknown) => error);
      const next = pool.acquire();
      abort.abort(reason);
      assert.equal(await taken, reason);
      lease?.release();
      (await next).release();
      assert.equal(await pool.acquire({ signal: AbortSignal.abort(reason) }).catch((error: unknown) => error), reason);
    },
    ["abort"],
  );

  poolCase(
    subject,
    "refuses a call beyond its queue with `queue_full`",
    { max: 1, queueMax: 2 },
    async ({ pool }) => {
      const [lease] = await lend(pool, 1);
      const waiting = [codeOf(pool.acquire()), codeOf(pool.acquire())];
      assert.equal(await codeOf(pool.acquire()), "queue_full");
      lease?.release();
      assert.deepEqual(await Promise.all(waiting), ["", ""]);
    },
    ["queue"],
  );

  poolCase(
    subject,
    "serves who waits when the maximum rises, and gives connections up when it falls",
    { max: 1 },
    async ({ pool, connections, peak }) => {
      const [lease] = await lend(pool, 1);
      const waiting = lend(pool, 2);
      pool.resize?.(3);
      const leases = [lease as SuiteLease, ...(await waiting)];
      assert.equal(peak(), 3);
      pool.resize?.(1);
      for (const each of leases) each.release();
      await eventually("the connections above the maximum end", () => connections() === 1);
      assert.equal(pool.stats().open, 1);
    },
    ["resize"],
  );
}

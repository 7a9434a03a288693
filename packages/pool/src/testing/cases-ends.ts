/**
 * Ends: connections that break, expire, are cut off, cannot be made; and the end of the pool itself.
 */
import assert from "node:assert/strict";
import { PoolError } from "../pool-error.ts";
import { codeOf, eventually, lend, type PoolSubject, poolCase, type SuiteLease, type SuiteSite } from "./subject.ts";

export function endCases(subject: PoolSubject): void {
  poolCase(subject, "never lends again what was given back as broken", { max: 1 }, async ({ pool, connections }) => {
    const [lease] = (await lend(pool, 1)) as [SuiteLease];
    const waiting = pool.acquire();
    lease.release(true);
    const next = await waiting;
    assert.notEqual(next.id, lease.id);
    assert.ok(await next.works());
    await eventually("the broken one ends", () => connections() === 1);
    next.release();
  });

  poolCase(
    subject,
    "never lends what the other side has ended while it was idle",
    { max: 2 },
    async ({ pool, cut }) => {
      for (const lease of await lend(pool, 2)) lease.release();
      await cut();
      await eventually("the pool has noticed", () => pool.stats().open === 0);
      for (const lease of await lend(pool, 2)) {
        assert.ok(await lease.works());
        lease.release();
      }
    },
    ["notices"],
  );

  poolCase(subject, "has room again for what was cut off while it was lent", { max: 1 }, async ({ pool, cut }) => {
    const [lease] = (await lend(pool, 1)) as [SuiteLease];
    await cut();
    assert.equal(await lease.works(), false);
    const waiting = pool.acquire();
    lease.release(true);
    const next = await waiting;
    assert.ok(await next.works());
    next.release();
  });

  poolCase(
    subject,
    "tells whoever asks that the other side is down, and works again when it is up",
    { max: 2, acquireTimeoutMs: 5_000 },
    async ({ pool, down }) => {
      await down(true);
      const codes = await Promise.all(Array.from({ length: 6 }, () => codeOf(pool.acquire())));
      for (const code of codes) assert.ok(["connect_failed", "acquire_timeout"].includes(code), code);
      assert.ok(codes.includes("connect_failed"), "at least one hears why");
      await down(false);
      const untilMs = performance.now() + 20_000;
      while ((await codeOf(pool.acquire())) !== "") assert.ok(performance.now() < untilMs, "it works again within 20 s");
    },
  );

  poolCase(subject, "ends: who waits and who comes later is told `closed`, and no connection is left", { max: 1 }, async ({ pool, connections }) => {
    const [lease] = await lend(pool, 1);
    const waiting = codeOf(pool.acquire());
    const closed = pool.close();
    assert.equal(await waiting, "closed");
    assert.equal(await codeOf(pool.acquire()), "closed");
    lease?.release();
    await closed;
    await eventually("all connections end", () => connections() === 0);
  });
}

export function expiryCases(subject: PoolSubject): void {
  poolCase(
    subject,
    "ends what was idle for too long",
    { max: 2, idleMs: 200 },
    async ({ pool, connections }) => {
      for (const lease of await lend(pool, 2)) lease.release();
      await eventually("they end", () => connections() === 0);
      assert.equal(pool.stats().open, 0);
    },
    ["idle"],
  );

  poolCase(
    subject,
    "lends another one in place of one that has grown too old",
    { max: 1, ageMs: 200 },
    async ({ pool }) => {
      const ids = new Set<unknown>();
      const untilMs = performance.now() + 20_000;
      while (ids.size < 2) {
        assert.ok(performance.now() < untilMs, "another one is lent within 20 s");
        const lease = await pool.acquire();
        ids.add(lease.id);
        await lease.works();
        lease.release();
      }
    },
    ["age"],
  );

  poolCase(
    subject,
    "lends a connection no more often than it may be",
    { max: 1, requestsMax: 3 },
    async ({ pool }) => {
      const uses = new Map<unknown, number>();
      for (let i = 0; i < 9; i++) {
        const lease = await pool.acquire();
        assert.ok(await lease.works());
        uses.set(lease.id, (uses.get(lease.id) ?? 0) + 1);
        lease.release();
      }
      assert.deepEqual([...uses.values()], [3, 3, 3]);
    },
    ["requests"],
  );
}

/** Everything at once: borrowers who break, hold and leave; a server that cuts. */
export function turmoilCases(subject: PoolSubject): void {
  poolCase(subject, "keeps its maximum and starves nobody while connections break and are cut", { max: 4, acquireTimeoutMs: 20_000 }, async (site) => {
    const { pool, peak } = site;
    let served = 0;
    const refusals: string[] = [];
    const borrow = async (number: number): Promise<void> => {
      const lease = await pool.acquire().catch((error: unknown) => void refusals.push(error instanceof PoolError ? error.code : String(error)));
      if (lease === undefined) return;
      served++;
      const works = await lease.works();
      if (number % 7 === 0) await new Promise((resolve) => setTimeout(resolve, number % 11));
      lease.release(!works || number % 13 === 0);
    };
    await Promise.all([...Array.from({ length: 200 }, (_, number) => borrow(number)), cuts(site)]);
    // An opening that is cut fails for whom it was made; nothing else may keep anybody from being served.
    assert.deepEqual(
      refusals.filter((code) => code !== "connect_failed"),
      [],
    );
    assert.ok(served >= 150, `${served} of 200 were served`);
    assert.ok(peak() <= 4, `${peak()} of 4`);
    assert.deepEqual([pool.stats().lent, pool.stats().waiting], [0, 0]);
  });
}

async function cuts({ cut }: SuiteSite): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    await cut();
  }
}

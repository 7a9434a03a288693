/** What Pool<T> says and decides, in a world whose time the test moves. That its books are right is shown by model.test.ts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Leak, type Lease, Pool, type PoolOptions } from "../../src/core/index.ts";
import type { PoolEnd } from "../../src/ends.ts";
import { PoolError } from "../../src/pool-error.ts";
import { settled, virtualEnv } from "../support/virtual-env.ts";

interface Opening {
  readonly opens: (value: string) => void;
  readonly fails: (error: Error) => void;
  readonly signal: AbortSignal;
}

/** A pool of names. Openings are settled by the test, unless there are names to give. */
function world(options: Partial<PoolOptions> = {}, check?: (value: string) => Promise<boolean>) {
  const env = virtualEnv();
  const openings: Opening[] = [];
  const closed: [string, PoolEnd][] = [];
  const leaks: Leak<string>[] = [];
  const names: string[] = [];
  const pool = new Pool<string>(
    {
      open: (signal) => {
        const name = names.shift();
        return name === undefined ? new Promise((opens, fails) => openings.push({ opens, fails, signal })) : Promise.resolve(name);
      },
      close: (value, end) => void closed.push([value, end]),
      ...(check === undefined ? {} : { check }),
    },
    options,
    env,
    { leaked: (leak) => leaks.push(leak) },
  );
  return { env, openings, closed, leaks, names, pool };
}

/** The code of a refusal, or the connection that was got. */
const told = (call: Promise<Lease<string>>): Promise<string> =>
  call.then(
    ({ value }) => value,
    (error: unknown) => (error instanceof PoolError ? error.code : String(error)),
  );

async function lend(pool: Pool<string>, count: number): Promise<Lease<string>[]> {
  return Promise.all(Array.from({ length: count }, () => pool.acquire()));
}

describe("Pool<T>", () => {
  it("serves who asks again from within a refusal later, and holds nobody up for one who throws", async () => {
    const { pool, openings } = world({ max: 1 });
    const heard: string[] = [];
    const uncaught: unknown[] = [];
    const asker = (name: string, then: () => void = () => {}) => ({
      lent: ({ value }: Lease<string>) => {
        heard.push(`${name} ${value}`);
        then();
      },
      refused: (error: unknown) => {
        heard.push(`${name} ${(error as PoolError).code}`);
        then();
      },
    });
    const again = (): void => void pool.ask(asker("again"));
    pool.ask(asker("first", again));
    pool.ask(asker("second"));
    openings[0]?.fails(new Error("no"));
    await settled();
    assert.deepEqual(heard, ["first connect_failed", "second connect_failed"]);
    assert.equal(pool.stats().waiting, 1);

    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException").on("uncaughtException", (error) => uncaught.push(error));
    try {
      pool.ask(
        asker("throws", () => {
          throw new Error("the caller's own");
        }),
      );
      pool.ask(asker("last"));
      await pool.close();
      await settled();
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const listener of listeners) process.on("uncaughtException", listener);
    }
    assert.deepEqual(heard.slice(2), ["again closed", "throws closed", "last closed"]);
    assert.match(String(uncaught), /the caller's own/);
  });

  it("hands one connection through a long queue without going deeper for each", async () => {
    const { pool, names } = world({ max: 1, queueMax: 20_000 });
    names.push("a");
    const [held] = (await lend(pool, 1)) as [Lease<string>];
    let deepest = 0;
    let depth = 0;
    let served = 0;
    const asker = {
      lent: (lease: Lease<string>) => {
        deepest = Math.max(deepest, ++depth);
        served++;
        lease.release();
        depth--;
      },
      refused: () => assert.fail("nobody is refused"),
    };
    for (let i = 0; i < 20_000; i++) pool.ask(asker);
    held.release();
    assert.deepEqual([served, deepest], [20_000, 1]);
    assert.deepEqual([pool.stats().idle, pool.stats().waiting], [1, 0]);
  });

  it("lends the one used last first", async () => {
    const { pool, names } = world();
    names.push("a", "b", "c");
    const [a, b, c] = (await lend(pool, 3)) as [Lease<string>, Lease<string>, Lease<string>];
    for (const lease of [b, c, a]) lease.release();
    assert.deepEqual(
      [pool.tryAcquire(), pool.tryAcquire(), pool.tryAcquire()].map((lease) => lease?.value),
      ["a", "c", "b"],
    );
    assert.equal(pool.tryAcquire(), null);
  });

  it("says in the error of a wait in vain who has the connections", async () => {
    const { pool, names, env } = world({ max: 2, acquireTimeoutMs: 300, leakMs: 60_000 });
    names.push("a", "b");
    await lend(pool, 2);
    await env.advance(1_000);
    const error = pool.acquire().catch((reason: Error) => reason);
    await env.advance(300);
    const { message } = (await error) as PoolError;
    assert.match(
      message,
      /^\[acquire_timeout\] No connection within 300 ms: 2 of 2 lent, for 1300 ms on average, the longest for 1300 ms \(at .*pool\.test\.ts/,
    );
  });

  it("reports a leak once, with where it was borrowed", async () => {
    const { pool, names, env, leaks } = world({ leakMs: 5_000 });
    names.push("a");
    await pool.acquire();
    await env.advance(4_999);
    assert.equal(leaks.length, 0);
    await env.advance(60_000);
    assert.equal(leaks.length, 1);
    assert.equal(leaks[0]?.value, "a");
    assert.match(leaks[0]?.stack ?? "", /pool\.test\.ts/);
    assert.equal(pool.stats().leaks, 1);
  });

  it("refuses a second release and says why", async () => {
    const { pool, names } = world();
    names.push("a");
    const lease = await pool.acquire();
    lease.release();
    assert.throws(() => lease.release(), { code: "released_twice" });
    assert.equal(pool.stats().idle, 1);
  });

  it("gives the failure of an opening to the youngest that it was made for, while others are under way", async () => {
    const { pool, openings } = world({ max: 2 });
    const calls = [told(pool.acquire()), told(pool.acquire()), told(pool.acquire())];
    openings[0]?.fails(new Error("refused"));
    await settled();
    openings[1]?.opens("b");
    assert.deepEqual(await Promise.all(calls.slice(0, 2)), ["b", "connect_failed"]);
    assert.equal(pool.stats().waiting, 1);
  });

  it("gives it to all who wait when nothing else is left, with its cause", async () => {
    const { pool, openings } = world({ max: 1 });
    const calls = [pool.acquire(), pool.acquire(), pool.acquire()].map((call) => call.catch((error: PoolError) => error));
    openings[0]?.fails(new Error("no such host"));
    for (const error of (await Promise.all(calls)) as PoolError[]) {
      assert.equal(error.code, "connect_failed");
      assert.equal((error.cause as Error).message, "no such host");
      assert.equal(error.outcome, "not_sent");
    }
  });

  it("tries one at a time after a failure, later each time", async () => {
    const { pool, openings, env } = world({ max: 10, acquireTimeoutMs: 60_000, backoffMsMax: 1_000 });
    const gaps: number[] = [];
    let lastMs = 0;
    for (let round = 0; round < 8; round++) {
      const calls = [pool.acquire(), pool.acquire()].map((call) => call.catch(() => {}));
      while (openings.length === 0) await env.advance(10);
      gaps.push(env.clock.monoMs() - lastMs);
      lastMs = env.clock.monoMs();
      assert.ok(round === 0 || openings.length === 1, "one is tried at a time");
      for (const { fails } of openings.splice(0)) fails(new Error("refused"));
      await Promise.all(calls);
    }
    assert.equal(gaps[0], 0);
    assert.ok((gaps[1] as number) >= 50 && (gaps[1] as number) <= 110, `${gaps}`);
    assert.ok((gaps[7] as number) >= 500 && (gaps[7] as number) <= 1_010, `${gaps}`);
  });

  it("gives up an opening after its time, and counts it until it has settled", async () => {
    const { pool, openings, env, closed } = world({ max: 1, connectTimeoutMs: 500, acquireTimeoutMs: 2_000 });
    const first = told(pool.acquire());
    await env.advance(500);
    assert.equal(await first, "connect_timeout");
    assert.equal(openings[0]?.signal.aborted, true);
    const second = told(pool.acquire());
    await env.advance(1_000);
    assert.equal(openings.length, 1, "its place is not free");
    openings[0]?.fails(new Error("aborted"));
    await env.advance(10);
    openings[1]?.opens("b");
    assert.equal(await second, "b");
    assert.deepEqual(closed, []);
  });

  it("asks what was silent, and when one does not answer all others at the same time", async () => {
    const asked: string[] = [];
    const { pool, names, env, closed } = world({ max: 4, checkAfterIdleMs: 1_000, checkTimeoutMs: 200, idleMs: "never" }, (value) => {
      asked.push(value);
      return value === "a" ? Promise.resolve(true) : new Promise(() => {});
    });
    names.push("a", "b", "c", "d");
    for (const lease of await lend(pool, 4)) lease.release();
    await env.advance(1_000);
    assert.equal(pool.tryAcquire(), null, "without a question none may be lent");
    const call = told(pool.acquire());
    await env.advance(200);
    assert.deepEqual(asked, ["d", "a", "b", "c"]);
    assert.equal(await call, "a");
    await env.advance(200);
    assert.deepEqual(closed.sort(), [
      ["b", "check_failed"],
      ["c", "check_failed"],
      ["d", "check_failed"],
    ]);
  });

  it("shrinks what is idle first and what is lent when it comes back", async () => {
    const { pool, names, closed } = world({ max: 3 });
    names.push("a", "b", "c");
    const [a, b, c] = (await lend(pool, 3)) as [Lease<string>, Lease<string>, Lease<string>];
    c.release();
    pool.resize(1);
    assert.deepEqual(closed, [["c", "shrunk"]]);
    a.release();
    b.release();
    assert.deepEqual(closed, [
      ["c", "shrunk"],
      ["a", "shrunk"],
    ]);
    assert.equal(pool.stats().idle, 1);
  });

  it("opens nothing at a maximum of 0, and serves who waits when it rises", async () => {
    const { pool, names } = world({ max: 0 });
    names.push("a");
    const call = told(pool.acquire());
    await settled();
    assert.equal(pool.stats().waiting, 1);
    pool.resize(1);
    assert.equal(await call, "a");
  });

  it("bounds the queue beyond what is being opened, and says so", async () => {
    const { pool, names } = world({ max: 1, queueMax: 1 });
    names.push("a");
    const [lease] = await lend(pool, 1);
    const waits = told(pool.acquire());
    assert.equal(await told(pool.acquire()), "queue_full");
    lease?.release();
    assert.equal(await waits, "a");
  });

  it("drains: who waits is served, who comes is refused, each ends as it comes free", async () => {
    const { pool, names, closed } = world({ max: 1 });
    names.push("a");
    const [lease] = await lend(pool, 1);
    const waits = pool.acquire();
    const drained = pool.drain();
    assert.equal(await told(pool.acquire()), "closed");
    assert.equal(pool.tryAcquire(), null);
    lease?.release();
    (await waits).release();
    await drained;
    assert.deepEqual(closed, [["a", "pool_closed"]]);
  });

  it("closes at once: who waits is told, what is lent ends under its borrower", async () => {
    const { pool, names, closed } = world({ max: 1 });
    names.push("a");
    const [lease] = await lend(pool, 1);
    const waits = told(pool.acquire());
    await pool.close();
    assert.equal(await waits, "closed");
    assert.deepEqual(closed, [["a", "pool_closed"]]);
    lease?.release();
    assert.equal(pool.stats().ends.pool_closed, 1);
  });

  it("goes on when a resource throws where it must not, and counts it", async () => {
    const env = virtualEnv();
    const pool = new Pool<object>(
      {
        open: () => Promise.resolve({}),
        close: () => {
          throw new Error("badly made");
        },
      },
      { max: 1 },
      env,
    );
    const lease = await pool.acquire();
    const waits = pool.acquire();
    lease.release("caller_broke_it");
    assert.equal((await waits).reused, false);
    assert.equal(pool.stats().faults, 1);
  });

  it("refuses options that it does not know or can not use", () => {
    for (const options of [{ max: -1 }, { idleMs: 0 }, { ageMs: 2 ** 31 }, { queueMax: 1.5 }, { jitterPercent: 91 }, { maximum: 3 }]) {
      assert.throws(() => world(options as Partial<PoolOptions>), { code: "invalid_option" }, JSON.stringify(options));
    }
  });
});

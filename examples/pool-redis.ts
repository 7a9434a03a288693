/**
 * A work queue over Redis: blocking reads each need a connection of their own, so the clients come from a pool. `npm run example pool-redis`
 * with a server at REDIS_URL (default redis://127.0.0.1:6379). docs/pool-redis.md explains it.
 */
import { Pool } from "@holdfast/pool/core";
import { createClient } from "redis";

type Client = ReturnType<typeof makeClient>;

// The pool makes another one in place of one that ends: a client that reconnected by itself would forget who it was lent to.
const makeClient = (url: string) => createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: false } });

export function redisPool(url: string, max: number): Pool<Client> {
  const pool: Pool<Client> = new Pool<Client>(
    {
      async open(signal) {
        const client = makeClient(url);
        client.on("error", () => {
          pool.lost(client, "server_closed");
          if (client.isOpen) client.destroy();
        });
        signal.addEventListener("abort", () => client.destroy(), { once: true });
        await client.connect();
        return client;
      },
      async close(client, end) {
        // A command may still block: only what came back in order is asked to finish first.
        if (end === "caller_broke_it" || end === "pool_closed") client.destroy();
        else await client.close();
      },
      check: async (client) => (await client.ping()) === "PONG",
    },
    { max, idleMs: 60_000, checkAfterIdleMs: 15_000 },
  );
  return pool;
}

/** One job from a list, or null after `seconds`. Nobody else can use the connection meanwhile. */
export async function nextJob(pool: Pool<Client>, list: string, seconds: number): Promise<string | null> {
  const lease = await pool.acquire();
  try {
    const popped = await lease.value.blPop(list, seconds);
    lease.release();
    return popped?.element ?? null;
  } catch (error) {
    lease.release("caller_broke_it");
    throw error;
  }
}

const pool = redisPool(process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379", 5);
const list = `holdfast:jobs:${process.pid}`;
const workers = Array.from({ length: 4 }, async () => {
  let done = 0;
  while ((await nextJob(pool, list, 1)) !== null) done++;
  return done;
});
const producer = await pool.acquire();
for (let i = 0; i < 20; i++) await producer.value.rPush(list, `job ${i}`);
producer.release();
const done = (await Promise.all(workers)).reduce((sum, each) => sum + each, 0);
const { opened, reused, acquired } = pool.stats();
console.log(`${done} jobs done over ${opened} connections, ${reused} of ${acquired} times a used one`);
await pool.close();

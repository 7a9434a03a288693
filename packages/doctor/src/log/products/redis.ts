/** Redis and its kin. */
import type { LogProduct } from "../event.ts";

export const redisLog: LogProduct = {
  id: "redis",
  name: "Redis",
  hint: /max number of clients|output buffer limits|Closing idle client/,
  phrases: [
    { code: "log_redis_full", pattern: /max number of clients reached/ },
    { code: "log_redis_slow_reader", pattern: /overcoming of output buffer limits/ },
    { code: "log_database_idle_end", pattern: /Closing idle client/ },
  ],
};

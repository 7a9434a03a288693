/**
 * The generic pool, for what is neither HTTP nor a database: names only.
 */
export { nodePoolEnv } from "../adapters/env.ts";
export type { Never } from "../option-docs.ts";
export type { PoolEnv } from "../pool-env.ts";
export type { Asker, Waiting } from "./asker.ts";
export { type Load, waitBoundsMs } from "./load.ts";
export { type PoolOptions, poolOptionDocs, resolvePoolOptions } from "./options.ts";
export { type Ask, Pool } from "./pool.ts";
export type { EndedConnection, Leak, Lease, PoolEvents, Resource } from "./resource.ts";
export type { PoolCounters, PoolStats } from "./stats.ts";

/**
 * PostgreSQL: names only.
 */
export { postgresBudget } from "../budget/adapters/postgres-store.ts";
export type { BudgetSurroundings } from "../budget/adapters/surroundings.ts";
export type { PoolBudget } from "../database/budget.ts";
export type { DatabaseStats } from "../database/database-pool.ts";
export { type PoolMetric, type PoolMetricDoc, poolMetricDocs } from "../database/metric-docs.ts";
export { type MetricRegistry, poolMetrics } from "../database/metrics.ts";
export { type DatabasePoolOptions, databaseOptionDocs } from "../database/options.ts";
export { outcomeOf, type StatementOutcome } from "../database/outcome.ts";
export type { Through } from "./adapters/client-class.ts";
export { PostgresPool, type PostgresPoolOptions, postgresPool, type TransactionOptions } from "./adapters/postgres-pool.ts";
export { type PoolerRow, poolerRows, refusedThroughPooler } from "./pooler.ts";

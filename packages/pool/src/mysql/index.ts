/**
 * MySQL and MariaDB: names only.
 */
export { mysqlBudget } from "../budget/adapters/mysql-store.ts";
export type { BudgetSurroundings } from "../budget/adapters/surroundings.ts";
export type { PoolBudget } from "../database/budget.ts";
export type { DatabaseStats } from "../database/database-pool.ts";
export { type PoolMetric, type PoolMetricDoc, poolMetricDocs } from "../database/metric-docs.ts";
export { type MetricRegistry, poolMetrics } from "../database/metrics.ts";
export { type DatabasePoolOptions, databaseOptionDocs } from "../database/options.ts";
export { outcomeOf, type StatementOutcome } from "../database/outcome.ts";
export { MysqlPool, type MysqlPoolOptions, type MysqlTransactionOptions, mysqlPool } from "./adapters/mysql-pool.ts";

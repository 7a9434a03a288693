/**
 * One budget of database connections for all replicas: names only. The memberships for `pg` and `mysql2` come with those drivers' entries.
 */
export { databaseKind, type LedgerReader, openLedgers } from "./adapters/ledger-reader.ts";
export { Budget, type BudgetHooks, type BudgetStats } from "./budget.ts";
export { type LeaseRow, type Ledger, parseLedger, replicasMax } from "./ledger.ts";
export { ledgerTable, tableStatements } from "./ledger-table.ts";
export { type BudgetNotice, type BudgetNoticeCode, type BudgetNoticeRow, budgetNotices } from "./notices.ts";
export { type BudgetOptions, budgetOptionDocs, resolveBudgetOptions } from "./options.ts";
export type { Budgeted, Pressure, Query, Resizable, Result } from "./seam.ts";
export { DoorRefused, type Found, type LeaseSession, type LeaseStore, type Look, type OpenDoor } from "./store.ts";
export { type BudgetView, budgetView, type ShareState, type ShareView } from "./view.ts";

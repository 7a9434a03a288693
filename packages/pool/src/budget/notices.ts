/**
 * What a budget tells whoever runs the service: one table, because logs, metrics and the docs must say the same word.
 */

export interface BudgetNoticeRow {
  readonly meaning: string;
  readonly remedy: string;
}

const row = (meaning: string, remedy: string): BudgetNoticeRow => ({ meaning, remedy });

/** In alphabetical order. */
export const budgetNotices = {
  ask_failed: row("The ledger could not be read or written; it is tried again until the lease is over", "Look at the database and the path to it"),
  door_refused: row("The server had no connection for a newcomer: more is used than was declared", "Raise `reserve` or `surgeMax`, or find who uses more"),
  ended: row(
    "Connections of a replica whose lease had run out were ended on the server",
    "Look at that replica: it was stopped, or could not reach the database",
  ),
  end_failed: row(
    "Connections of a replica whose lease had run out could not be ended; they stay counted",
    "Give all replicas the same user of the database, or end them by hand",
  ),
  full: row("The ledger has no line left for one more replica", "Run fewer, or give groups of them budgets of their own"),
  held: row("The replica has a share", "Nothing"),
  lapsed: row(
    "The lease could not be renewed in time: the pool opens nothing, and closes what it has, until there is a new one",
    "Look at the database, the path to it, and whether the process stood still",
  ),
  strangers: row("Others use more than `reserve`: the budget gives way to them", "Raise `reserve`, or find who they are"),
  unusable: row("The budget can not be kept as it is declared: the message says why", "Do what the message says; it is tried again meanwhile"),
  waiting: row(
    "There is no connection left for a newcomer: it waits until others have given way",
    "Nothing, if it is short; more replicas than connections can not all have one",
  ),
} as const satisfies Readonly<Record<string, BudgetNoticeRow>>;

export type BudgetNoticeCode = keyof typeof budgetNotices;

export interface BudgetNotice {
  readonly code: BudgetNoticeCode;
  readonly message: string;
  readonly cause?: unknown;
}

/**
 * A budget as people look at it: what stands in its ledger, at a moment of the database's clock, in words. Pure.
 */
import type { LeaseRow, Ledger } from "./ledger.ts";

export type ShareState = "holding" | "giving way" | "waiting" | "lapsed" | "leaving";

export interface ShareView {
  readonly budget: string;
  readonly replica: string;
  readonly label: string;
  readonly state: ShareState;
  /** Connections that it may have open, and what it is on the way to. */
  readonly granted: number;
  readonly ceiling: number;
  /** What a fair split gave it when it last asked. */
  readonly target: number;
  readonly max: number;
  readonly used: number;
  readonly waiting: number;
  readonly waitP95Ms: number;
  readonly ageMs: number;
  /** Since it last renewed. */
  readonly renewedMs: number;
  /** Until its lease ends; below 0 it has. */
  readonly leftMs: number;
  readonly lapses: number;
  readonly refused: number;
}

export interface BudgetView {
  readonly budget: string;
  readonly shares: number;
  readonly granted: number;
  readonly door: number;
  readonly reserve: number;
  readonly strangers: number | null;
  readonly replicas: readonly ShareView[];
  readonly warnings: readonly string[];
}

function stateOf({ leaving, expiresMs, granted, ceiling }: LeaseRow, nowMs: number): ShareState {
  if (leaving) return "leaving";
  if (expiresMs < nowMs) return "lapsed";
  if (granted === 0) return "waiting";
  return ceiling < granted ? "giving way" : "holding";
}

/** What `strangers` is now may be newer than what was written. */
export function budgetView(budget: string, ledger: Ledger, nowMs: number, strangers: number | null = ledger.strangers): BudgetView {
  const { shares, door, reserve } = ledger;
  const replicas = ledger.rows.map((row): ShareView => {
    const { id, label, granted, ceiling, target, max, used, waiting, waitP95Ms, lapses, refused } = row;
    const times = { ageMs: Math.max(0, nowMs - row.joinedMs), renewedMs: Math.max(0, nowMs - row.renewedMs), leftMs: row.expiresMs - nowMs };
    return { budget, replica: id, label, state: stateOf(row, nowMs), granted, ceiling, target, max, used, waiting, waitP95Ms, ...times, lapses, refused };
  });
  const granted = sum(replicas, (each) => each.granted);
  const view = { budget, shares, granted, door, reserve, strangers, replicas };
  return { ...view, warnings: warningsOf(view) };
}

function warningsOf({ shares, granted, reserve, strangers, replicas }: Omit<BudgetView, "warnings">): string[] {
  const warnings: string[] = [];
  const named = (state: ShareState): readonly ShareView[] => replicas.filter((each) => each.state === state);
  const lapsed = named("lapsed");
  const all = lapsed.length > 0 && lapsed.length === replicas.filter(({ state }) => state !== "leaving").length;
  if (all) warnings.push("no lease holds: every replica is gone, or none of them reaches the database");
  else if (lapsed.length > 0) {
    warnings.push(
      `lapsed: ${lapsed.map(({ replica }) => replica).join(", ")}; ${sum(lapsed, (each) => each.granted)} connections are kept until theirs are gone`,
    );
  }
  const newcomers = named("waiting");
  if (newcomers.length > 0) {
    const why = replicas.length > shares ? `there are ${replicas.length} replicas for ${shares} connections` : "others have to give way first";
    warnings.push(`${newcomers.length} replicas have no connection yet: ${why}`);
  }
  const calls = sum(replicas, (each) => each.waiting);
  if (calls > 0 && granted >= 0.9 * shares) {
    const slowest = Math.max(...replicas.map(({ waitP95Ms }) => waitP95Ms));
    warnings.push(`more is asked for than there is: ${calls} calls wait (p95 up to ${slowest} ms) and ${granted} of ${shares} connections are leased`);
  }
  if (strangers !== null && strangers > reserve) warnings.push(`others have ${strangers} connections, and reserve is ${reserve}: the budget gives way to them`);
  const refused = sum(replicas, (each) => each.refused);
  if (refused > 0) warnings.push(`the server refused ${refused} connections at the door: more is used than was declared (reserve, surgeMax)`);
  return warnings;
}

const sum = (rows: readonly ShareView[], of: (row: ShareView) => number): number => rows.reduce((total, row) => total + of(row), 0);

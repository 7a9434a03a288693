/**
 * One entry into the ledger, pure: what a replica may have from now on, given what stands there and what the server shows. Whatever
 * happens, the sum of what everybody may have open stays within the shares: who grows takes only what nobody has, and who gives way is
 * counted with what it had until it says that it has closed it.
 */
import { type LeaseRow, type Ledger, replicasMax } from "./ledger.ts";
import { split } from "./split.ts";
import type { Found } from "./store.ts";
import { leaseTimes } from "./times.ts";

/** Who asks. */
export interface Asking {
  readonly id: string;
  readonly label: string;
  readonly ttlMs: number;
  readonly max: number;
  readonly held: number;
  readonly demand: number;
  readonly used: number;
  readonly waiting: number;
  readonly waitP95Ms: number;
  readonly lapses: number;
  readonly refused: number;
  readonly leaving: boolean;
}

/** What the database shows at that moment. */
export interface Sight {
  readonly nowMs: number;
  readonly shares: number;
  readonly door: number;
  readonly strangers: number | null;
  readonly reserve: number;
  readonly seen: ReadonlyMap<string, number>;
  /** The connections of those whose lease has run out; null where they can not be listed. */
  readonly found: readonly Found[] | null;
}

export interface Settled {
  readonly nowMs: number;
  /** Others as they stand from now on, and what may be leased. Who asks is added by `signed`. */
  readonly others: Ledger;
  readonly joinedMs: number;
  readonly target: number;
  /** Opened beyond it is nothing. When it is lower than before, it holds before it is written. */
  readonly ceiling: number;
  /** What the server counts of who asks: it may not be written down lower. */
  readonly seen: number;
  /** To be ended, once this is written. */
  readonly end: readonly Found[];
}

export const emptyLedger: Ledger = { writtenMs: 0, openedMs: 0, shares: 0, door: 0, strangers: null, reserve: 0, rows: [] };

/** When the lease of a row ran out; null while it holds. A silence of all counts for nobody: it begins anew when it ends. */
function ranOut({ expiresMs, leaving }: LeaseRow, openedMs: number, nowMs: number): number | null {
  // A clock that was set back must not make a lease longer than it can be: `clamped` has seen to that.
  if (expiresMs >= nowMs) return null;
  return leaving ? expiresMs : Math.max(expiresMs, openedMs);
}

const clamped = (row: LeaseRow, nowMs: number): LeaseRow => (row.expiresMs > nowMs + row.ttlMs ? { ...row, expiresMs: nowMs + row.ttlMs } : row);

function opened(ledger: Ledger, nowMs: number, ttlMs: number): number {
  // Somebody writes every third of a lease. A clock that leaps by less than two ends no lease.
  const isSilence = nowMs - ledger.writtenMs > (2 * ttlMs) / 3 || nowMs < ledger.writtenMs - ttlMs;
  return isSilence ? nowMs : Math.min(ledger.openedMs, nowMs);
}

/** Whose connections must be looked for before this can be settled. */
export function lapsedIn(ledger: Ledger, nowMs: number, self: string): string[] {
  return ledger.rows.filter((row) => row.id !== self && clamped(row, nowMs).expiresMs < nowMs).map(({ id }) => id);
}

/** A row whose lease has run out, as it stands from now on; null: nothing is left of it. */
function afterEnd(row: LeaseRow, sinceMs: number, nowMs: number, found: readonly Found[]): LeaseRow | null {
  const { graceMs, returnMs } = leaseTimes(row.ttlMs);
  if (row.granted === 0 && found.length === 0) return null;
  if (nowMs < sinceMs + graceMs) return row;
  const seat = row.leaving || nowMs >= sinceMs + returnMs ? 0 : Math.min(1, row.granted);
  const granted = Math.max(seat, found.length);
  return granted === 0 ? null : { ...row, granted, ceiling: Math.min(row.ceiling, seat), target: seat };
}

/** What of a lapsed replica's connections is ended: the idle ones at once, those in the middle of a statement later. */
function toEnd(row: LeaseRow, sinceMs: number, nowMs: number, found: readonly Found[]): readonly Found[] {
  if (nowMs < sinceMs) return [];
  return nowMs < sinceMs + leaseTimes(row.ttlMs).busyMs ? found.filter(({ busy }) => !busy) : found;
}

/** Whether there is no line left for one more. */
export const isFull = (ledger: Ledger, self: string): boolean => ledger.rows.length >= replicasMax && !ledger.rows.some(({ id }) => id === self);

/** Settles what `asking` may have. `ledger` is what stands there now. */
export function settle(ledger: Ledger, sight: Sight, asking: Asking): Settled {
  const { nowMs, shares } = sight;
  const openedMs = opened(ledger, nowMs, asking.ttlMs);
  const own = ledger.rows.find(({ id }) => id === asking.id) ?? null;
  const live: LeaseRow[] = [];
  const lapsed: LeaseRow[] = [];
  const end: Found[] = [];
  for (const each of ledger.rows) {
    if (each.id === asking.id) continue;
    const row = clamped(each, nowMs);
    const sinceMs = ranOut(row, openedMs, nowMs);
    if (sinceMs === null) {
      (row.leaving ? lapsed : live).push(row);
      continue;
    }
    const found = (sight.found ?? []).filter(({ replica }) => replica === row.id);
    // It may be the clock that leapt: who is still connected then believes in its lease, and has one more to say so.
    const fromMs = found.length > 0 && sinceMs > row.expiresMs ? sinceMs + row.ttlMs : sinceMs;
    end.push(...toEnd(row, fromMs, nowMs, found));
    const after = afterEnd(row, fromMs, nowMs, found);
    if (after !== null) lapsed.push(after);
  }
  const seenOf = (id: string): number => sight.seen.get(id) ?? 0;
  const claim = (row: LeaseRow): number => Math.max(row.granted, seenOf(row.id));
  const base = Math.max(own?.granted ?? 0, asking.held, seenOf(asking.id));
  const joinedMs = own?.joinedMs ?? nowMs;
  const others: Ledger = { ...sightOf(sight), writtenMs: nowMs, openedMs, rows: [...live, ...lapsed] };
  const settled = { nowMs, others, joinedMs, seen: seenOf(asking.id), end };
  if (asking.leaving) return { ...settled, target: 0, ceiling: Math.min(1, base) };
  // Whoever has connections and no line was forgotten, or its line was lost: what it has is not there to be leased.
  const lines = new Set([asking.id, ...ledger.rows.map(({ id }) => id)]);
  const unlisted = total([...sight.seen].filter(([id]) => !lines.has(id)).map(([, connections]) => connections));
  const fixed = total(lapsed.map(claim)) + unlisted;
  const me = { id: asking.id, demand: asking.demand, max: asking.max, granted: base, joinedMs };
  const targets = split(shares - fixed, [...live, me]);
  const target = targets.get(asking.id) ?? 0;
  const free = shares - fixed - total(live.map(claim)) - base;
  const short = total(live.map((row) => lackOf(targets.get(row.id) ?? 0, claim(row))));
  const isEmpty = base === 0;
  // Who has nothing goes before who wants more, and among them who came first.
  const before = live.filter((row) => row.granted === 0 && (!isEmpty || row.joinedMs < joinedMs || (row.joinedMs === joinedMs && row.id < asking.id)));
  const open = Math.max(0, free - before.length);
  // A newcomer begins with one: whoever else starts at the same moment finds room, and the rest follows with its first renewal.
  const growth = Math.min(Math.max(0, target - base), open, isEmpty ? 1 : Number.POSITIVE_INFINITY);
  // What nobody lacks is not given up.
  const giving = Math.min(Math.max(0, base - target), Math.max(0, short - Math.max(0, free), -free));
  return { ...settled, target, ceiling: base + growth - giving };
}

/** How many it lacks. Less than an eighth is no lack: shares must not move with every breath of the load. */
const lackOf = (target: number, claim: number): number => (target - claim > claim / 8 ? target - claim : 0);

const sightOf = ({ shares, door, strangers, reserve }: Sight) => ({ shares, door, strangers, reserve });
const total = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);

/** The ledger with the entry of who asked. `held` is asked for after the pool was told its ceiling. */
export function signed({ nowMs, others, joinedMs, target, ceiling, seen }: Settled, asking: Asking, held: number): Ledger {
  const { held: _, ...asked } = asking;
  const granted = Math.max(ceiling, held, seen);
  // A farewell holds for a second: by then its connection is gone, or will be seen.
  const expiresMs = nowMs + (asking.leaving ? Math.min(1_000, asking.ttlMs) : asking.ttlMs);
  const row: LeaseRow = { ...asked, joinedMs, renewedMs: nowMs, expiresMs, granted, ceiling, target };
  // Nothing is written down of who never had anything and leaves.
  const rows = asking.leaving && granted === 0 ? others.rows : [...others.rows, row];
  return { ...others, rows: [...rows].sort((a, b) => a.joinedMs - b.joinedMs || (a.id < b.id ? -1 : 1)) };
}

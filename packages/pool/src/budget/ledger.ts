/**
 * The ledger of a budget: who has leased how much until when, as it stands in the database. All times are the database's clock. It is one
 * document in one row, because one conditional statement can then change it and nothing ever waits for whoever holds a lock.
 */

export interface LeaseRow {
  readonly id: string;
  /** What the application calls itself; its release, most often. */
  readonly label: string;
  readonly joinedMs: number;
  readonly renewedMs: number;
  readonly expiresMs: number;
  readonly ttlMs: number;
  /** It may have so many connections open. Lowered by itself when it has closed them, by others when the lease has expired and they are gone. */
  readonly granted: number;
  /** It opens none beyond so many: less than `granted` while it gives way. */
  readonly ceiling: number;
  /** What a fair split gave it when it last asked. */
  readonly target: number;
  /** Its pool's own maximum. */
  readonly max: number;
  readonly demand: number;
  readonly used: number;
  readonly waiting: number;
  readonly waitP95Ms: number;
  /** How often its lease ran out while it lived. */
  readonly lapses: number;
  /** How often the server had no connection for it at the door. */
  readonly refused: number;
  readonly leaving: boolean;
}

export interface Ledger {
  readonly writtenMs: number;
  /** The first write after a time in which nobody wrote: an outage, a clock that jumped, a beginning. */
  readonly openedMs: number;
  /** What may be leased in all, and what stands beside it for those who have nothing yet. */
  readonly shares: number;
  readonly door: number;
  /** Connections of everybody else when it was written; null where the server does not tell. */
  readonly strangers: number | null;
  readonly reserve: number;
  readonly rows: readonly LeaseRow[];
}

/** Rows of a ledger at most: one document holds them all. */
export const replicasMax = 1_000;

const numbers = [
  ...["joinedMs", "renewedMs", "expiresMs", "ttlMs", "granted", "ceiling", "target", "max"],
  ...["demand", "used", "waiting", "waitP95Ms", "lapses", "refused"],
] as const;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isCount = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value >= 0;

function isRow(value: unknown): value is LeaseRow {
  return (
    isObject(value) &&
    typeof value["id"] === "string" &&
    typeof value["label"] === "string" &&
    typeof value["leaving"] === "boolean" &&
    numbers.every((name) => isCount(value[name]))
  );
}

/** The ledger in a text, or null when it is none: somebody else wrote there, or a release that this one does not know. */
export function parseLedger(text: string): Ledger | null {
  let ledger: unknown;
  try {
    ledger = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(ledger) || !Array.isArray(ledger["rows"]) || !ledger["rows"].every(isRow)) return null;
  if (!["writtenMs", "openedMs", "shares", "door", "reserve"].every((name) => isCount(ledger[name]))) return null;
  if (ledger["strangers"] !== null && !isCount(ledger["strangers"])) return null;
  return ledger as unknown as Ledger;
}

export const ledgerText = (ledger: Ledger): string => JSON.stringify(ledger);

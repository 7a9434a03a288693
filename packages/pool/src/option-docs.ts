/**
 * Options as data: a table of them fills what was not given, checks what was, and is what docs show. It knows no option by name. Whatever is
 * wrong is a PoolError `invalid_option` that names the option, what was expected and what came.
 */
import { PoolError } from "./pool-error.ts";

/** "never" switches a limit off; 0 never means that. */
export type Never = "never";

/** One option: what it is, in which unit, and what it is when nobody says. */
export interface OptionDoc {
  readonly default: unknown;
  readonly unit: string;
  /** Whether the word "never" switches it off. */
  readonly never?: true;
  /** The smallest value that makes sense. Default: 1, or 0 where that is the default. */
  readonly least?: number;
  /** The largest one. Default: what a timer can keep for ms, and any whole number for everything else. */
  readonly most?: number;
  readonly what: string;
}

/** The largest delay that timers keep: above it Node fires at once. */
const msMax = 2 ** 31 - 1;

/** What is wrong with an option. */
export const optionFault = (name: string, expected: string, got: unknown): PoolError =>
  new PoolError("invalid_option", `Expected \`${name}\` to be ${expected}, got ${JSON.stringify(got)}`);

/** Refuses names that are in no table: a misspelt limit must not be no limit. `of` says whose options they are. */
export function refuseUnknown(given: object, docs: Readonly<Record<string, OptionDoc>>, of: string): void {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(docs, name)) throw new PoolError("invalid_option", `Expected a known option of ${of}, got \`${name}\``);
  }
}

/**
 * Fills and checks the quantities of `docs` (those whose default is a number or "never"), frozen. Whoever has options of other kinds checks
 * them beside this.
 */
export function resolveQuantities<D extends Readonly<Record<string, OptionDoc>>>(
  docs: D,
  given: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const filled: Record<string, unknown> = {};
  for (const [name, doc] of Object.entries(docs)) {
    if (typeof doc.default !== "number" && doc.default !== "never") continue;
    filled[name] = checkedQuantity(name, given[name] ?? doc.default, doc);
  }
  return Object.freeze(filled);
}

/** The value, if it is one that the option may have. */
export function checkedQuantity(name: string, value: unknown, doc: OptionDoc): unknown {
  if (value === "never" && doc.never === true) return value;
  const { least = doc.default === 0 ? 0 : 1, most = doc.unit === "ms" ? msMax : Number.MAX_SAFE_INTEGER } = doc;
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value;
  const range = doc.most === undefined ? `at least ${least}` : `from ${least} to ${most}`;
  throw optionFault(name, `a whole number of ${doc.unit}, ${range}${doc.never === true ? ', or "never"' : ""}`, value);
}

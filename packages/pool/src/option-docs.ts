/**
 * Options as data: a table of them fills what was not given, checks what was, and is what docs show. It knows no option by name.
 */

/** "never" switches a limit off; 0 never means that. */
export type Never = "never";

/** One option: what it is, in which unit, and what it is when nobody says. */
export interface OptionDoc {
  readonly default: unknown;
  readonly unit: string;
  /** Whether the word "never" switches it off. */
  readonly never?: true;
  readonly what: string;
}

/**
 * Fills and checks the quantities of `docs` (those whose default is a number or "never"), frozen. Throws a TypeError that names the option
 * and what was expected. Whoever has options of other kinds checks them beside this.
 */
export function resolveQuantities<D extends Readonly<Record<string, OptionDoc>>>(
  docs: D,
  given: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const filled: Record<string, unknown> = {};
  for (const [name, doc] of Object.entries(docs)) {
    if (typeof doc.default !== "number" && doc.default !== "never") continue;
    filled[name] = checked(name, given[name] ?? doc.default, doc);
  }
  return Object.freeze(filled);
}

function checked(name: string, value: unknown, doc: OptionDoc): unknown {
  if (value === "never" && doc.never === true) return value;
  const least = doc.default === 0 ? 0 : 1;
  if (Number.isSafeInteger(value) && (value as number) >= least) return value;
  const or = doc.never === true ? ' or "never"' : "";
  throw new TypeError(`Expected \`${name}\` to be a whole number of ${doc.unit}, at least ${least}${or}, got ${JSON.stringify(value)}`);
}

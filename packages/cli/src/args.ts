/**
 * Reads a command line against a command's declaration. Pure: words in, flags and operands out, or what is wrong with them.
 * It must never guess: an unknown flag, a missing value or a flag given twice is an error that names it.
 */
import { parseArgs } from "node:util";

/** One flag. A flag with `value` takes one (`--url URL`), one without is on or off. */
export interface FlagSpec {
  /** The placeholder of its value in the help; absent for switches. */
  readonly value?: string;
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: boolean;
  /** A switch that has `--no-NAME` too. */
  readonly negatable?: boolean;
  readonly what: string;
}

/** A command as its help shows it. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** The operands as written in the usage line. */
  readonly operands: string;
  readonly operandsMin: number;
  /** Infinity when there may be any number. */
  readonly operandsMax: number;
  readonly flags: Readonly<Record<string, FlagSpec>>;
  /** Paragraphs for the help, after the flags. */
  readonly notes: readonly string[];
  readonly examples: readonly string[];
}

/** What was given, by the flags' names. */
export interface Given {
  readonly flags: ReadonlyMap<string, string | boolean | readonly string[]>;
  readonly operands: readonly string[];
}

/** A usable value, or one sentence on what is wrong with the command line. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

export const good = <T>(value: T): Checked<T> => ({ ok: true, value });
export const bad = (message: string): { readonly ok: false; readonly message: string } => ({ ok: false, message });

const helpFlag: FlagSpec = { short: "h", what: "Show this help" };

/** The flags of a command together with those that every command has. */
export function allFlags(spec: CommandSpec): Readonly<Record<string, FlagSpec>> {
  return { ...spec.flags, help: helpFlag };
}

/** Reads the words after the command's name. `--` ends the flags. */
export function readArgs(spec: CommandSpec, words: readonly string[]): Checked<Given> {
  const declared = allFlags(spec);
  // Only the tokens are used: the parser's own errors cannot be told apart without matching their texts.
  const { tokens } = parseArgs({
    args: [...words],
    options: parserOptions(declared),
    strict: false,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
  });
  const flags = new Map<string, string | boolean | string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const fault = addFlag(flags, declared, token);
    if (fault !== null) return bad(fault);
  }
  if (flags.get("help") === true) return good({ flags, operands });
  if (operands.length < spec.operandsMin) return bad(`expected ${spec.operands}`);
  if (operands.length > spec.operandsMax) {
    return bad(
      spec.operandsMax === 0 ? `expected no operands, got ${quote(operands[0])}` : `expected ${spec.operands}, got also ${quote(operands[spec.operandsMax])}`,
    );
  }
  return good({ flags, operands });
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function parserOptions(declared: Readonly<Record<string, FlagSpec>>): Record<string, { type: "string" | "boolean"; short?: string }> {
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {};
  for (const [name, flag] of Object.entries(declared)) {
    options[name] = { type: flag.value === undefined ? "boolean" : "string", ...(flag.short === undefined ? {} : { short: flag.short }) };
  }
  return options;
}

/** Adds one flag, or says why it is refused. */
function addFlag(flags: Map<string, string | boolean | string[]>, declared: Readonly<Record<string, FlagSpec>>, token: OptionToken): string | null {
  const { rawName, value } = token;
  const negated = rawName.startsWith("--no-") && !Object.hasOwn(declared, rawName.slice(2));
  const name = negated ? rawName.slice("--no-".length) : token.name;
  const flag = Object.hasOwn(declared, name) ? declared[name] : undefined;
  if (flag === undefined || (negated && flag.negatable !== true)) return `unknown flag ${quote(rawName)}${suggestion(rawName, declared)}`;
  const before = flags.get(name);
  if (before !== undefined && flag.multiple !== true) return `${rawName} is given twice`;
  if (flag.value === undefined) {
    if (value !== undefined) return `${rawName} takes no value, got ${quote(value)}`;
    flags.set(name, !negated);
    return null;
  }
  if (value === undefined) return `${rawName} needs a value: ${rawName} ${flag.value}`;
  if (token.inlineValue !== true && value.startsWith("-") && value.length > 1) {
    return `${rawName} needs a value, got the flag ${quote(value)}; write ${rawName}=${value} when that is the value`;
  }
  flags.set(name, flag.multiple === true ? [...((before as string[] | undefined) ?? []), value] : value);
  return null;
}

const quote = (text: string | undefined): string => JSON.stringify(text ?? "");

/** The declared flag that is at most two letters away. */
function suggestion(rawName: string, declared: Readonly<Record<string, FlagSpec>>): string {
  const wanted = rawName.replace(/^-+/, "");
  const near = Object.keys(declared)
    .map((name) => ({ name, distance: editDistance(wanted, name) }))
    .filter(({ name, distance }) => distance <= 2 && distance < name.length)
    .sort((a, b) => a.distance - b.distance)[0];
  return near === undefined ? "" : `; did you mean --${near.name}?`;
}

/** How many letters must be put in, taken out or changed. Bounded by the lengths of flags: words above 64 letters are never near. */
export function editDistance(a: string, b: string): number {
  if (Math.max(a.length, b.length) > 64) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** The text of a flag with a value, or undefined. */
export function textFlag(given: Given, name: string): string | undefined {
  const value = given.flags.get(name);
  return typeof value === "string" ? value : undefined;
}

/** Whether a switch is on. */
export function isOn(given: Given, name: string): boolean {
  return given.flags.get(name) === true;
}

/** A whole number within bounds, or `fallback` when the flag is absent. */
export function countFlag<F>(given: Given, name: string, least: number, most: number, fallback: F): Checked<number | F> {
  const text = textFlag(given, name);
  if (text === undefined) return good(fallback);
  const value = wholeNumber(text);
  if (value === null || value < least || value > most) return bad(`expected --${name} to be a whole number from ${least} to ${most}, got ${quote(text)}`);
  return good(value);
}

/** A flag that is one of a few words. */
export function choiceFlag<C extends string>(given: Given, name: string, choices: readonly C[], fallback: C): Checked<C> {
  const text = textFlag(given, name);
  if (text === undefined) return good(fallback);
  const choice = choices.find((each) => each === text);
  return choice === undefined ? bad(`expected --${name} to be ${choices.join(" or ")}, got ${quote(text)}`) : good(choice);
}

/** Plain decimal digits as a number; null for anything else (`1e3`, `0x10`, ` 5`, beyond 2^53). */
export function wholeNumber(text: string): number | null {
  if (!/^(?:0|[1-9]\d{0,15})$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

/**
 * The settings of `serve` and where each came from: one rule for all names, one precedence, flags > environment > file > default. Pure.
 *
 *   setting heartbeatMs   flag --heartbeat-ms   variable HOLDFAST_HEARTBEAT_MS   file member "heartbeatMs"
 *
 * It must never pass over a setting it does not know: in the file it is an error, in the environment a warning.
 */
import { bad, type Checked, good, wholeNumber } from "../args.ts";
import type { Variables } from "../command.ts";

export type SettingValue = number | string | boolean | readonly string[];

/** One setting. The type of the default is the type of the setting. */
export interface Setting {
  readonly name: string;
  readonly default: SettingValue;
  readonly unit: string;
  readonly what: string;
}

/** Where a value came from, the strongest first. */
export const sources = ["flag", "environment", "file", "default"] as const;
export type Source = (typeof sources)[number];

/** A setting with its value. `origin` is what a person would change: the flag, the variable, the file's path; empty for a default. */
export interface SettingGiven {
  readonly setting: Setting;
  readonly value: SettingValue;
  readonly source: Source;
  readonly origin: string;
}

export interface SettingInputs {
  /** Values of flags by the settings' flag names. */
  readonly flags: ReadonlyMap<string, string | boolean | readonly string[]>;
  readonly variables: Variables;
  /** Members of the configuration file, null without one. */
  readonly file: { readonly path: string; readonly members: Readonly<Record<string, unknown>> } | null;
  /** Members of the file and variables that are read elsewhere. */
  readonly otherMembers: readonly string[];
  readonly otherVariables: readonly string[];
}

export interface ResolvedSettings {
  readonly given: readonly SettingGiven[];
  /** What was not understood and not obeyed, one sentence each. */
  readonly warnings: readonly string[];
}

/** `heartbeatMs` as `heartbeat-ms`. */
export function flagName(setting: string): string {
  return setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `heartbeatMs` as `HOLDFAST_HEARTBEAT_MS`. */
export function variableName(setting: string): string {
  return `HOLDFAST_${flagName(setting).replaceAll("-", "_").toUpperCase()}`;
}

/** The value of every setting, or the first fault. */
export function resolveSettings(settings: readonly Setting[], inputs: SettingInputs): Checked<ResolvedSettings> {
  const { file, variables } = inputs;
  const names = new Set([...settings.map((setting) => setting.name), ...inputs.otherMembers]);
  for (const member of Object.keys(file?.members ?? {})) {
    if (!names.has(member)) return bad(`${file?.path}: unknown setting ${JSON.stringify(member)}`);
  }
  const given: SettingGiven[] = [];
  for (const setting of settings) {
    const one = resolveSetting(setting, inputs);
    if (!one.ok) return one;
    given.push(one.value);
  }
  const known = new Set([...settings.map((setting) => variableName(setting.name)), ...inputs.otherVariables]);
  const strangers = Object.keys(variables).filter((name) => name.startsWith("HOLDFAST_") && !known.has(name));
  return good({ given, warnings: strangers.sort().map((name) => `the variable ${name} is not a setting; it is not used`) });
}

function resolveSetting(setting: Setting, inputs: SettingInputs): Checked<SettingGiven> {
  const fromFlag = inputs.flags.get(flagName(setting.name));
  const flag = `--${fromFlag === false ? "no-" : ""}${flagName(setting.name)}`;
  if (fromFlag !== undefined) {
    return taken(setting, "flag", flag, typeof fromFlag === "string" || typeof fromFlag === "boolean" ? parseText(setting, fromFlag) : fromFlag);
  }
  const variable = variableName(setting.name);
  const fromVariable = inputs.variables[variable];
  // An empty variable counts as not set: shells and unit files cannot always leave one out.
  if (fromVariable !== undefined && fromVariable !== "") return taken(setting, "environment", variable, parseText(setting, fromVariable));
  const { file } = inputs;
  if (file !== null && Object.hasOwn(file.members, setting.name)) return taken(setting, "file", file.path, file.members[setting.name]);
  return good({ setting, value: setting.default, source: "default", origin: "" });
}

function taken(setting: Setting, source: Source, origin: string, value: unknown): Checked<SettingGiven> {
  if (!isOfKind(setting.default, value))
    return bad(`expected ${source === "file" ? `${setting.name} in ${origin}` : origin} to be ${expectation(setting)}, got ${JSON.stringify(value)}`);
  return good({ setting, value, source, origin });
}

/** The value that a flag or variable means; the text itself when it means none, to be refused with it. */
function parseText(setting: Setting, text: string | boolean): unknown {
  if (typeof text === "boolean") return text;
  if (Array.isArray(setting.default)) return text.split(",").filter((item) => item !== "");
  if (typeof setting.default === "number") return wholeNumber(text) ?? text;
  if (typeof setting.default === "boolean") return { true: true, false: false, 1: true, 0: false }[text] ?? text;
  return text;
}

function isOfKind(example: SettingValue, value: unknown): value is SettingValue {
  if (Array.isArray(example)) return Array.isArray(value) && value.every((item) => typeof item === "string");
  if (typeof example === "number") return Number.isSafeInteger(value) && (value as number) >= 0;
  return typeof value === typeof example;
}

function expectation(setting: Setting): string {
  if (Array.isArray(setting.default)) return `a list of ${setting.unit}`;
  if (typeof setting.default === "number") return `a whole number (${setting.unit})`;
  return typeof setting.default === "boolean" ? "true or false" : "text";
}

/** The values alone, of the settings in `names`. */
export function valuesOf(given: readonly SettingGiven[], names: readonly string[]): Record<string, SettingValue> {
  return Object.fromEntries(given.filter(({ setting }) => names.includes(setting.name)).map(({ setting, value }) => [setting.name, value]));
}

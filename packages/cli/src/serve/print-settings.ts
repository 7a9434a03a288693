/**
 * Shows the settings: all of them for --print-config, those that are not default at the start. Pure.
 */
import { escapeLine } from "../escape.ts";
import type { SettingGiven } from "./settings.ts";

/** What the file says per stream pattern; printed as it will be used. */
export type Policies = readonly Readonly<Record<string, unknown>>[];

/** A table of every setting: name, value, source. */
export function settingsTable(given: readonly SettingGiven[], policies: Policies): string {
  const rows = given.map(({ setting, value, source, origin }) => [setting.name, show(value), origin === "" ? source : origin]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const lines = rows.map(
    ([name = "", value = "", from = ""]) => `${name.padEnd(widths[0] as number)}  ${value.padEnd(widths[1] as number)}  ${escapeLine(from)}\n`,
  );
  const streams = policies.map((policy) => `${"streams".padEnd(widths[0] as number)}  ${escapeLine(JSON.stringify(policy))}\n`);
  return [...lines, ...streams].join("");
}

/** The same for programs. */
export function settingsJson(given: readonly SettingGiven[], policies: Policies): string {
  const settings = Object.fromEntries(
    given.map(({ setting, value, source, origin }) => [setting.name, { value, source, ...(origin === "" ? {} : { origin }) }]),
  );
  return `${JSON.stringify({ settings, streams: policies })}\n`;
}

/** One line for the start: what differs from the defaults, and who said so. */
export function changedSettings(given: readonly SettingGiven[]): string {
  const changed = given
    .filter(({ source }) => source !== "default")
    .map(({ setting, value, origin }) => `${setting.name} ${show(value)} (${escapeLine(origin)})`);
  return changed.length === 0 ? "all settings have their defaults" : `settings: ${changed.join(", ")}; the others have their defaults`;
}

const show = (value: SettingGiven["value"]): string => escapeLine(typeof value === "object" ? JSON.stringify(value) : String(value));

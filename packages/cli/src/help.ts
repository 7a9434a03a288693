/**
 * The help texts, made from the declarations that the parser reads, so that they cannot differ. Pure.
 */
import { allFlags, type CommandSpec, type FlagSpec } from "./args.ts";
import type { CommandRow } from "./command.ts";
import { exits } from "./exit-codes.ts";

const indent = "  ";

/** Help for one command. */
export function commandHelp(spec: CommandSpec): string {
  const operands = spec.operands === "" ? "" : ` ${spec.operands}`;
  const flags = Object.entries(allFlags(spec)).map(([name, flag]): [string, string] => [flagLabel(name, flag), flag.what]);
  const blocks = [`holdfast ${spec.name}: ${spec.summary}`, `Usage: holdfast ${spec.name} [flags]${operands}`, `Flags:\n${columns(flags)}`, ...spec.notes];
  if (spec.examples.length > 0) blocks.push(`Examples:\n${spec.examples.map((line) => indent + line).join("\n")}`);
  return `${blocks.join("\n\n")}\n`;
}

/** Help for `holdfast` itself: the commands and the exit codes. */
export function generalHelp(rows: Readonly<Record<string, CommandRow>>): string {
  const commands = Object.entries(rows).map(([name, row]): [string, string] => [name, row.summary]);
  const codes = Object.values(exits).map((row): [string, string] => [String(row.code), row.meaning]);
  return [
    "holdfast: live streams that resume exactly",
    "Usage: holdfast COMMAND [flags] ...\n       holdfast --help | --version",
    `Commands:\n${columns(commands)}`,
    "`holdfast COMMAND --help` shows a command's flags. The server's address is --url, else HOLDFAST_URL, else http://127.0.0.1:4150.",
    `Exit codes:\n${columns(codes)}\n`,
  ].join("\n\n");
}

/** Help for a word that only begins a command: what may follow it. */
export function groupHelp(word: string, rows: Readonly<Record<string, CommandRow>>): string {
  const commands = Object.entries(rows).map(([name, row]): [string, string] => [name, row.summary]);
  return [`Usage: holdfast ${word} SUBCOMMAND [flags] ...`, `Subcommands:\n${columns(commands)}\n`].join("\n\n");
}

/** How a flag is written: `-v, --verbose`, `--[no-]vitals`, `--url URL`. */
export function flagLabel(name: string, flag: FlagSpec): string {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  const long = flag.negatable === true ? `--[no-]${name}` : `--${name}`;
  return `${short}${long}${flag.value === undefined ? "" : ` ${flag.value}`}`;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(28, Math.max(...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) => `${indent}${left.padEnd(width)}  ${right}`).join("\n");
}

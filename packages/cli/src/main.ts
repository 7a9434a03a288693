#!/usr/bin/env node
/**
 * The `holdfast` command: finds the subcommand, reads its arguments, runs it, ends with one of the exits.
 * What it does is in commands/; here nothing is decided but who is called.
 */
import { readFileSync } from "node:fs";
import { HoldfastError } from "@holdfast/protocol";
import { editDistance, readArgs } from "./args.ts";
import { errorText } from "./code-text.ts";
import type { CommandRow } from "./command.ts";
import { commandRows } from "./commands.ts";
import { escapeLine } from "./escape.ts";
import { type Exit, exits } from "./exit-codes.ts";
import { commandHelp, generalHelp, groupHelp } from "./help.ts";

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return manifest.version;
}

/** A fault of usage: what is wrong, and where to read on. */
function usage(command: string, message: string): Exit {
  const help = `holdfast${command === "" ? "" : ` ${command}`} --help`;
  process.stderr.write(`holdfast${command === "" ? "" : ` ${command}`}: ${escapeLine(message)}\nTry \`${help}\`.\n`);
  return "usage";
}

async function main(words: readonly string[]): Promise<Exit> {
  const [word, ...rest] = words;
  if (word === "--help" || word === "-h") {
    process.stdout.write(generalHelp(commandRows));
    return "ok";
  }
  if (word === "--version" || word === "-V") {
    process.stdout.write(`holdfast ${version()}\n`);
    return "ok";
  }
  if (word === undefined) {
    process.stderr.write(generalHelp(commandRows));
    return "usage";
  }
  const group = Object.fromEntries(Object.entries(commandRows).filter(([name]) => name.startsWith(`${word} `)));
  const row = Object.hasOwn(commandRows, word) ? commandRows[word] : undefined;
  // A word may be a command and begin others: `doctor URL` beside `doctor host`. What names none of those is the command's own.
  const isOwn = row !== undefined && !Object.hasOwn(group, `${word} ${rest[0] ?? ""}`);
  if (Object.keys(group).length > 0 && !isOwn) return await subcommand(word, rest, group);
  return row === undefined ? unknown("", word, Object.keys(commandRows)) : await run(word, row, rest);
}

/** A command of two words. */
async function subcommand(word: string, [second, ...rest]: readonly string[], group: Readonly<Record<string, CommandRow>>): Promise<Exit> {
  if (second === "--help" || second === "-h") {
    process.stdout.write(groupHelp(word, group));
    return "ok";
  }
  if (second === undefined) {
    process.stderr.write(groupHelp(word, group));
    return "usage";
  }
  const name = `${word} ${second}`;
  const row = Object.hasOwn(group, name) ? group[name] : undefined;
  if (row !== undefined) return await run(name, row, rest);
  return unknown(
    word,
    second,
    Object.keys(group).map((each) => each.slice(word.length + 1)),
  );
}

function unknown(command: string, word: string, known: readonly string[]): Exit {
  const near = known.find((name) => editDistance(name, word) <= 2);
  return usage(
    command,
    `${word.startsWith("-") ? "unknown flag" : "unknown command"} ${JSON.stringify(word)}${near === undefined ? "" : `; did you mean ${near}?`}`,
  );
}

async function run(word: string, row: CommandRow, rest: readonly string[]): Promise<Exit> {
  const command = await row.load();
  const given = readArgs(command.spec, rest);
  if (!given.ok) return usage(word, given.message);
  if (given.value.flags.get("help") === true) {
    process.stdout.write(commandHelp(command.spec));
    return "ok";
  }
  const prepared = command.prepare(given.value, process.env);
  if (!prepared.ok) return usage(word, prepared.message);
  return await prepared.value();
}

/** What nobody expected: a fault with a code is one line, anything else is a defect and shows where it happened. */
function unexpected(thrown: unknown): Exit {
  const text = thrown instanceof HoldfastError ? escapeLine(errorText(thrown)) : thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  process.stderr.write(`holdfast: ${text}\n`);
  return "failed";
}

const exit = await main(process.argv.slice(2)).catch(unexpected);
// Left to end by itself, a process would wait for whatever still holds the event loop. What was written must leave first.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => stream.write("", () => resolve()))));
process.exit(exits[exit].code);

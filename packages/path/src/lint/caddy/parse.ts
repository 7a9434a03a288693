/**
 * The Caddyfile as a tree: blocks with their keys, in them directives with their words and, perhaps, blocks of their own. Whatever the text is, it
 * is read to its end.
 */
import type { Place } from "../../declared.ts";
import type { SourceFile } from "../tool.ts";
import { type Fault, type Token, tokensOf } from "./tokens.ts";

/** A directive, or a line within one. */
export interface Entry {
  readonly words: readonly string[];
  readonly block: readonly Entry[] | null;
  readonly place: Place;
}

/** A block at the outermost level: global options (no key), a snippet `(name)`, or sites. */
export interface Block {
  readonly keys: readonly string[];
  readonly entries: readonly Entry[];
  readonly place: Place;
  /** False: a site without braces, or lines that another file imports. */
  readonly isBraced: boolean;
}

export interface ParsedFile {
  readonly blocks: readonly Block[];
  readonly faults: readonly Fault[];
}

/** How deep blocks may stand in one another. */
export const depthMax = 32;

interface Reader {
  readonly tokens: readonly Token[];
  readonly faults: Fault[];
  at: number;
}

export function parseCaddyfile(source: SourceFile): ParsedFile {
  const { tokens, faults } = tokensOf(source);
  const reader: Reader = { tokens, faults, at: 0 };
  const blocks: Block[] = [];
  while (reader.at < tokens.length) {
    const first = tokens[reader.at] as Token;
    const keys = readKeys(reader);
    if (isBrace(tokens[reader.at], "{")) {
      reader.at += 1;
      blocks.push({ keys, entries: readEntries(reader, 0, first.place), place: first.place, isBraced: true });
    } else if (isBrace(tokens[reader.at], "}")) {
      reader.faults.push({ place: (tokens[reader.at] as Token).place, what: "a block is closed that was not opened" });
      reader.at += 1;
    } else if (keys[0] === "import") {
      blocks.push({ keys: [], entries: [{ words: keys, block: null, place: first.place }], place: first.place, isBraced: false });
    } else {
      // A file of one site may do without braces: the rest of it is the site's.
      blocks.push({ keys, entries: readEntries(reader, 0, null), place: first.place, isBraced: false });
    }
  }
  return { blocks, faults };
}

const isBrace = (token: Token | undefined, brace: string): boolean => token !== undefined && !token.isQuoted && token.text === brace;

/** Addresses of a site: to the end of the line, and on after a comma. */
function readKeys(reader: Reader): string[] {
  const keys: string[] = [];
  let goesOn = true;
  while (reader.at < reader.tokens.length) {
    const token = reader.tokens[reader.at] as Token;
    if (isBrace(token, "{") || isBrace(token, "}") || (token.isFirst && !goesOn)) break;
    goesOn = token.text.endsWith(",");
    keys.push(...token.text.split(",").filter((key) => key !== ""));
    reader.at += 1;
  }
  return keys;
}

/** Up to the closing brace, or to the end of the file where `opened` is null. */
function readEntries(reader: Reader, depth: number, opened: Place | null): Entry[] {
  const entries: Entry[] = [];
  while (reader.at < reader.tokens.length) {
    const first = reader.tokens[reader.at] as Token;
    if (isBrace(first, "}")) {
      reader.at += 1;
      if (opened !== null) return entries;
      reader.faults.push({ place: first.place, what: "a block is closed that was not opened" });
    } else {
      entries.push(readEntry(reader, depth, first.place));
    }
  }
  if (opened !== null) reader.faults.push({ place: opened, what: "a block is opened and never closed" });
  return entries;
}

/** One line, with the block that its last brace opens. The first token is no closing brace. */
function readEntry(reader: Reader, depth: number, place: Place): Entry {
  const words: string[] = [];
  do {
    const token = reader.tokens[reader.at] as Token;
    if (isBrace(token, "}")) break;
    reader.at += 1;
    const next = reader.tokens[reader.at];
    if (isBrace(token, "{") && (next === undefined || next.isFirst || isBrace(next, "}")))
      return { words, block: readBlock(reader, depth, token.place), place };
    words.push(token.text);
  } while (reader.at < reader.tokens.length && !(reader.tokens[reader.at] as Token).isFirst);
  return { words, block: null, place };
}

function readBlock(reader: Reader, depth: number, place: Place): Entry[] {
  if (depth < depthMax) return readEntries(reader, depth + 1, place);
  reader.faults.push({ place, what: `blocks stand more than ${depthMax} deep in one another` });
  return [];
}

/**
 * Reads HAProxy's configuration language: a line is a keyword and its words, a section begins where its keyword stands and ends where the next
 * begins. Whatever the text is, it is read to its end; what could not be read is told, and nothing is thrown.
 */
import type { Place } from "../../declared.ts";
import type { SourceFile } from "../tool.ts";

/** A line within a section. The first word is the keyword. */
export interface Line {
  readonly words: readonly string[];
  readonly place: Place;
}

export interface Section {
  /** `global`, `defaults`, `frontend`, `backend`, `listen`, or another that lint does not look into. */
  readonly kind: string;
  readonly name: string | null;
  /** `from NAME`: the defaults that it names. */
  readonly from: string | null;
  readonly place: Place;
  readonly lines: readonly Line[];
}

export interface Unreadable {
  readonly place: Place;
  readonly what: string;
}

export interface HaproxyText {
  readonly sections: readonly Section[];
  readonly unreadable: readonly Unreadable[];
}

const sectionKinds = new Set([
  "global",
  "defaults",
  "frontend",
  "backend",
  "listen",
  "peers",
  "resolvers",
  "userlist",
  "mailers",
  "cache",
  "program",
  "http-errors",
  "ring",
  "log-forward",
  "fcgi-app",
  "crt-list",
  "crt-store",
  "traces",
  "log-profile",
  "acme",
]);

export function parseHaproxy({ file, text }: SourceFile): HaproxyText {
  const sections: (Section & { lines: Line[] })[] = [];
  const unreadable: Unreadable[] = [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .entries()) {
    const place = { file, line: index + 1 };
    const { words, isOpen } = splitWords(raw);
    if (isOpen) unreadable.push({ place, what: "a quote is opened and not closed on its line" });
    const [keyword] = words;
    // Lines that begin with a dot are conditions of HAProxy's own preprocessor: what stands between them counts as if it were meant.
    if (keyword === undefined || keyword.startsWith(".")) continue;
    if (sectionKinds.has(keyword)) {
      sections.push({ kind: keyword, ...namesOf(words), place, lines: [] });
    } else if (sections.length === 0) {
      unreadable.push({ place, what: `\`${keyword}\` stands before the first section` });
    } else {
      sections.at(-1)?.lines.push({ words, place });
    }
  }
  return { sections, unreadable };
}

function namesOf(words: readonly string[]): { name: string | null; from: string | null } {
  const rest = words.slice(1);
  const from = rest.indexOf("from");
  return { name: from === 0 ? null : (rest[0] ?? null), from: from === -1 ? null : (rest[from + 1] ?? null) };
}

/** Words as HAProxy cuts them: quotes of two kinds, a backslash before one character, `#` to the end of the line. */
export function splitWords(line: string): { words: string[]; isOpen: boolean } {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] as string;
    if (quote === "'" || (quote === '"' && char !== "\\")) {
      if (char === quote) quote = null;
      else word = (word ?? "") + char;
    } else if (char === "\\") {
      at += 1;
      word = (word ?? "") + (line[at] ?? "");
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (char === "#") {
      break;
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (word !== null) words.push(word);
  return { words, isOpen: quote !== null };
}

const unitMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time as HAProxy reads it, and whether its unit was left out (then it is ms). Null: not a time, such as one that comes from the environment. */
export function haproxyTime(word: string | undefined): { ms: number; bare: boolean } | null {
  const match = /^(\d{1,15})(us|ms|s|m|h|d)?$/.exec(word ?? "");
  if (match === null) return null;
  return { ms: Math.round(Number(match[1]) * (unitMs[match[2] ?? "ms"] as number)), bare: match[2] === undefined };
}

/**
 * Cuts a Caddyfile into tokens as Caddy does: quotes of two kinds, heredocs, comments, lines that go on after a backslash. Reads any text to its end.
 */
import type { Place } from "../../declared.ts";
import type { SourceFile } from "../tool.ts";

export interface Token {
  readonly text: string;
  readonly place: Place;
  /** Quoted, so that a brace is no brace. */
  readonly isQuoted: boolean;
  /** The first token of its line. */
  readonly isFirst: boolean;
}

export interface Fault {
  readonly place: Place;
  readonly what: string;
}

export function tokensOf({ file, text }: SourceFile): { tokens: Token[]; faults: Fault[] } {
  const [tokens, faults]: [Token[], Fault[]] = [[], []];
  const source = text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  let [at, line, isFirst] = [0, 1, true];
  while (at < source.length) {
    const char = source[at] as string;
    if (char === "\n") {
      [at, line, isFirst] = [at + 1, line + 1, true];
    } else if (char === "\\" && source[at + 1] === "\n") {
      [at, line] = [at + 2, line + 1];
    } else if (/\s/.test(char)) {
      at += 1;
    } else if (char === "#") {
      const end = source.indexOf("\n", at);
      at = end === -1 ? source.length : end;
    } else {
      const place = { file, line };
      const { value, end, lines, fault, isQuoted } = oneToken(source, at);
      if (fault !== null) faults.push({ place, what: fault });
      tokens.push({ text: value, place, isQuoted, isFirst });
      [at, line, isFirst] = [end, line + lines, false];
    }
  }
  return { tokens, faults };
}

interface OneToken {
  readonly value: string;
  readonly end: number;
  /** Line ends within it. */
  readonly lines: number;
  readonly fault: string | null;
  readonly isQuoted: boolean;
}

function oneToken(source: string, start: number): OneToken {
  const first = source[start] as string;
  const heredoc = /^<<([a-zA-Z0-9_-]+)\n/.exec(source.slice(start, start + 100));
  if (heredoc !== null) return readHeredoc(source, start, heredoc[1] as string);
  if (first === '"' || first === "`") return readQuoted(source, start, first);
  let end = start;
  while (end < source.length && !/\s/.test(source[end] as string) && !(source[end] === "\\" && source[end + 1] === "\n")) end += 1;
  return { value: source.slice(start, end), end, lines: 0, fault: null, isQuoted: false };
}

function readQuoted(source: string, start: number, quote: string): OneToken {
  let [end, value] = [start + 1, ""];
  while (end < source.length && source[end] !== quote) {
    if (quote === '"' && source[end] === "\\" && source[end + 1] === '"') end += 1;
    value += source[end];
    end += 1;
  }
  const fault = end < source.length ? null : "a quote is opened and never closed";
  return { value, end: end + 1, lines: lineEnds(value), fault, isQuoted: true };
}

/** From `<<MARKER` to the line that begins with the marker. */
function readHeredoc(source: string, start: number, marker: string): OneToken {
  const bodyStart = source.indexOf("\n", start) + 1;
  const closing = new RegExp(`^[ \\t]*${marker}(?=\\s|$)`, "gm");
  closing.lastIndex = bodyStart;
  const found = closing.exec(source);
  const end = found === null ? source.length : closing.lastIndex;
  const fault = found === null ? `the text that begins with <<${marker} has no end` : null;
  return { value: source.slice(bodyStart, found?.index ?? source.length), end, lines: lineEnds(source.slice(start, end)), fault, isQuoted: true };
}

const lineEnds = (text: string): number => text.split("\n").length - 1;

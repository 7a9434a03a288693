/**
 * An nginx configuration as a tree of directives with their places. Reads on behind a fault, so that one missing brace does not hide the rest;
 * blocks of Lua are kept as opaque. Never throws, whatever the text.
 */
import type { Place } from "../../declared.ts";
import { Lexer } from "./lexer.ts";

export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly place: Place;
  /** Null for one that ends in a semicolon. */
  readonly block: readonly Directive[] | null;
}

/** What is wrong with the text itself, in one sentence. */
export interface SyntaxFault {
  readonly place: Place;
  readonly message: string;
}

export interface ParsedFile {
  readonly directives: readonly Directive[];
  readonly faults: readonly SyntaxFault[];
}

/** nginx has no limit; a tree this deep is nobody's configuration, and walking it must not exhaust the stack. */
export const nestingMax = 64;
/** More are of no use to anybody. */
export const syntaxFaultsMax = 20;

/** What a line may begin with when the semicolon of the line before was forgotten. */
const beginsDirective = /^(proxy|grpc|keepalive|client|send|gzip|ssl|listen|server_name|location|upstream|add_header|worker|fastcgi)(_[a-z_]+)?$/;

interface OpenBlock {
  readonly name: string;
  readonly args: readonly string[];
  readonly place: Place;
  readonly block: Directive[];
}

export function parseNginx(file: string, text: string): ParsedFile {
  const lexer = new Lexer(text);
  const [top, stack, faults]: [Directive[], OpenBlock[], SyntaxFault[]] = [[], [], []];
  const fault = (line: number, message: string): void => {
    if (faults.length < syntaxFaultsMax) faults.push({ place: { file, line }, message });
  };
  const into = (): Directive[] => stack.at(-1)?.block ?? top;
  let words: { readonly text: string; readonly line: number }[] = [];
  const take = (): { name: string; args: string[]; place: Place } => {
    const [first, ...rest] = words;
    words = [];
    return { name: first?.text ?? "", args: rest.map((word) => word.text), place: { file, line: first?.line ?? 1 } };
  };
  let depth = 0;
  for (let token = lexer.next(); token !== null; token = lexer.next()) {
    if (token.kind === "word") {
      if (token.startsLine && !token.isQuoted && words.length > 1 && beginsDirective.test(token.text)) {
        const last = words.at(-1) as { readonly line: number };
        fault(last.line, `"${words[0]?.text}" lacks its semicolon: line ${token.line} begins another directive`);
        into().push({ ...take(), block: null });
      }
      words.push(token);
    } else if (token.kind === "fault") {
      fault(token.line, token.message);
    } else if (token.kind === "end") {
      if (words.length === 0) fault(token.line, 'unexpected ";"');
      else into().push({ ...take(), block: null });
    } else if (token.kind === "open") {
      if (words.length === 0) fault(token.line, 'unexpected "{"');
      const opened: OpenBlock = { ...take(), block: [] };
      if (opened.name.endsWith("by_lua_block")) {
        if (!lexer.skipLua()) fault(opened.place.line, `the block of "${opened.name}" is never closed`);
        into().push({ ...opened, block: [] });
        continue;
      }
      depth++;
      if (depth > nestingMax) {
        if (depth === nestingMax + 1) fault(token.line, `blocks are nested more than ${nestingMax} deep; what is deeper is not read`);
        continue;
      }
      into().push(opened);
      stack.push(opened);
    } else {
      if (words.length > 0) {
        fault(words.at(-1)?.line ?? token.line, `"${words[0]?.text}" lacks its semicolon`);
        into().push({ ...take(), block: null });
      }
      if (depth === 0) fault(token.line, 'unexpected "}"');
      else if (depth-- <= nestingMax) stack.pop();
    }
  }
  if (words.length > 0) fault(words.at(-1)?.line ?? 1, `the file ends within "${words[0]?.text}": ";" or "{" is expected`);
  const open = stack.at(-1);
  if (open !== undefined) fault(open.place.line, `the block of "${open.name}" is opened here and never closed`);
  return { directives: top, faults };
}

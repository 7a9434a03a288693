/**
 * The words of an nginx configuration, by the rules of nginx's own reader: quotes count at the start of a word only, `#` begins a comment only
 * there, `${name}` opens no block, and a backslash keeps what follows it. Never throws: what can not be is a token of its own.
 */

export type Token =
  | { readonly kind: "word"; readonly text: string; readonly line: number; readonly isQuoted: boolean; readonly startsLine: boolean }
  | { readonly kind: "open" | "close" | "end"; readonly line: number }
  | { readonly kind: "fault"; readonly line: number; readonly message: string };

const isSpace = (char: string): boolean => char === " " || char === "\t" || char === "\r" || char === "\n";
const escapes: Readonly<Record<string, string>> = { '"': '"', "'": "'", "\\": "\\", t: "\t", r: "\r", n: "\n" };

export class Lexer {
  #text: string;
  #at = 0;
  #line = 1;
  #lineOfLast = 0;

  constructor(text: string) {
    this.#text = text.startsWith("\uFEFF") ? text.slice(1) : text;
  }

  /** The next token; null at the end of the file. */
  next(): Token | null {
    this.#skipBlank();
    const [char, line] = [this.#text[this.#at], this.#line];
    if (char === undefined) return null;
    if (char === "{" || char === "}" || char === ";") {
      this.#at++;
      return { kind: char === "{" ? "open" : char === "}" ? "close" : "end", line };
    }
    const startsLine = this.#lineOfLast !== line;
    const isQuoted = char === '"' || char === "'";
    const text = isQuoted ? this.#quoted(char) : this.#bare();
    this.#lineOfLast = this.#line;
    return text === null ? { kind: "fault", line, message: "a quote is opened here and never closed" } : { kind: "word", text, line, isQuoted, startsLine };
  }

  /** Skips a block of Lua behind its opening brace, up to the brace that closes it; false when none does. */
  skipLua(): boolean {
    const text = this.#text;
    for (let depth = 1; this.#at < text.length; ) {
      const char = text[this.#at] as string;
      const long = char === "[" || text.startsWith("--[", this.#at) ? /\[(=*)\[/y : null;
      if (long !== null) long.lastIndex = char === "[" ? this.#at : this.#at + 2;
      const opened = long?.exec(text) ?? null;
      if (opened !== null) this.#moveBehind(`]${opened[1]}]`, (long as RegExp).lastIndex);
      else if (text.startsWith("--", this.#at)) this.#moveBehind("\n", this.#at);
      else if (char === '"' || char === "'") {
        if (this.#quoted(char) === null) return false;
      } else {
        depth += char === "{" ? 1 : char === "}" ? -1 : 0;
        this.#move(1);
        if (depth === 0) return true;
      }
    }
    return false;
  }

  #move(chars: number): void {
    for (let i = 0; i < chars; i++) if (this.#text[this.#at++] === "\n") this.#line++;
  }

  #moveBehind(what: string, from: number): void {
    const found = this.#text.indexOf(what, from);
    this.#move((found < 0 ? this.#text.length : found + what.length) - this.#at);
  }

  #skipBlank(): void {
    for (let char = this.#text[this.#at]; char !== undefined; char = this.#text[this.#at]) {
      if (char === "#") {
        const end = this.#text.indexOf("\n", this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else if (isSpace(char)) this.#move(1);
      else return;
    }
  }

  #quoted(quote: string): string | null {
    this.#at++;
    let text = "";
    for (let char = this.#text[this.#at]; char !== undefined; char = this.#text[this.#at]) {
      if (char === quote) {
        this.#at++;
        return text;
      }
      text += char === "\\" ? this.#escape() : char;
      this.#move(1);
    }
    return null;
  }

  #bare(): string {
    let [text, isVariable] = ["", false];
    for (let char = this.#text[this.#at]; char !== undefined; char = this.#text[this.#at]) {
      if (isSpace(char) || char === ";" || (char === "{" && !isVariable)) break;
      isVariable = char === "$";
      text += char === "\\" ? this.#escape() : char;
      this.#move(1);
    }
    return text;
  }

  /** At a backslash: what stands for it and the character behind it, which it moves to. An unknown one stays as it is. */
  #escape(): string {
    const following = this.#text[this.#at + 1];
    if (following === undefined) return "\\";
    this.#move(1);
    return escapes[following] ?? `\\${following}`;
  }
}

/**
 * Looks at JSON text without changing it: the span of a member of the outermost object, and the depth of nesting.
 * It assumes text that JSON.parse has accepted (or will), and never builds values: payloads are passed on as received,
 * because parsing and writing again changes numbers beyond 2^53 and drops duplicate keys.
 */

const quote = 0x22;
const backslash = 0x5c;

/** The index after the string that begins at `at` (its opening quote). */
function skipString(text: string, at: number): number {
  let i = at + 1;
  for (;;) {
    const end = text.indexOf('"', i);
    if (end < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return end + 1;
    i = end + 1;
  }
}

/** Whether arrays and objects in `text` nest deeper than `levelsMax`. Linear in the length, no recursion. */
export function nestsDeeperThan(text: string, levelsMax: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; ) {
    const c = text.charCodeAt(i);
    if (c === quote) {
      i = skipString(text, i);
      continue;
    }
    if (c === 0x5b || c === 0x7b) {
      depth++;
      if (depth > levelsMax) return true;
    } else if (c === 0x5d || c === 0x7d) depth--;
    i++;
  }
  return false;
}

const isSpace = (c: number): boolean => c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;

function skipSpace(text: string, at: number): number {
  let i = at;
  while (i < text.length && isSpace(text.charCodeAt(i))) i++;
  return i;
}

/** The index after the value that begins at `at`. */
function skipValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === quote) return skipString(text, at);
  let depth = 0;
  let i = at;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === quote) {
      i = skipString(text, i);
      continue;
    }
    if (c === 0x5b || c === 0x7b) depth++;
    else if (c === 0x5d || c === 0x7d) {
      if (depth === 0) return i; // the end of what encloses a bare number or word
      depth--;
      if (depth === 0) return i + 1;
    } else if (depth === 0 && (c === 0x2c || isSpace(c))) return i;
    i++;
  }
  return i;
}

/** The members of the outermost object of valid JSON text: name, and the text of the value as written. Null when a name occurs twice. */
export function rawMembers(text: string): Map<string, string> | null {
  const members = new Map<string, string>();
  let i = skipSpace(text, 0) + 1; // after the opening brace
  for (;;) {
    i = skipSpace(text, i);
    if (text.charCodeAt(i) !== quote) return members; // the closing brace, or the end
    const nameEnd = skipString(text, i);
    const written = text.slice(i, nameEnd);
    const name = written.includes("\\") ? (JSON.parse(written) as string) : written.slice(1, -1);
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1); // after the colon
    const end = skipValue(text, start);
    if (members.has(name)) return null;
    members.set(name, text.slice(start, end));
    i = skipSpace(text, end) + 1; // after the comma, or past the closing brace
  }
}

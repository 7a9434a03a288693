/**
 * JSON with the line of each value, which JSON.parse does not keep. Comments and commas at the end of a list are taken as well. What is no JSON is told,
 * with the line; what stands before it is kept.
 */

export type Json =
  | { readonly kind: "object"; readonly line: number; readonly members: ReadonlyMap<string, Json> }
  | { readonly kind: "array"; readonly line: number; readonly items: readonly Json[] }
  | { readonly kind: "value"; readonly line: number; readonly value: string | number | boolean | null };

export interface ParsedJson {
  readonly root: Json | null;
  readonly fault: { readonly line: number; readonly what: string } | null;
}

/** How deep values may stand in one another. */
export const depthMax = 64;

const tokenPattern = /"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\]:,]|\/\/[^\n]*|\/\*[\s\S]*?\*\/|\n|[^\S\n]+|./gy;

interface Reader {
  readonly tokens: readonly { readonly text: string; readonly line: number }[];
  readonly lastLine: number;
  at: number;
  fault: ParsedJson["fault"];
}

export function parseJson(text: string): ParsedJson {
  const tokens: { text: string; line: number }[] = [];
  let line = 1;
  for (const [token] of text
    .replace(/^\uFEFF/, "")
    .replace(/\r\n?/g, "\n")
    .matchAll(tokenPattern)) {
    if (!/^\s|^\/[/*]/.test(token)) tokens.push({ text: token, line });
    line += token.split("\n").length - 1;
  }
  const reader: Reader = { tokens, lastLine: line, at: 0, fault: null };
  const root = readValue(reader, 0);
  const next = tokens[reader.at];
  if (root !== null && next !== undefined) refuse(reader, "something follows the end of the value");
  return { root, fault: reader.fault };
}

function refuse(reader: Reader, what: string): null {
  reader.fault ??= { line: reader.tokens[reader.at]?.line ?? reader.lastLine, what };
  reader.at = reader.tokens.length;
  return null;
}

function readValue(reader: Reader, depth: number): Json | null {
  const token = reader.tokens[reader.at];
  if (token === undefined) return refuse(reader, "a value is missing");
  if (depth > depthMax) return refuse(reader, `values stand more than ${depthMax} deep in one another`);
  const { text, line } = token;
  if (text === "{") return readObject(reader, depth, line);
  if (text === "[") return readArray(reader, depth, line);
  const value = scalar(text);
  if (value === undefined) return refuse(reader, `\`${text.slice(0, 20)}\` is no value`);
  reader.at += 1;
  return { kind: "value", line, value };
}

/** Undefined: neither a string, a number, true, false nor null. */
function scalar(text: string): string | number | boolean | null | undefined {
  if (!/^("|-?\d|true$|false$|null$)/.test(text)) return undefined;
  try {
    return JSON.parse(text) as string | number | boolean | null;
  } catch {
    return undefined;
  }
}

function readObject(reader: Reader, depth: number, line: number): Json {
  const members = new Map<string, Json>();
  reader.at += 1;
  while (reader.at < reader.tokens.length && reader.tokens[reader.at]?.text !== "}") {
    const key = scalar(reader.tokens[reader.at]?.text ?? "");
    if (typeof key !== "string" || reader.tokens[reader.at + 1]?.text !== ":") {
      refuse(reader, "a name in quotes and a colon are missing");
      break;
    }
    const keyLine = reader.tokens[reader.at]?.line ?? line;
    reader.at += 2;
    const value = readValue(reader, depth + 1);
    if (value === null) break;
    members.set(key, { ...value, line: keyLine });
    readComma(reader, "}");
  }
  close(reader, "}");
  return { kind: "object", line, members };
}

function readArray(reader: Reader, depth: number, line: number): Json {
  const items: Json[] = [];
  reader.at += 1;
  while (reader.at < reader.tokens.length && reader.tokens[reader.at]?.text !== "]") {
    const value = readValue(reader, depth + 1);
    if (value === null) break;
    items.push(value);
    readComma(reader, "]");
  }
  close(reader, "]");
  return { kind: "array", line, items };
}

function readComma(reader: Reader, end: string): void {
  const text = reader.tokens[reader.at]?.text;
  if (text === ",") reader.at += 1;
  else if (text !== end) refuse(reader, "a comma or a bracket is missing");
}

function close(reader: Reader, end: string): void {
  if (reader.tokens[reader.at]?.text === end) reader.at += 1;
  else refuse(reader, "a bracket is missing");
}

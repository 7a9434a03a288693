/**
 * A path file from the disk: YAML or JSON, with the lines of its keys, so that an error and a finding name the line.
 */
import { readFileSync } from "node:fs";
import { type DeclaredPath, type KeyPath, PathError, type Place, readPath } from "@holdfast/path";
import { LineCounter, parseDocument } from "yaml";
import { bad, type Checked, good } from "../args.ts";

/** A path file has a page or two. */
const bytesMax = 1_048_576;

/** The path that a file declares, or one sentence on what is wrong with it. */
export function readPathFile(file: string): Checked<DeclaredPath> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (thrown) {
    return bad(`${file} can not be read: ${(thrown as Error).message}`);
  }
  return parsePathFile(file, text);
}

export function parsePathFile(file: string, text: string): Checked<DeclaredPath> {
  if (text.length > bytesMax) return bad(`${file}: expected at most ${bytesMax} characters, got ${text.length}`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [fault] = document.errors;
  if (fault !== undefined) return bad(`${file}: ${fault.message.trimEnd()}`);
  const placeOf = (keys: KeyPath): Place | null => {
    // A value that is missing has no line; what it is missing from has one.
    for (let length = keys.length; length >= 0; length--) {
      const node = length === 0 ? document.contents : (document.getIn(keys.slice(0, length), true) as { range?: readonly number[] } | undefined);
      const start = node?.range?.[0];
      if (start !== undefined) return { file, line: lines.linePos(start).line };
    }
    return { file, line: 1 };
  };
  try {
    return good(readPath(document.toJS({ maxAliasCount: 100 }) as unknown, placeOf));
  } catch (thrown) {
    return bad(thrown instanceof PathError ? thrown.message : `${file}: ${(thrown as Error).message}`);
  }
}

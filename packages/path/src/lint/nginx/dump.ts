/**
 * What `nginx -T` prints: every file of a configuration, one behind the other, each below a line with its name.
 */
import type { SourceFile } from "../tool.ts";

const mark = /^# configuration file (.+):$/;

/** The files of a dump, with lines that count in each; the file itself where it is none. */
export function splitDump(source: SourceFile): SourceFile[] {
  const files: { file: string; lines: string[] }[] = [];
  for (const line of source.text.split("\n")) {
    const name = mark.exec(line.trimEnd())?.[1];
    if (name !== undefined) files.push({ file: name, lines: [] });
    else files.at(-1)?.lines.push(line);
  }
  return files.length === 0 ? [source] : files.map(({ file, lines }) => ({ file, text: lines.join("\n") }));
}

/**
 * Fixtures of a tool: whole files as people write them. Those in `good` give no finding; those in `bad` exactly the ones that the test's table says.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Finding } from "../../../src/finding.ts";
import { findingDocs } from "../../../src/findings/index.ts";
import type { LintAsk, SourceFile, Tool, ToolReading } from "../../../src/lint/tool.ts";

export const nothingAsked: LintAsk = { versions: {}, behind: null };

/** A file as a test names it. */
export const read = (tool: Tool, text: string, ask: Partial<LintAsk> = {}, file = "test"): ToolReading =>
  tool.read([{ file, text }], { ...nothingAsked, ...ask });

/** `code:line`, in the order of the file; a severity that is not its row's is said. */
export const said = (findings: readonly Finding[]): string[] =>
  [...findings]
    .sort((a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0) || a.code.localeCompare(b.code))
    .map(({ code, severity, place }) => `${code}:${place?.line}${severity === findingDocs[code]?.severity ? "" : ` ${severity}`}`);

export interface Fixtures {
  readonly tool: Tool;
  /** The folder of the tool's tests. */
  readonly folder: string;
  /** For each file of `bad`, what is said of it. */
  readonly bad: Readonly<Record<string, readonly string[]>>;
  /** Every code of the tool's catalogue. */
  readonly codes: readonly string[];
  /** Those that only a case of its own can show. */
  readonly elsewhere?: readonly string[];
  /** What is asked along with single files. */
  readonly asks?: Readonly<Record<string, Partial<LintAsk>>>;
}

export const filesIn = (folder: string, kind: "good" | "bad"): SourceFile[] =>
  readdirSync(join(folder, "fixtures", kind))
    .sort()
    .map((name) => ({ file: name, text: readFileSync(join(folder, "fixtures", kind, name), "utf8") }));

export function testFixtures({ tool, folder, bad, codes, elsewhere = [], asks = {} }: Fixtures): void {
  const [goodFiles, badFiles] = [filesIn(folder, "good"), filesIn(folder, "bad")];

  test(`${tool.name}: good files give no finding`, () => {
    assert.ok(goodFiles.length >= 4);
    for (const file of goodFiles) {
      assert.ok(tool.recognises(file), file.file);
      assert.deepEqual(said(tool.read([file], { ...nothingAsked, ...asks[file.file] }).findings), [], file.file);
    }
  });

  test(`${tool.name}: bad files give exactly what is wrong with them, where it is written`, () => {
    assert.deepEqual(badFiles.map(({ file }) => file).sort(), Object.keys(bad).sort());
    assert.ok(badFiles.length >= 4);
    for (const file of badFiles) {
      assert.ok(tool.recognises(file), file.file);
      const { findings } = tool.read([file], { ...nothingAsked, ...asks[file.file] });
      assert.deepEqual(said(findings), bad[file.file], file.file);
      for (const { advice, title } of findings) assert.ok(advice.length > 0 || /read/.test(title), title);
    }
  });

  test(`${tool.name}: every code of its catalogue is shown by a bad file, or by a case that says so`, () => {
    const shown = Object.values(bad).flatMap((all) => all.map((each) => each.split(":")[0] as string));
    assert.deepEqual([...new Set([...shown, ...elsewhere])].filter((code) => !code.startsWith("lint_")).sort(), [...codes].sort());
  });
}

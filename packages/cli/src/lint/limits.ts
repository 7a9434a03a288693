/**
 * What `holdfast lint` reads at most, so that a wrong folder costs a sentence and not an hour; docs/lint.md has the table.
 */

interface LintLimit {
  readonly value: number;
  readonly unit: string;
  readonly what: string;
}

export const lintLimits = {
  lintFilesMax: { value: 2_000, unit: "files", what: "Read in one run, those that others include among them" },
  lintFileBytesMax: { value: 4_194_304, unit: "bytes", what: "Of one file; a larger one is no configuration" },
  lintBytesMax: { value: 33_554_432, unit: "bytes", what: "Of all files together" },
  lintDepthMax: { value: 12, unit: "folders", what: "How deep a folder is looked through" },
  lintEntriesMax: { value: 50_000, unit: "entries", what: "Looked at in folders and for globs" },
} as const satisfies Readonly<Record<string, LintLimit>>;

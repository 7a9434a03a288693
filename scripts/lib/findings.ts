/**
 * What a check finds, and how a check ends when it is run from the command line.
 * A finding names a place and a rule; it must say enough to be acted on without reading the check.
 */

/** One violation. `line` counts from 1; 0 stands for the whole file. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

/** `file:line: [rule] message`, the form that editors and terminals make clickable. */
export function formatFinding(finding: Finding): string {
  const place = finding.line === 0 ? finding.file : `${finding.file}:${finding.line}`;
  return `${place}: [${finding.rule}] ${finding.message}`;
}

/** Prints the findings in order of place, then one line of result; exit code 1 when there is any. */
export function report(check: string, looked: string, findings: readonly Finding[]): void {
  const sorted = findings.toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));
  for (const finding of sorted) console.log(formatFinding(finding));
  console.log(`${check}: ${looked}, ${findings.length === 0 ? "nothing found" : `${findings.length} found`}`);
  if (findings.length > 0) process.exitCode = 1;
}

/** Whether the module whose `import.meta.filename` is given is the program that was started. */
export function isProgram(filename: string): boolean {
  return process.argv[1] === filename;
}

/**
 * Findings as text for people: causes first, each with what it explains beneath it. Pure; it knows no terminal.
 */
import { countFindings, type Finding, type OrderedFinding, orderFindings, type Severity } from "@holdfast/path";

const marks: Readonly<Record<Severity, string>> = { error: "ERROR", warning: "WARN ", info: "note " };

/** The findings, and one line that counts them. */
export function drawFindings(findings: readonly Finding[]): string {
  const ordered = orderFindings(findings);
  const { error, warning, info } = countFindings(ordered);
  const sum = findings.length === 0 ? "Nothing found." : `${error} errors, ${warning} warnings, ${info} notes. Each code has a page in docs/findings.`;
  return [...ordered.flatMap((each) => [...drawOne(each, ""), ""]), sum].map((line) => `${line}\n`).join("");
}

function drawOne({ finding, symptoms }: OrderedFinding, indent: string): string[] {
  const { severity, code, title, hop, place, evidence, advice } = finding;
  const where = [hop, place === null ? null : `${place.file}:${place.line}`].filter((each) => each !== null).join(", ");
  return [
    `${indent}${marks[severity]} ${code}${where === "" ? "" : ` (${where})`}: ${title}`,
    ...evidence.map((line) => `${indent}      seen: ${line}`),
    ...advice.map((line) => `${indent}      do:   ${line}`),
    ...symptoms.flatMap((each) => drawOne(each, `${indent}      `)),
  ];
}

/**
 * Findings as text for people: causes first, each with what it explains beneath it. Pure; it knows no terminal.
 */
import { countFindings, type Finding, type OrderedFinding, orderFindings, type Severity } from "@holdfast/path";
import { wrap } from "./wrap.ts";

const marks: Readonly<Record<Severity, string>> = { error: "ERROR", warning: "WARN ", info: "note " };

/** The findings, and one line that counts them. Lines are broken where they would be longer than `columns`. */
export function drawFindings(findings: readonly Finding[], columns: number = Number.POSITIVE_INFINITY): string {
  const ordered = orderFindings(findings);
  const { error, warning, info } = countFindings(ordered);
  const sum = findings.length === 0 ? "Nothing found." : `${countsOf(error, warning, info)}. Each code has a page in docs/findings.`;
  return [...ordered.flatMap((each) => [...drawOne(each, "", columns), ""]), sum].map((line) => `${line}\n`).join("");
}

const counted = (count: number, name: string): string => `${count} ${name}${count === 1 ? "" : "s"}`;

/** `1 error, 0 warnings, 2 notes`. */
export const countsOf = (error: number, warning: number, info: number): string =>
  [counted(error, "error"), counted(warning, "warning"), counted(info, "note")].join(", ");

function drawOne({ finding, symptoms }: OrderedFinding, indent: string, columns: number): string[] {
  const { severity, code, title, hop, place, evidence, advice } = finding;
  const where = [hop, place === null ? null : `${place.file}:${place.line}`].filter((each) => each !== null).join(", ");
  return [
    ...wrap(`${indent}${marks[severity]} `, `${code}${where === "" ? "" : ` (${where})`}: ${title}`, columns),
    ...evidence.flatMap((line) => wrap(`${indent}      seen: `, line, columns)),
    ...advice.flatMap((line) => wrap(`${indent}      do:   `, line, columns)),
    ...symptoms.flatMap((each) => drawOne(each, `${indent}      `, columns)),
  ];
}

/**
 * A violation as a finding, so that lint and the doctor show it among others. Pure.
 */
import type { Finding } from "../finding.ts";
import { findingDocs } from "../findings/index.ts";
import type { Violation } from "../plan.ts";
import { formatValue } from "../resolve.ts";

export function violationFinding({ code, severity, title, where, rule, inequality, operands, grade, fixes }: Violation): Finding {
  const places = operands.flatMap(({ place }) => (place === null ? [] : [place]));
  const hop = fixes[0]?.hop ?? operands[0]?.hop ?? null;
  const own = operands.find((operand) => operand.hop === hop && operand.place !== null)?.place ?? places[0] ?? null;
  return {
    code,
    severity,
    title,
    hop,
    place: own,
    related: places.filter((place) => place !== own),
    evidence: [
      `${rule}, ${where}: needs ${inequality}`,
      ...operands.map(
        (operand) =>
          `${operand.hop}: ${operand.knob.name} ${formatValue(operand.knob.unit, operand.value)}, ${operand.from === "default" ? "the default" : "as written"} (${operand.knob.source})`,
      ),
      ...(grade === "unverified" ? ["A figure of it is commonly said and was not verified."] : []),
    ],
    advice: fixes.map((fix) => `${fix.hop}: ${fix.knob} ${formatValue(fix.unit, fix.value)} (cost: ${fix.cost})`),
    dependsOn: findingDocs[code]?.dependsOn ?? [],
  };
}

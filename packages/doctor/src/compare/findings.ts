/** Differences between the declared path and the measured one, as findings. Pure. */
import type { Finding } from "@holdfast/path";
import { probeFinding } from "../diagnoses/words.ts";
import type { Comparison } from "./path.ts";

const blamed = ({ hop }: Comparison): string => hop ?? "the path";

/** One finding for each hop whose rows do not agree: its figures are corrected in one place. */
export function differences(rows: readonly Comparison[]): Finding[] {
  const differing = rows.filter(({ agrees }) => agrees === false);
  return [...new Set(differing.map(blamed))].map((name) => {
    const own = differing.filter((row) => blamed(row) === name);
    const knobs = [...new Set(own.flatMap(({ knob }) => (knob === null ? [] : [`\`${knob}\``])))];
    return probeFinding("path_differs", {
      title: `${own.map(({ what }) => what).join(", ")}: not as the path file says of ${name}`,
      hop: own[0]?.hop ?? null,
      evidence: own.map(({ what, declared, measured }) => `${what}: declared ${declared}; measured ${measured}`),
      advice: [
        knobs.length === 0
          ? "Correct the path file, or what it describes: everything that is derived from it rests on this."
          : `Look at ${knobs.join(" and ")} where it is really set, and at what else stands on the way; then correct the path file or the hop.`,
      ],
    });
  });
}

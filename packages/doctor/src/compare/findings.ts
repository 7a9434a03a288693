/** Differences between the declared path and the measured one, as findings. Pure. */
import type { Finding } from "@holdfast/path";
import { probeFinding } from "../diagnoses/words.ts";
import type { Comparison } from "./path.ts";

/** One finding for each row that does not agree. */
export function differences(rows: readonly Comparison[]): Finding[] {
  return rows
    .filter(({ agrees }) => agrees === false)
    .map(({ what, declared, measured, hop, knob }) =>
      probeFinding("path_differs", {
        title: `${what}: the path file says ${declared}, measured: ${measured}`,
        hop,
        evidence: [`declared: ${declared}`, `measured: ${measured}`],
        advice: [
          knob === null
            ? "Correct the path file, or what it describes: everything that is derived from it rests on this."
            : `Look at \`${knob}\` where it is really set, and at what else stands on the way; then correct the path file or the hop.`,
        ],
      }),
    );
}

/** A connection that was used all the time and ended nevertheless: a limit of age. */
import { idleNames } from "../words.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { endedIdle, probeFinding, time } from "./words.ts";

export const lifetime: Diagnosis = (facts) =>
  facts.controls.flatMap(({ of, ageMs, silentMs, beatMs, ended, announced }) => {
    if (ended === null || ended === "silent" || announced || silentMs > 3 * beatMs) return [];
    const idle = endedIdle(facts, of);
    // Silent ones that ended much sooner are another matter; at the same age it is the age that counts, and not the silence.
    if (idle !== null && idle.atMostMs < ageMs * 0.9) return [];
    return [
      probeFinding("lifetime_cap", {
        title: `A ${idleNames[of]} ends at an age of ${time(ageMs)}, though it was used every ${time(beatMs)}`,
        evidence: [`it ended (${ended}) ${time(silentMs)} after its last byte`],
        advice: [
          `Raise the limit of age (GCP \`timeoutSec\`, ALB \`client_keep_alive.seconds\`), or let clients reconnect at ${time(ageMs * 0.9)} at the latest.`,
        ],
      }),
    ];
  });

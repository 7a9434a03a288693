/**
 * What many connections that sat still say together: the longest silence that was survived and the shortest that was not. Pure. It never claims
 * more than was seen, and where connections contradict each other, the shorter life counts: whoever is to survive must survive all.
 */
import type { Ending } from "@holdfast/path";
import type { IdleFact } from "../facts.ts";

/** One connection after one silence. */
export interface Observation {
  readonly silentMs: number;
  readonly outcome: "alive" | Ending;
  /** The other side ended it by itself, at that moment; else it was found out by writing. */
  readonly active: boolean;
  readonly code?: number;
}

export type Bracket = Pick<IdleFact, "atLeastMs" | "atMostMs" | "how" | "seen" | "code" | "spreadMs">;

/** Ends further apart than this, or than a tenth, are not explained by the way there. */
const spreadMsMin = 1_000;

/** `slackMs`: how wrong the moment of an end may be, because bytes take time: a round trip, and the waiting in this process. */
export function bracketOf(observations: readonly Observation[], slackMs: number): Bracket {
  const ends = observations.filter(({ outcome }) => outcome !== "alive").sort((a, b) => a.silentMs - b.silentMs);
  const [first] = ends;
  const survived = observations.filter(({ outcome, silentMs }) => outcome === "alive" && (first === undefined || silentMs < first.silentMs));
  const survivedMs = Math.max(0, ...survived.map(({ silentMs }) => silentMs));
  if (first === undefined) return { atLeastMs: survivedMs, atMostMs: null, how: null, seen: survived.length };
  const how = first.outcome as Ending;
  const alike = ends.filter(({ outcome }) => outcome === how);
  const active = alike.filter((each) => each.active);
  const spreadMs = active.length > 1 ? (active.at(-1) as Observation).silentMs - (active[0] as Observation).silentMs : 0;
  return {
    // Who ended it by itself at that moment had kept it until then.
    atLeastMs: first.active ? Math.max(survivedMs, first.silentMs - slackMs, 0) : survivedMs,
    atMostMs: first.active ? first.silentMs + slackMs : first.silentMs,
    how,
    seen: alike.filter(({ silentMs }) => silentMs <= first.silentMs + Math.max(spreadMsMin, first.silentMs / 10)).length,
    ...(first.code === undefined ? {} : { code: first.code }),
    ...(spreadMs > Math.max(spreadMsMin, first.silentMs / 10) ? { spreadMs } : {}),
  };
}

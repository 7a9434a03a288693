/**
 * The inequalities in words, as data: docs/ladder.md shows them as a table. Letters: U a sender's idle timer, K a receiver's, F the memory
 * of a box below TCP, m the margin, P a wait for an answer, S a silence that ends a stream, h a heartbeat, L an age that ends a connection.
 */
import type { RuleId } from "../plan.ts";
import type { LadderCode } from "./check.ts";

export interface RuleDoc {
  readonly inequality: string;
  readonly what: string;
  readonly codes: readonly LadderCode[];
}

export const ruleDocs: Readonly<Record<RuleId, RuleDoc>> = {
  A1: { inequality: "U + m <= K", what: "Whoever sends the next request gives an idle connection up first", codes: ["keepalive_race"] },
  A2: {
    inequality: "U + m <= F, or probes: delay <= F / 2 and delay + count x interval <= F",
    what: "An idle connection ends before a box below TCP forgets it, or TCP keepalive of either end reminds the box",
    codes: ["flow_forgets"],
  },
  A3: {
    inequality: "sender's age or count < receiver's",
    what: "A limit by age or count is announced in the last answer, or the sender has a lower one",
    codes: ["unannounced_end"],
  },
  A4: {
    inequality: "none: reuse off",
    what: "Where neither side of A1 can give way, no connection is kept, or only what may be repeated is sent",
    codes: ["keepalive_race"],
  },
  A5: { inequality: "U + m + m' <= K behind", what: "One knob for both sides of a hop hands on what the link in front demands of it", codes: ["idle_chain"] },
  B1: {
    inequality: "P inside x tries + round trip + 1 s <= P outside",
    what: "Who is inside gives an answer up first; the wait that counts is the one that is really there",
    codes: ["deadline_order"],
  },
  C1: {
    inequality: "2 x h x 1.1 + late <= S",
    what: "A stream survives one lost beat, a tenth of jitter, a round trip and two late timers",
    codes: ["heartbeat_too_slow"],
  },
  C2: { inequality: "the heartbeat's bytes reset S", what: "Direction and layer of the heartbeat are what the hop counts", codes: ["heartbeat_not_counted"] },
  C3: {
    inequality: "2 x h x 1.1 + round trip <= dead after <= 2 x (2 x h x 1.1 + round trip + 5 s)",
    what: "An end is called dead neither before a beat may have been lost nor long after",
    codes: ["detection_too_early", "detection_too_late"],
  },
  C4: { inequality: "least time between PINGs <= h", what: "A gRPC server suffers its client's PINGs", codes: ["ping_refused"] },
  E1: { inequality: "planned age <= 0.9 x L", what: "A stream moves by plan before a hop ends it for its age", codes: ["lifetime_unplanned"] },
  P1: { inequality: "U + m <= K, age + m <= L", what: "A1 and A3 for pools of database connections", codes: ["pool_outlives"] },
  P2: {
    inequality: "(replicas + surge) x processes x size + others <= limit - reserved",
    what: "All pools together open no more than their other end takes",
    codes: ["pool_too_large"],
  },
  L1: {
    inequality: "1.1 x users x sides <= limit",
    what: "Descriptors, connections of a process and ports are enough for the users of a replica",
    codes: ["limit_too_low"],
  },
  S1: { inequality: "unready + longest request + spread <= grace", what: "A process is given the time that leaving takes", codes: ["grace_too_short"] },
};

/**
 * S1: whoever asks a process to end must wait until the hops before it send it nothing new, what is under way is answered, and its
 * streams have gone elsewhere one after the other. Pure.
 */
import type { DrainPlan } from "../plan.ts";
import { type Check, deployFix, type Ladder, time } from "./check.ts";
import { roundUpMs } from "./margin.ts";

const sumOf = ({ needs }: Ladder): string => `${time(needs.unreadyMs)} + ${time(needs.inFlightMs)} + ${time(needs.spreadMs)}`;

export function planDrain(ladder: Ladder): DrainPlan {
  const { unreadyMs, inFlightMs, spreadMs, terminationGraceMs } = ladder.needs;
  const drainMs = inFlightMs + spreadMs;
  return {
    unreadyMs,
    drainMs,
    terminationGraceMs: Math.max(terminationGraceMs ?? 0, roundUpMs(unreadyMs + drainMs)),
    why: `until no hop sends anything new, the longest request, the streams one after the other: ${sumOf(ladder)}`,
  };
}

/** S1. */
export function grace(ladder: Ladder): Check[] {
  const given = ladder.needs.terminationGraceMs;
  if (given === null) return [];
  const { unreadyMs, inFlightMs, spreadMs } = ladder.needs;
  const needed = unreadyMs + inFlightMs + spreadMs;
  return [
    {
      rule: "S1",
      code: "grace_too_short",
      severity: "error",
      where: "deploy",
      title: `A process is killed ${time(given)} after it was asked to end, with requests and streams still on it: leaving takes ${time(needed)}`,
      inequality: `${sumOf(ladder)} <= ${time(given)}`,
      operands: [],
      missing: needed - given,
      fixes: [deployFix("terminationGraceMs", roundUpMs(needed), "a deploy takes longer")],
    },
  ];
}

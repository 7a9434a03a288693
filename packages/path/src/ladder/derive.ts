/**
 * The set of values that violates nothing: fixes are applied, from the user inward, until no inequality is broken. Pure.
 * It never undoes what it did: a knob that was raised for one link is not lowered for another, so two wishes that exclude each other end
 * as something that no value can mend, and are said so.
 */
import type { DeclaredHop, DeclaredPath } from "../declared.ts";
import type { Value } from "../knob.ts";
import { msOf } from "../links.ts";
import type { Derived, Fix, Setting } from "../plan.ts";
import type { Check, Ladder } from "./check.ts";

/** Each step moves one knob towards one side; a path of fifty hops needs fewer. */
const stepsMax = 1_000;

export interface Settled {
  readonly path: DeclaredPath;
  readonly ladder: Ladder;
  readonly checks: readonly Check[];
  readonly impossible: readonly string[];
}

/** `judge` resolves a path and holds it against all rules. */
export function settle(path: DeclaredPath, judge: (path: DeclaredPath) => { readonly ladder: Ladder; readonly checks: readonly Check[] }): Settled {
  const moved = new Map<string, "up" | "down" | "set">();
  let settled = path;
  let judged = judge(settled);
  for (let step = 0; step < stepsMax; step++) {
    const fix = nextFix(judged.checks, judged.ladder, moved);
    if (fix === null) break;
    moved.set(keyOf(fix), directionOf(fix, judged.ladder));
    settled = apply(settled, fix);
    judged = judge(settled);
  }
  const impossible = judged.checks
    .filter(({ missing }) => missing > 0)
    .map(({ rule, where, title, inequality }) => `${rule}, ${where}: ${title} (${inequality} can not be had)`);
  return { path: settled, ...judged, impossible };
}

const keyOf = ({ hop, knob }: Pick<Fix, "hop" | "knob">): string => `${hop}\n${knob}`;

/** The first fix of the first broken inequality that undoes nothing. */
function nextFix(checks: readonly Check[], ladder: Ladder, moved: ReadonlyMap<string, "up" | "down" | "set">): Fix | null {
  for (const { missing, fixes } of checks) {
    if (missing <= 0) continue;
    const fix = fixes.find((candidate) => {
      const before = moved.get(keyOf(candidate));
      return before === undefined || (before !== "set" && before === directionOf(candidate, ladder));
    });
    if (fix !== undefined) return fix;
  }
  return null;
}

function directionOf(fix: Fix, ladder: Ladder): "up" | "down" | "set" {
  const standing = standingOf(fix, ladder);
  if (typeof fix.value !== "number") return "set";
  return fix.value > (standing === undefined ? Number.POSITIVE_INFINITY : msOf(standing)) ? "up" : "down";
}

function standingOf({ hop, knob }: Fix, ladder: Ladder): Value | undefined {
  if (hop === "streams") return streamKeys[knob] === undefined ? undefined : ladder.streams[streamKeys[knob]];
  if (hop === "deploy") return (ladder.needs as Readonly<Record<string, number | null>>)[knob] ?? undefined;
  return ladder.hops.find(({ name }) => name === hop)?.settings.find((setting) => setting.knob.name === knob)?.value;
}

const streamKeys: Readonly<Record<string, "heartbeatMs" | "heartbeatOf" | "deadAfterMs" | "reconnectMs">> = {
  heartbeat: "heartbeatMs",
  heartbeatOf: "heartbeatOf",
  deadAfter: "deadAfterMs",
  reconnect: "reconnectMs",
};

/** The path with one value changed. */
export function apply(path: DeclaredPath, { hop, knob, value }: Pick<Fix, "hop" | "knob" | "value">): DeclaredPath {
  if (hop === "streams") return { ...path, streams: { ...path.streams, [streamKeys[knob] as string]: value } };
  if (hop === "deploy") return { ...path, needs: { ...path.needs, [knob]: value as number } };
  return {
    ...path,
    hops: path.hops.map((declared): DeclaredHop => (declared.name === hop ? { ...declared, values: { ...declared.values, [knob]: value } } : declared)),
  };
}

/** What to write, hop by hop: every timer and limit that an inequality speaks of and that somebody can set. */
export function derivedOf(before: Ladder, { ladder, checks }: Settled): Derived[] {
  return ladder.hops.flatMap(({ name, settings }) =>
    settings.flatMap((setting): Derived[] => {
      const reason = checks.find(({ operands }) => operands.some(({ hop, knob }) => hop === name && knob === setting.knob));
      const stood = before.hops.find((hop) => hop.name === name)?.settings.find(({ knob }) => knob.name === setting.knob.name);
      const changed = stood?.value !== setting.value;
      if ((reason === undefined && !changed) || setting.knob.fixed === true) return [];
      return [derived(setting, reason ?? null, changed)];
    }),
  );
}

function derived({ hop, knob, value }: Setting, reason: Check | null, changed: boolean): Derived {
  const rule = reason?.rule ?? "A1";
  const why = reason === null ? "switches on what the ladder relies on" : `${reason.where}: ${reason.inequality}`;
  return { hop, knob: knob.name, value, unit: knob.unit, rule, why, changed };
}

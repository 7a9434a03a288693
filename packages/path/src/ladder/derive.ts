/**
 * The set of values that violates nothing: fixes are applied, from the user inward, until no inequality is broken. Pure.
 * It never undoes what it did: a knob that was raised for one link is not lowered for another, so two wishes that exclude each other end
 * as something that no value can mend, and are said so.
 */
import type { DeclaredHop, DeclaredPath } from "../declared.ts";
import type { Value } from "../knob.ts";
import { msOf } from "../links.ts";
import type { Derived, Fix } from "../plan.ts";
import type { Check, Ladder } from "./check.ts";

/** Each step moves one knob towards one side; a path of fifty hops needs fewer. */
const stepsMax = 1_000;
/** So often one knob is moved in a pass; two that chase each other stop here. */
const movesMax = 8;

export interface Settled {
  readonly path: DeclaredPath;
  readonly ladder: Ladder;
  readonly checks: readonly Check[];
  /** For which broken inequality a value was changed, by hop and knob. */
  readonly reasons: ReadonlyMap<string, Check>;
  readonly impossible: readonly string[];
}

export interface Judged {
  readonly ladder: Ladder;
  readonly checks: readonly Check[];
}

/** Resolves a path and holds it against all rules. */
export type Judge = (path: DeclaredPath) => Judged;

/**
 * Where two wishes exclude each other a pass may break one thing in the place of another, and the next pass the reverse, for ever. So a pass
 * counts only if it leaves less broken than there was: planning what was planned changes nothing.
 */
export function settle(path: DeclaredPath, judge: Judge, judged = judge(path)): Settled {
  let settled: Settled = { path, ...judged, reasons: new Map(), impossible: brokenWords(judged.checks) };
  for (;;) {
    const weight = weightOf(settled.checks);
    if (weight === 0) return settled;
    const next = pass(settled, judge);
    if (weightOf(next.checks) >= weight) return settled;
    settled = next;
  }
}

/** One error weighs more than any number of warnings, one warning more than any number of notes. */
const weights = { error: 1_000_000, warning: 1_000, info: 1 } as const;
const weightOf = (checks: readonly Check[]): number => checks.reduce((sum, { missing, severity }) => sum + (missing > 0 ? weights[severity] : 0), 0);

const brokenWords = (checks: readonly Check[]): string[] =>
  checks.filter(({ missing }) => missing > 0).map(({ rule, where, title, inequality }) => `${rule}, ${where}: ${title} (${inequality} can not be had)`);

/** Judging is most of the work, so what stands is not judged twice. */
function pass(before: Settled, judge: Judge): Settled {
  const moved = new Map<string, Moved>();
  const reasons = new Map(before.reasons);
  let settled = before.path;
  let judged: Judged = before;
  for (let step = 0; step < stepsMax; step++) {
    const next = nextFix(judged.checks, judged.ladder, moved);
    if (next === null) break;
    const { fix, check } = next;
    moved.set(keyOf(fix), { direction: directionOf(fix, judged.ladder), times: (moved.get(keyOf(fix))?.times ?? 0) + 1 });
    reasons.set(keyOf(fix), check);
    settled = apply(settled, fix);
    judged = judge(settled);
  }
  return { path: settled, ladder: judged.ladder, checks: judged.checks, reasons, impossible: brokenWords(judged.checks) };
}

/** Which way a knob went in this pass, and how often. */
interface Moved {
  readonly direction: "up" | "down" | "set";
  readonly times: number;
}

const keyOf = ({ hop, knob }: Pick<Fix, "hop" | "knob">): string => `${hop}\n${knob}`;

/** The first fix of the first broken inequality that undoes nothing. */
function nextFix(checks: readonly Check[], ladder: Ladder, moved: ReadonlyMap<string, Moved>): { fix: Fix; check: Check } | null {
  for (const check of checks) {
    if (check.missing <= 0) continue;
    const fix = check.fixes.find((candidate) => {
      const before = moved.get(keyOf(candidate));
      return before === undefined || (before.direction !== "set" && before.times < movesMax && before.direction === directionOf(candidate, ladder));
    });
    if (fix !== undefined) return { fix, check };
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
export function derivedOf(before: Ladder, { ladder, checks, reasons }: Settled): Derived[] {
  return ladder.hops.flatMap(({ name, settings }) =>
    settings.flatMap(({ knob, value }): Derived[] => {
      const check = checks.find(({ operands }) => operands.some((operand) => operand.hop === name && operand.knob === knob));
      const reason = check ?? reasons.get(keyOf({ hop: name, knob: knob.name }));
      if (reason === undefined || knob.fixed === true) return [];
      const stood = before.hops.find((hop) => hop.name === name)?.settings.find((setting) => setting.knob.name === knob.name);
      const why = check === undefined ? `${reason.where}: in place of ${reason.inequality}` : `${check.where}: ${check.inequality}`;
      return [{ hop: name, knob: knob.name, value, unit: knob.unit, rule: reason.rule, why, changed: stood?.value !== value }];
    }),
  );
}

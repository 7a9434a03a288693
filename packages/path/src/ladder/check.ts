/**
 * One inequality of the ladder, held against the figures of a path. A rule makes checks; those that do not hold are violations. Pure.
 */
import type { DeclaredPath, DeclaredStreams } from "../declared.ts";
import { formatDuration } from "../duration.ts";
import type { Grade, Value } from "../knob.ts";
import type { Fix, Link, ResolvedHop, RuleId, Setting, Severity, Violation } from "../plan.ts";
import type { Needs } from "./needs.ts";

/** What the rules look at. */
export interface Ladder {
  readonly path: DeclaredPath;
  readonly hops: readonly ResolvedHop[];
  readonly links: readonly Link[];
  readonly streams: DeclaredStreams;
  readonly needs: Needs;
}

/** `missing` of at most 0: it holds. */
export interface Check {
  readonly rule: RuleId;
  readonly code: LadderCode;
  readonly severity: Severity;
  readonly where: string;
  readonly title: string;
  readonly inequality: string;
  readonly operands: readonly Setting[];
  readonly missing: number;
  readonly fixes: readonly Fix[];
}

export type Rule = (ladder: Ladder) => readonly Check[];

export type LadderCode =
  | "keepalive_race"
  | "flow_forgets"
  | "unannounced_end"
  | "idle_chain"
  | "deadline_order"
  | "heartbeat_too_slow"
  | "heartbeat_not_counted"
  | "detection_too_late"
  | "detection_too_early"
  | "ping_refused"
  | "lifetime_unplanned"
  | "pool_outlives"
  | "pool_too_large"
  | "limit_too_low"
  | "grace_too_short";

/** Best first. */
const grades: readonly Grade[] = ["measured", "read", "secondary", "unverified"];

export const worstGrade = (settings: readonly Setting[]): Grade => grades[Math.max(0, ...settings.map(({ knob }) => grades.indexOf(knob.grade)))] as Grade;

/** What nobody has verified never makes an error. */
export function violationOf(check: Check): Violation {
  const grade = worstGrade(check.operands);
  const severity = grade === "unverified" && check.severity === "error" ? "warning" : check.severity;
  return { ...check, severity, grade };
}

/** A time for an inequality, "never" included. */
export const time = (value: Value | number): string =>
  typeof value === "number" ? (Number.isFinite(value) ? formatDuration(Math.round(value)) : "never") : String(value);

/** Whether a written value would be one of this knob's, so that a fix never names one that the hop refuses. */
export const canBe = ({ knob }: Setting, value: number): boolean =>
  knob.fixed !== true && Number.isFinite(value) && value >= (knob.min ?? 0) && value <= (knob.max ?? Number.POSITIVE_INFINITY);

/** A value for a knob of the path. */
export const fixOf = ({ hop, knob }: Setting, value: Value, cost: string): Fix => ({ hop, knob: knob.name, value, unit: knob.unit, cost });

/** A value for what the path's owner decides about streams. */
export const streamFix = (knob: "heartbeat" | "heartbeatOf" | "deadAfter" | "reconnect", value: Value, cost: string): Fix => ({
  hop: "streams",
  knob,
  value,
  unit: knob === "heartbeatOf" ? "word" : "ms",
  cost,
});

/** A value for what the path's owner decides about deploys. */
export const deployFix = (knob: "answerMs" | "terminationGraceMs", value: number, cost: string): Fix => ({ hop: "deploy", knob, value, unit: "ms", cost });

/** `nginx -> node`. */
export const between = ({ sender, receiver }: Link): string => `${sender.name} -> ${receiver.name}`;

/**
 * The sheet that all parts of the picture are drawn on: where each hop stands, which number a violation has, and which measurements there are.
 */
import type { Derived, Link, Plan, ResolvedHop, Setting, Severity, Violation } from "../plan.ts";

/** What the doctor measured: for how long something idle survived. `hop`: who ended it, by its name in the plan; null: unknown. */
export interface MeasuredIdle {
  readonly hop: string | null;
  /** `http1`, `http2`, `websocket`, `event-stream`, `tcp`. */
  readonly of: string;
  readonly atLeastMs: number;
  /** Null: nothing ended within the time that there was. */
  readonly atMostMs: number | null;
}

export interface Sheet {
  readonly plan: Plan;
  readonly measured: readonly MeasuredIdle[];
  readonly width: number;
  /** Middle of a hop's bar; of a box below TCP, its place between two of them. */
  x(hop: string): number;
  /** From one hop's middle to the next. */
  readonly gap: number;
}

/** Half the width of a hop's bar. */
export const bodyHalf = 7;
export const axisX = 58;
const widthMin = 960;
const firstX = 124;
/** Right of the last hop: the names of lines that cross the whole path. */
const gutter = 160;
const gapMin = 104;

export function sheetOf(plan: Plan, measured: readonly MeasuredIdle[]): Sheet {
  const row = rowOf(plan);
  const between = Math.max(1, row.length - 1);
  const width = Math.max(widthMin, firstX + between * gapMin + gutter);
  const gap = (width - firstX - gutter) / between;
  const places = new Map(row.map((hop, i) => [hop.name, firstX + i * gap]));
  for (const { sender, boxes } of plan.links) {
    for (const [i, box] of boxes.entries()) places.set(box.name, (places.get(sender.name) ?? firstX) + ((i + 1) * gap) / (boxes.length + 1));
  }
  return { plan, measured, width, gap, x: (hop) => Number((places.get(hop) ?? firstX).toFixed(1)) };
}

/** The hops that speak, boxes below TCP left out. */
export function rowOf(plan: Plan): readonly ResolvedHop[] {
  const boxes = new Set(plan.links.flatMap((link) => link.boxes.map(({ name }) => name)));
  return plan.hops.filter(({ name }) => !boxes.has(name));
}

export const numberOf = (plan: Plan, violation: Violation): number => plan.violations.indexOf(violation) + 1;

export const isSame = (a: Setting, b: Setting): boolean => a.hop === b.hop && a.knob.name === b.knob.name;

/** Violations that this timer takes part in. */
export const brokenBy = (plan: Plan, setting: Setting): Violation[] =>
  plan.violations.filter(({ operands }) => operands.some((other) => isSame(other, setting)));

/** Violations of the order of a link's own timers. */
export function brokenOrder(plan: Plan, { senderIdle, receiverIdle }: Link): Violation[] {
  if (senderIdle === null || receiverIdle === null) return [];
  return brokenBy(plan, senderIdle).filter(({ operands }) => operands.some((other) => isSame(other, receiverIdle)));
}

/** What the plan would set this timer to; null where it may stay. */
export const targetOf = (plan: Plan, setting: Setting): Derived | null =>
  plan.derived.find(({ hop, knob, changed }) => changed && hop === setting.hop && knob === setting.knob.name) ?? null;

const order: readonly Severity[] = ["error", "warning", "info"];
/** The look of the worst of them; `ok` without any. */
export const worst = (violations: readonly Violation[]): Severity | "ok" =>
  order.find((severity) => violations.some((one) => one.severity === severity)) ?? "ok";

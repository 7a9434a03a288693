/**
 * Plans written by hand, for tests of what is made from a plan: no rule is computed here, so that a picture or a configuration is judged alone.
 */
import type { Knob, Product, ProductKind, Side, TimerClass, Value } from "../../src/knob.ts";
import type { Derived, Link, Plan, ResolvedHop, Setting, StreamPlan, Violation } from "../../src/plan.ts";

export interface HandKnob {
  readonly value: Value;
  readonly classes?: readonly TimerClass[];
  readonly side?: Side;
  readonly unit?: Knob["unit"];
}

const unitOf = (value: Value): Knob["unit"] => (typeof value === "boolean" ? "switch" : value === "never" || typeof value === "number" ? "ms" : "word");

export function hop(
  name: string,
  kind: ProductKind,
  knobs: Readonly<Record<string, HandKnob>>,
  more: Omit<Partial<ResolvedHop>, "product"> & { readonly product?: Partial<Product> } = {},
): ResolvedHop {
  const settings = Object.entries(knobs).map(([knobName, { value, classes = ["A"] as const, side = "both", unit = unitOf(value) }]): Setting => {
    const knob: Knob = { name: knobName, classes, side, unit, default: value, grade: "measured", source: "by hand", date: "2026-11" };
    return { hop: name, knob, value, from: "declared", place: null };
  });
  const product: Product = { id: name, name, kind, managed: false, granularityMs: 1, version: null, knobs: settings.map(({ knob }) => knob), ...more.product };
  return { name, version: null, replicas: 1, processes: 1, settings, ...more, product };
}

export function settingOf(one: ResolvedHop, knob: string): Setting {
  const found = one.settings.find((setting) => setting.knob.name === knob);
  if (found === undefined) throw new Error(`${one.name} has no ${knob}`);
  return found;
}

/** `idle`: names of the sender's and the receiver's timer; null where there is none. */
export function link(sender: ResolvedHop, receiver: ResolvedHop, idle: readonly [string | null, string | null], more: Partial<Link> = {}): Link {
  const of = (one: ResolvedHop, knob: string | null): Setting | null => (knob === null ? null : settingOf(one, knob));
  return {
    sender,
    receiver,
    boxes: [],
    rttMs: 200,
    reuse: true,
    senderIdle: of(sender, idle[0]),
    receiverIdle: of(receiver, idle[1]),
    flowIdle: null,
    receiverBufferMs: 0,
    ...more,
  };
}

export interface HandPlan {
  readonly hops: readonly ResolvedHop[];
  readonly links?: readonly Link[];
  readonly violations?: readonly Violation[];
  readonly derived?: readonly Derived[];
  readonly streams?: Partial<StreamPlan>;
  readonly pools?: Plan["pools"];
}

export const plan = ({ hops, links = [], violations = [], derived = [], streams = {}, pools = [] }: HandPlan): Plan => ({
  hops,
  links,
  violations,
  derived,
  streams: {
    silenceMs: 60_000,
    limitedBy: null,
    heartbeatMs: 25_000,
    heartbeatMaxMs: 25_000,
    heartbeatOf: "a comment from the server",
    deadAfterMs: 56_000,
    reconnectMs: null,
    lifetimeLimitedBy: null,
    ...streams,
  },
  pools,
  drain: { unreadyMs: 0, drainMs: 30_000, terminationGraceMs: 40_000, why: "by hand" },
  impossible: [],
});

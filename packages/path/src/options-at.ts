/**
 * The options of a part that stands in a declared path itself: guard, the server, a pool. The other hops are what they are declared to be;
 * only this one gives way. An option that was given and breaks the ladder is refused with the inequality, never quietly replaced. Pure.
 */
import type { DeclaredHop, DeclaredPath } from "./declared.ts";
import { holdfastGuard, holdfastPool, holdfastServer } from "./hops/holdfast.ts";
import { findProduct } from "./hops/index.ts";
import type { Product, Value } from "./knob.ts";
import { apply } from "./ladder/derive.ts";
import { planPath, violationsOf } from "./ladder/index.ts";
import { PathError } from "./path-error.ts";
import type { Fix, Link, Plan, Violation } from "./plan.ts";
import { formatValue } from "./resolve.ts";

/** Options of whatever stands in a path itself. */
export interface PathOptions {
  /** The path from users to what is behind this process, as `holdfast plan` reads it; its part that does not concern is passed over. Options that are not given follow from it. */
  readonly path?: DeclaredPath | undefined;
  /** The hop that this process is. Default: the first that runs an application. */
  readonly hop?: string | undefined;
}

export interface PartInPath {
  readonly path: DeclaredPath;
  /** The hop that this process is. Default: the first one that runs an application. */
  readonly hop?: string | undefined;
  readonly as: "guard" | "server" | "pool";
  /** What was set explicitly, by the options' names. */
  readonly given: Readonly<Record<string, unknown>>;
  /** What the part does without being told, where that is something else than the hop database has. */
  readonly defaults?: Readonly<Record<string, Value>>;
}

export interface OptionsAt {
  /** The options that follow from the path. Those that were given are not among them. */
  readonly options: Readonly<Record<string, Value>>;
  /** The link that they are for; null where nothing stands there. */
  readonly link: Link | null;
  /** What else the path breaks, where this process can not mend it: one sentence each. */
  readonly remarks: readonly string[];
  readonly plan: Plan;
}

interface Part {
  readonly product: Product;
  /** Which end of its link it is. */
  readonly end: "receiver" | "sender";
  /** The timer of class A, and the value from which the ladder moves it to the one that is needed. */
  readonly idle: { readonly option: string; readonly from: Value };
}

const parts: Readonly<Record<PartInPath["as"], Part>> = {
  guard: { product: holdfastGuard, end: "receiver", idle: { option: "keepAliveMs", from: 1 } },
  server: { product: holdfastServer, end: "receiver", idle: { option: "keepAliveMs", from: 1 } },
  pool: { product: holdfastPool, end: "sender", idle: { option: "idleMs", from: "never" } },
};

/** Each step sets another knob of one hop, or moves it on. */
const stepsMax = 100;

/** What follows for the part's options. Throws PathError where it does not stand in the path, and where a given option contradicts it. */
export function optionsAt({ path, hop, as, given, defaults = {} }: PartInPath): OptionsAt {
  const part = parts[as];
  const at = indexOf(path, hop);
  const name = (path.hops[at] as DeclaredHop).name;
  const knobs = new Set(part.product.knobs.map((knob) => knob.name));
  const values = Object.fromEntries(Object.entries(given).filter(([option, value]) => knobs.has(option) && value !== undefined)) as Record<string, Value>;
  const start: Readonly<Record<string, Value>> = { ...defaults, [part.idle.option]: part.idle.from, ...values };
  const own: DeclaredHop = { ...(path.hops[at] as DeclaredHop), product: part.product.id, values: start };
  const hops = part.end === "receiver" ? [...path.hops.slice(0, at), own] : [own, ...path.hops.slice(at + 1)];
  const mine = { ...path, hops, ...streamsOf(path, given) };
  const isFree = (fix: Fix): boolean => (fix.hop === name || fix.hop === "streams") && given[fix.knob === "heartbeat" ? "heartbeatMs" : fix.knob] === undefined;
  const { settled, plan } = settleOwn(mine, isFree);
  for (const violation of plan.violations) refuse(violation, name, given);
  const link = plan.links.find((each) => each[part.end].name === name) ?? null;
  const settledValues = settled.hops.find((each) => each.name === name)?.values ?? {};
  const options = Object.fromEntries(Object.entries(settledValues).filter(([knob, value]) => !(knob in values) && value !== start[knob]));
  return {
    options: as === "server" && given["heartbeatMs"] === undefined ? { ...options, heartbeatMs: plan.streams.heartbeatMs } : options,
    link,
    remarks: plan.violations
      .filter(({ severity }) => severity !== "info")
      .map(({ rule, where, title, inequality }) => `${rule}, ${where}: ${title} (${inequality})`),
    plan,
  };
}

/** A heartbeat that was given counts as the path's. */
function streamsOf(path: DeclaredPath, given: Readonly<Record<string, unknown>>): Pick<DeclaredPath, "streams"> {
  const heartbeatMs = given["heartbeatMs"];
  if (typeof heartbeatMs === "number") return { streams: { ...path.streams, heartbeatMs } };
  return path.streams === undefined ? {} : { streams: path.streams };
}

function indexOf(path: DeclaredPath, hop: string | undefined): number {
  const names = path.hops.map(({ name }) => name).join(", ");
  const at =
    hop === undefined
      ? path.hops.findIndex(({ product }) => (path.products?.[product] === undefined ? findProduct(product)?.kind === "runtime" : false))
      : path.hops.findIndex(({ name }) => name === hop);
  if (at >= 0) return at;
  const expected =
    hop === undefined ? "a hop that runs an application (node, holdfast), or `hop` to name the one that this process is" : `one of ${names || "its hops"}`;
  throw new PathError({ hop: null, knob: "hop", expected, got: hop ?? (names || "a path without hops") });
}

/** Lets this hop alone give way, until it has done what it can. */
function settleOwn(path: DeclaredPath, isFree: (fix: Fix) => boolean): { settled: DeclaredPath; plan: Plan } {
  let settled = path;
  for (let step = 0; step < stepsMax; step++) {
    const fix = violationsOf(settled)
      .flatMap(({ fixes }) => fixes)
      .find((each) => isFree(each) && !holdsAlready(settled, each));
    if (fix === undefined) break;
    settled = apply(settled, fix);
  }
  return { settled, plan: planPath(settled) };
}

const holdsAlready = (path: DeclaredPath, { hop, knob, value }: Fix): boolean => path.hops.find(({ name }) => name === hop)?.values[knob] === value;

/** A given option of ours that takes part in a broken inequality. What was said explicitly is not overruled: it is refused. */
function refuse({ severity, rule, where, inequality, operands, fixes }: Violation, name: string, given: Readonly<Record<string, unknown>>): void {
  if (severity === "info") return;
  const option =
    operands.find(({ hop, knob }) => hop === name && given[knob.name] !== undefined)?.knob.name ?? (isHeartbeat(rule, given) ? "heartbeatMs" : null);
  if (option === null) return;
  const better = fixes.find(({ hop, knob }) => (hop === name && knob === option) || (hop === "streams" && knob === "heartbeat"));
  const advice = better === undefined ? "" : `, such as ${better.value}${better.unit === "ms" ? ` (${formatValue(better.unit, better.value)})` : ""}`;
  throw new PathError({
    hop: name,
    knob: option,
    expected: `a value that keeps ${rule} on ${where}${advice}: ${inequality} does not hold`,
    got: String(given[option]),
  });
}

const isHeartbeat = (rule: string, given: Readonly<Record<string, unknown>>): boolean => (rule === "C1" || rule === "C4") && given["heartbeatMs"] !== undefined;

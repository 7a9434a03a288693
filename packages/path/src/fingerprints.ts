/**
 * Which hop may it be? A silence that ended a connection, held against the defaults of the hop database: products and knobs, most likely first.
 * Nothing is known here that a row of the database does not say, but for how common products are. It names suspects, never culprits.
 */
import { products } from "./hops/index.ts";
import type { Ending, Grade, Knob, Layer, Product, TimerClass, Value, VersionedDefault } from "./knob.ts";

/** What was silent. http1 and http2: a kept connection without an open request. */
export type SilentKind = "http1" | "http2" | "websocket" | "event-stream" | "grpc" | "tcp";

/** A silence as it was measured. */
export interface Silence {
  readonly of: SilentKind;
  /** The longest silence that was survived, and the shortest that was not. A silence seen once is both. */
  readonly atLeastMs: number;
  readonly atMostMs: number;
  /** How far both may be off; 1 s unless said otherwise. */
  readonly toleranceMs?: number;
  readonly how?: Ending | null;
  /** The lowest layer of which bytes kept the connection; null or absent: not tried. */
  readonly layer?: Layer | null;
  /** Of an answer that came over the same path, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ids of products that are known to stand on this path. */
  readonly products?: readonly string[];
  /** Which end of the connection saw it. A receiver (a server, guard) sees the timers of the pool before it. Default: sender. */
  readonly seenBy?: "sender" | "receiver";
}

/** One explanation. */
export interface Suspect {
  readonly product: string;
  readonly name: string;
  readonly knob: string;
  readonly valueMs: number;
  /** The versions that have this default; null: all that are known. */
  readonly versions: string | null;
  readonly grade: Grade;
  /** The higher, the likelier; only good for comparing suspects of one silence. */
  readonly score: number;
  /** What speaks for it and against it, in words. */
  readonly because: readonly string[];
}

const toleranceMsDefault = 1_000;
/** More than these help nobody. */
const suspectsMax = 12;

/** The products that most paths have, most common first: decides between equals only. */
const common = ["nginx", "aws-alb", "node", "cloudflare", "haproxy", "envoy", "aws-nlb", "aws-nat-gateway", "azure-lb", "gcp-alb", "ingress-nginx", "caddy"];

/** Classes of timers that end such a connection. */
const classesOf: Readonly<Record<SilentKind, readonly TimerClass[]>> = {
  http1: ["A", "D"],
  http2: ["A", "D"],
  websocket: ["C", "D"],
  "event-stream": ["C", "D"],
  grpc: ["C", "D"],
  tcp: ["C", "D"],
};

/** Suspects for a silence, most likely first; none where no default of the database comes near it. */
export function suspectsOf(silence: Silence): Suspect[] {
  const suspects = Object.values(products).flatMap((product) => product.knobs.flatMap((knob) => suspectsIn(product, knob, silence)));
  return suspects.sort((a, b) => b.score - a.score || rank(a.product) - rank(b.product) || a.valueMs - b.valueMs).slice(0, suspectsMax);
}

function suspectsIn(product: Product, knob: Knob, silence: Silence): Suspect[] {
  if (!canEnd(knob, silence)) return [];
  const lateMs = product.granularityMs + bufferMs(product, knob);
  const tolerance = silence.toleranceMs ?? toleranceMsDefault;
  return defaultsOf(knob).flatMap(({ value, versions }) => {
    if (typeof value !== "number" || value <= 0) return [];
    if (value > silence.atMostMs + tolerance || value + lateMs < silence.atLeastMs - tolerance) return [];
    const { score, because } = weigh(product, knob, value, lateMs, silence);
    return [{ product: product.id, name: product.name, knob: knob.name, valueMs: value, versions, grade: knob.grade, score, because }];
  });
}

function canEnd(knob: Knob, { of, seenBy = "sender" }: Silence): boolean {
  if (knob.unit !== "ms" || !knob.classes.some((word) => classesOf[of].includes(word))) return false;
  if (of !== "http1" && of !== "http2") return knob.streams?.includes(of) ?? true;
  const [near, far] = seenBy === "sender" ? ["client", "server"] : ["server", "client"];
  return knob.side !== far && (knob.side === near || knob.side === "both" || knob.side === "through");
}

function weigh(product: Product, knob: Knob, value: number, lateMs: number, silence: Silence): Pick<Suspect, "score" | "because"> {
  const because: string[] = [];
  let score = 0;
  const count = (points: number, reason: string): void => {
    score += points;
    because.push(reason);
  };
  const midMs = (silence.atLeastMs + silence.atMostMs) / 2;
  const offMs = midMs < value ? value - midMs : Math.max(0, midMs - value - lateMs);
  score += 1 / (1 + offMs / 250);
  if (silence.products?.includes(product.id)) count(6, "it stands on this path");
  const shown = headerOf(product, silence.headers ?? {});
  if (shown !== null) count(4, `the answer has ${shown}`);
  if (silence.how && knob.ends !== undefined) {
    if (knob.ends.includes(silence.how)) count(2, `it ends connections so (${silence.how})`);
    else count(-3, `it ends connections otherwise (${knob.ends.join(", ")})`);
  }
  if (silence.layer && knob.resetBy !== undefined) {
    if (knob.resetBy.layer === silence.layer) count(2, `the same bytes reset it (${silence.layer})`);
    else count(-2, `other bytes reset it (${knob.resetBy.layer})`);
  }
  if (knob.grade === "unverified") count(-1, "its default is not verified");
  return { score: Math.round(score * 100) / 100, because };
}

/** The header by which the answer gives the product away; null: none does. */
export function headerOf(product: Product, headers: Readonly<Record<string, string>>): string | null {
  for (const [name, pattern] of Object.entries(product.headers ?? {})) {
    const value = headers[name];
    if (value !== undefined && new RegExp(pattern, "i").test(value)) return `${name}: ${value}`;
  }
  return null;
}

/** The products that an answer's headers give away. */
export const productsIn = (headers: Readonly<Record<string, string>>): string[] =>
  Object.values(products)
    .filter((product) => headerOf(product, headers) !== null)
    .map(({ id }) => id);

/** What is added to an idle timer of the same side (Node's keepAliveTimeoutBuffer). */
function bufferMs(product: Product, knob: Knob): number {
  if (!knob.classes.includes("A")) return 0;
  const buffer = product.knobs.find(({ role, side }) => role === "buffer" && side === knob.side)?.default;
  return typeof buffer === "number" ? buffer : 0;
}

/** Every default that a knob has in some version. */
export function defaultsOf(knob: Knob): { readonly value: Value; readonly versions: string | null }[] {
  if (!Array.isArray(knob.default)) return [{ value: knob.default as Value, versions: null }];
  return (knob.default as readonly VersionedDefault[]).map(({ since, before, value }) => ({
    value,
    versions: [since === undefined ? "" : `since ${since}`, before === undefined ? "" : `before ${before}`].filter(Boolean).join(", ") || null,
  }));
}

const rank = (product: string): number => (common.includes(product) ? common.indexOf(product) : common.length);

/**
 * What several diagnoses say alike: makes findings of the catalogue, names who a timer looks like, and computes a heartbeat. Pure.
 */
import {
  findingMaker,
  formatDuration,
  heartbeatFor,
  type Knob,
  type Layer,
  probeFindings,
  products,
  type StreamKind,
  type Suspect,
  suspectsOf,
  type TimerClass,
} from "@holdfast/path";
import type { Facts, IdleFact, IdleOf } from "../facts.ts";
import { endOf, idleNames, movingNames, spanOf, time } from "../words.ts";

export const probeFinding = findingMaker(probeFindings);

export { time };

/** The idle fact of a transport on which nothing moved, when its timer is known. */
export function endedIdle(facts: Facts, of: IdleOf): (IdleFact & { readonly atMostMs: number }) | null {
  const fact = facts.idle.find((each) => each.of === of && each.moving === "nothing");
  return fact !== undefined && fact.atMostMs !== null ? { ...fact, atMostMs: fact.atMostMs } : null;
}

/** The rows of the reset matrix of a transport. */
export const rowsOf = (facts: Facts, of: IdleOf): IdleFact[] => facts.idle.filter((each) => each.of === of && each.moving !== "nothing");

/** The lowest layer of which bytes reset the timer, as the matrix shows; null: it does not. */
function layerOf(facts: Facts, of: IdleOf): Layer | null {
  const survived = (...moving: readonly IdleFact["moving"][]): boolean => rowsOf(facts, of).some((row) => moving.includes(row.moving) && row.atMostMs === null);
  if (survived("tcp_keepalive")) return "packet";
  return survived("h2_ping", "websocket_ping", "comment", "to_client", "to_server") ? "payload" : null;
}

/** Whose timer it may be, likeliest first. */
export function suspects(facts: Facts, fact: IdleFact & { readonly atMostMs: number }): Suspect[] {
  const { of, atLeastMs, atMostMs, how } = fact;
  const headers = facts.http.known ? facts.http.value.headers : {};
  return suspectsOf({ of, atLeastMs, atMostMs, how, layer: layerOf(facts, of), headers }).slice(0, suspectsMax);
}

const suspectsMax = 3;
/** What a header that names the product adds to the score of the figure. */
const scoreMin = 4;

/** The hop to blame, where more than the figure speaks for it. */
export const culprit = ([first]: readonly Suspect[]): string | null => (first !== undefined && first.score >= scoreMin ? first.name : null);

/** `it looks like nginx proxy_read_timeout (60 s: the answer has server: nginx)`, and what the answers' headers say of who is there. */
export function looksLike(facts: Facts, of: IdleOf, all: readonly Suspect[]): string[] {
  const there = facts.hops.flatMap(({ product, header, value }) => {
    const knobs = product === null ? [] : knobsOf(product, of);
    return knobs.length === 0 || all.some((suspect) => suspect.product === product)
      ? []
      : [`the answers come through ${product} (${header}: ${value}); its timer for this is ${knobs.join(" or ")}`];
  });
  if (all.length === 0) return ["no product of the hop database has such a timer by default: it was set by somebody", ...there];
  const looks = all.map(({ name, knob, valueMs, because }) => {
    const reasons = because.length === 0 ? "" : `: ${because.join(", ")}`;
    return `it looks like ${name} \`${knob}\` (${formatDuration(valueMs)}${reasons})`;
  });
  return [...there, ...looks];
}

/** The knobs of a product that end such a connection towards the user. */
function knobsOf(id: string, of: IdleOf): string[] {
  const classes: readonly TimerClass[] = of === "http1" || of === "http2" ? ["A"] : of === "tcp" ? ["B"] : ["C"];
  const isOne = ({ unit, classes: own, side, streams }: Knob): boolean =>
    unit === "ms" && own.some((each) => classes.includes(each)) && (classes[0] === "C" ? (streams?.includes(of as StreamKind) ?? true) : side !== "server");
  return (products[id]?.knobs ?? [])
    .filter(isOne)
    .slice(0, suspectsMax)
    .map(({ name }) => `\`${name}\``);
}

/** What was seen of the silence, in words. */
export function seenOf(fact: IdleFact): string {
  const by = fact.by === null ? "" : `, by ${fact.by === "between" ? "somebody in between: both ends were ended" : `the ${fact.by}`}`;
  const spread = fact.spreadMs === undefined ? "" : `; the ends came ${time(fact.spreadMs)} apart`;
  return `${idleNames[fact.of]}: survives ${spanOf(fact)} of silence, then ${endOf(fact)}${by} (${fact.seen} times)${spread}`;
}

/** What keeps it, and what does not. */
export function matrixOf(facts: Facts, of: IdleOf): string[] {
  return rowsOf(facts, of).map(
    (row) =>
      `${movingNames[row.moving]}: ${row.atMostMs === null ? `keeps it (open after ${time(row.atLeastMs)})` : `does not keep it (${endOf(row)} after ${time(row.atMostMs)})`}`,
  );
}

/** C1 of docs/ladder.md, and never so short that it would be a flood. */
export const heartbeatMs = (silenceMs: number): number => Math.max(100, heartbeatFor(silenceMs));

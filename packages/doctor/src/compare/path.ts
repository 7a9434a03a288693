/**
 * What was measured, held against a declared path: each figure that both know, and whether they agree. Pure. A bound that was not reached agrees
 * with nothing and contradicts nothing.
 */
import { type DeclaredPath, declaredStreams, findProduct, formatDuration, type Plan, planPath, type Setting, type StreamKind } from "@holdfast/path";
import { heartbeatMs } from "../diagnoses/words.ts";
import type { Facts, IdleFact, IdleOf } from "../facts.ts";
import { idleNames, spanOf, time } from "../words.ts";

export interface Comparison {
  readonly what: string;
  readonly declared: string;
  readonly measured: string;
  /** Null: the measurement did not get so far, or the path does not say. */
  readonly agrees: boolean | null;
  /** The hop whose value it is; null where no single one decides. */
  readonly hop: string | null;
  /** The knob, as the hop calls it. */
  readonly knob: string | null;
}

/** Timers may be late by so much, or by a fiftieth, without being others than declared. */
const lateMs = 1_500;
const latePart = 0.02;

interface Expected {
  readonly ms: number | "never";
  readonly from: Setting | null;
}

/** All that both know. The path begins where the doctor stands: with the user. */
export function compareWithPath(facts: Facts, path: DeclaredPath): Comparison[] {
  const plan = planPath(path);
  return [
    ...keptConnection(facts, plan),
    ...(["websocket", "event-stream"] as const).flatMap((kind) => stream(facts, path, kind)),
    ...deadline(facts, plan),
    ...backend(facts, plan),
    ...strangers(facts, plan),
    ...heartbeat(facts, path),
  ];
}

const still = (facts: Facts, of: IdleOf): IdleFact | null => facts.idle.find((fact) => fact.of === of && fact.moving === "nothing") ?? null;

/** Whether a bracket holds the expected value; null: it ends below it. */
function agreement(atLeastMs: number, atMostMs: number | null, { ms }: Expected): boolean | null {
  if (ms === "never") return atMostMs === null ? null : false;
  const slackMs = Math.max(lateMs, ms * latePart);
  if (atLeastMs > ms + slackMs) return false;
  if (atMostMs === null) return null;
  return ms <= atMostMs + slackMs;
}

function compared(what: string, fact: Pick<IdleFact, "atLeastMs" | "atMostMs">, expected: Expected): Comparison {
  const { from, ms } = expected;
  return {
    what,
    declared: `${formatDuration(ms)}${from === null ? "" : ` (${from.hop}, \`${from.knob.name}\`${from.from === "default" ? ", its default" : ""})`}`,
    measured: spanOf(fact),
    agrees: agreement(fact.atLeastMs, fact.atMostMs, expected),
    hop: from?.hop ?? null,
    knob: from?.knob.name ?? null,
  };
}

function keptConnection(facts: Facts, { links }: Plan): Comparison[] {
  const fact = still(facts, "http1");
  const setting = links[0]?.receiverIdle ?? null;
  if (fact === null || setting === null || links[0] === undefined) return [];
  const ms = typeof setting.value === "number" ? setting.value + links[0].receiverBufferMs : "never";
  return [compared(idleNames.http1, fact, { ms, from: setting })];
}

/** The shortest silence that a stream of this kind survives, as the path says. */
function stream(facts: Facts, path: DeclaredPath, kind: "websocket" | "event-stream"): Comparison[] {
  const fact = still(facts, kind);
  if (fact === null) return [];
  const { silenceMs, limitedBy } = declaredStreams({ ...path, streams: { ...path.streams, kinds: [kind satisfies StreamKind] } });
  return [compared(idleNames[kind], fact, { ms: silenceMs ?? "never", from: limitedBy })];
}

/** Whoever on the way waits least for an answer. */
function deadline(facts: Facts, { hops }: Plan): Comparison[] {
  if (!facts.origin.known || !facts.origin.value.deadline.known) return [];
  const application = hops.findIndex(({ product }) => product.kind === "runtime");
  const waits = hops.slice(0, application === -1 ? hops.length : application).flatMap(({ settings }) => settings.filter(isWait));
  const [from = null] = waits.toSorted((a, b) => Number(a.value) - Number(b.value));
  return [compared("wait for an answer", facts.origin.value.deadline.value, { ms: from === null ? "never" : Number(from.value), from })];
}

const isWait = ({ knob, value }: Setting): boolean =>
  knob.role === "answer" && knob.unit === "ms" && knob.side !== "client" && typeof value === "number" && value > 0;

function backend(facts: Facts, { links }: Plan): Comparison[] {
  const link = links.find(({ receiver }) => receiver.product.kind === "runtime");
  if (link === undefined || link === links[0] || link.reuse === null || !facts.origin.known || !facts.origin.value.backend.known) return [];
  const { reuse } = facts.origin.value.backend.value;
  const declared = link.reuse ? "kept for the next request" : "not kept";
  return [
    {
      what: `connections ${link.sender.name} -> ${link.receiver.name}`,
      declared,
      measured: reuse === "kept" ? "kept for the next request" : reuse === "some" ? "kept for some requests" : "a new one for each request",
      agrees: link.reuse === (reuse !== "never"),
      hop: link.sender.name,
      knob: null,
    },
  ];
}

/** Products that answers give away, and the path does not name. */
function strangers(facts: Facts, { hops }: Plan): Comparison[] {
  const declared = new Set(hops.map(({ product }) => product.id));
  const seen = new Map(facts.hops.flatMap((hint) => (hint.product === null ? [] : [[hint.product, hint] as const])));
  return [...seen].flatMap(([product, { header, value }]) => {
    if (declared.has(product) || hops.some(({ product: { headers } }) => new RegExp(headers?.[header] ?? "^\\b$", "i").test(value))) return [];
    const name = findProduct(product)?.name ?? product;
    return [{ what: `${name} on the way`, declared: "not on the path", measured: `${header}: ${value}`, agrees: false, hop: null, knob: null }];
  });
}

/** Whether the declared heartbeat survives what was measured with one of it lost. */
function heartbeat(facts: Facts, { streams }: DeclaredPath): Comparison[] {
  const declaredMs = streams?.heartbeatMs;
  const ended = (["websocket", "event-stream"] as const).flatMap((kind) => {
    const fact = still(facts, kind);
    return fact === null || fact.atMostMs === null ? [] : [fact];
  });
  if (declaredMs === undefined || ended.length === 0) return [];
  const longestMs = Math.min(...ended.map(({ atLeastMs }) => heartbeatMs(atLeastMs)));
  return [
    {
      what: "heartbeat",
      declared: formatDuration(declaredMs),
      measured: `at most ${time(longestMs)} is borne`,
      agrees: declaredMs <= longestMs,
      hop: null,
      knob: null,
    },
  ];
}

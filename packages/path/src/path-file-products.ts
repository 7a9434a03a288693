/**
 * Reads the products that a path file declares itself: hops of one's own, and corrections of the database's.
 */
import type { OwnProduct } from "./declared.ts";
import { parseDuration } from "./duration.ts";
import type { Ending, Knob, KnobRole, ProductKind, ResetBy, Side, StreamKind, TimerClass, Unit, Value } from "./knob.ts";
import { type At, at, bad, isRecord, type Keys, words } from "./path-file-values.ts";

const kinds: readonly ProductKind[] = ["browser", "client", "cdn", "balancer", "proxy", "flow", "runtime", "pooler", "database", "cache", "kernel"];
const classes: readonly TimerClass[] = ["A", "B", "C", "D", "E", "T"];
const sides: readonly Side[] = ["client", "server", "both", "through"];
const units: readonly Unit[] = ["ms", "count", "switch", "word"];
const directions: readonly ResetBy["direction"][] = ["to_client", "to_server", "either"];
const layers: readonly ResetBy["layer"][] = ["request", "payload", "stream", "packet"];
const endings: readonly Ending[] = ["fin", "rst", "rst_on_write", "silent", "goaway", "close_frame", "answer", "announced"];
const streams: readonly StreamKind[] = ["event-stream", "websocket", "grpc", "tcp"];
const roles: readonly KnobRole[] = [
  ...(["buffer", "reuse", "answer", "tries", "pool_max", "connections_max", "reserved", "descriptors", "ports"] as const),
  ...(["probe_switch", "probe_idle", "probe_interval", "probe_count", "ping_every", "ping_min"] as const),
];
const productKeys = ["name", "like", "kind", "managed", "granularity", "retries", "knobs"];
const knobKeys = ["classes", "side", "default", "min", "max", "fixed", "resetBy", "ends", "role", "streams", "offAt", "zeroIs"];

export function readProducts(value: unknown, where: At): Record<string, OwnProduct> {
  if (value === undefined) return {};
  if (!isRecord(value)) throw bad(where, "own products by name", value);
  return Object.fromEntries(Object.entries(value).map(([id, each]) => [id, readProduct(id, each, at(where, id))]));
}

function readProduct(id: string, value: unknown, where: At): OwnProduct {
  if (!isRecord(value)) throw bad(where, "{ kind: proxy, knobs: { ... } }", value);
  known(value, productKeys, where);
  const { name = id, like, kind, managed, granularity, retries, knobs = {} } = value as Record<(typeof productKeys)[number], unknown>;
  if (typeof name !== "string") throw bad(at(where, "name"), "a name", name);
  if (like !== undefined && typeof like !== "string") throw bad(at(where, "like"), "a product of the database", like);
  if (managed !== undefined && typeof managed !== "boolean") throw bad(at(where, "managed"), "true or false", managed);
  if (!isRecord(knobs)) throw bad(at(where, "knobs"), "knobs by name", knobs);
  return {
    name,
    ...(like === undefined ? {} : { like }),
    ...(kind === undefined ? {} : { kind: one(kind, kinds, at(where, "kind")) }),
    ...(managed === undefined ? {} : { managed }),
    ...(granularity === undefined ? {} : { granularityMs: Number(amount(granularity, at(where, "granularity")).value) }),
    ...(retries === undefined ? {} : { retries: one(retries, ["idempotent", "all"] as const, at(where, "retries")) }),
    knobs: Object.entries(knobs).map(([knob, each]) => readKnob(knob, each, at(where, "knobs"))),
  };
}

/** The unit follows from how the default is written: a time has one of its own, true and false are a switch. */
function readKnob(name: string, value: unknown, above: At): Knob {
  const where = at(above, name);
  if (!isRecord(value)) throw bad(where, "{ classes: [A], side: server, default: 60s }", value);
  known(value, knobKeys, where);
  const given = value as Record<(typeof knobKeys)[number], unknown>;
  const { unit, value: standing } = amount(given["default"], at(where, "default"));
  const bound = (key: "min" | "max"): Partial<Knob> => (given[key] === undefined ? {} : { [key]: Number(amount(given[key], at(where, key)).value) });
  return {
    name,
    classes: given["classes"] === undefined ? [] : words(given["classes"], classes, at(where, "classes")),
    side: one(given["side"], sides, at(where, "side")),
    unit,
    default: standing,
    ...bound("min"),
    ...bound("max"),
    ...(given["fixed"] === true ? { fixed: true as const } : {}),
    ...(given["resetBy"] === undefined ? {} : { resetBy: readReset(given["resetBy"], at(where, "resetBy")) }),
    ...(given["ends"] === undefined ? {} : { ends: words(given["ends"], endings, at(where, "ends")) }),
    ...(given["role"] === undefined ? {} : { role: one(given["role"], roles, at(where, "role")) }),
    ...(given["streams"] === undefined ? {} : { streams: words(given["streams"], streams, at(where, "streams")) }),
    ...(Array.isArray(given["offAt"]) ? { offAt: given["offAt"] as Value[] } : {}),
    ...(given["zeroIs"] === undefined ? {} : { zeroIs: one(given["zeroIs"], ["never", "off"] as const, at(where, "zeroIs")) }),
    grade: "read",
    source: "the path file",
    date: "as declared",
  };
}

function amount(value: unknown, where: At): { readonly unit: Unit; readonly value: Value } {
  if (typeof value === "boolean") return { unit: "switch", value };
  if (typeof value === "number") return { unit: "count", value };
  if (typeof value !== "string") throw bad(where, `a time with its unit, a number, a switch or a word (${units.join(", ")})`, value);
  const ms = parseDuration(value.trim());
  return ms === null ? { unit: "word", value } : { unit: "ms", value: ms };
}

/** `to_client payload`. */
function readReset(value: unknown, where: At): ResetBy {
  const [direction, layer] = typeof value === "string" ? value.split(" ") : [];
  return { direction: one(direction, directions, where), layer: one(layer, layers, where) };
}

const one = <Word extends string>(value: unknown, list: readonly Word[], where: At): Word => words([value], list, where)[0] as Word;

function known(record: Keys, list: readonly string[], where: At): void {
  const stranger = Object.keys(record).find((key) => !list.includes(key));
  if (stranger !== undefined) throw bad(at(where, stranger), `one of ${list.join(", ")}`, stranger);
}

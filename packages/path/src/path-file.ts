/**
 * Reads a declared path out of a parsed YAML or JSON value. Pure: whoever parsed it knows lines and gives them by key.
 * A time without a unit is never taken, and a key that nobody knows is never skipped: both are errors that name the key.
 */
import type { DeclaredHop, DeclaredPath, DeclaredStreams, HeartbeatOf, OwnProduct, Place } from "./declared.ts";
import { parseDuration } from "./duration.ts";
import type { Knob, StreamKind, Value } from "./knob.ts";
import { type NeedName, needDocs } from "./ladder/needs.ts";
import { PathError } from "./path-error.ts";
import { readProducts } from "./path-file-products.ts";
import { type At, at, bad, isRecord, type Keys, type PlaceOf, words } from "./path-file-values.ts";
import { nearest, productOf } from "./resolve.ts";

/** What a path file looks like; `holdfast plan --example` prints it, docs/plan.md shows it. */
export const pathExample = `# From the user inward. Times always with a unit: 60s, 5m, 1h30m, 250ms.
path:
  - cloudflare
  - alb: { idle_timeout.timeout_seconds: 60s }
  - nginx: { version: 1.29.7, replicas: 2, processes: 4, "upstream keepalive_timeout": 60s }
  - api: { product: node, replicas: 6 }
  - node-postgres: { max: 10 }
  - pgbouncer
  - postgres
streams: { kinds: [websocket, event-stream], heartbeat: 25s }
needs: { answer: 20s, connections: 2000, surge: 2 }
`;

const topKeys = ["path", "products", "streams", "needs", "rtt"];
const hopKeys = ["product", "version", "replicas", "processes"];
const kinds: readonly StreamKind[] = ["event-stream", "websocket", "grpc", "tcp"];
const heartbeats: readonly HeartbeatOf[] = ["both_ways", "to_client", "to_server", "h2_ping", "tcp_probe"];

/** The path of a file. Throws PathError, naming the key and, where `placeOf` knows it, the line. */
export function readPath(value: unknown, placeOf: PlaceOf = () => null): DeclaredPath {
  const root: At = { keys: [], placeOf };
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) {
    throw new PathError({
      hop: null,
      knob: null,
      expected: `a list of hops, from the user inward, such as\n\n${pathExample}\n`,
      got: "nothing",
      place: placeOf([]),
    });
  }
  if (Array.isArray(value)) return { hops: readHops(value, {}, root) };
  if (!isRecord(value)) throw bad(root, "a list of hops, or `path:` with one", value);
  knownKeys(value, topKeys, root);
  const list = value["path"];
  if (!Array.isArray(list) || list.length === 0) throw bad(at(root, "path"), `a list of hops, from the user inward, such as\n\n${pathExample}\n`, list);
  const products = readProducts(value["products"], at(root, "products"));
  return {
    hops: readHops(list, products, at(root, "path")),
    ...(Object.keys(products).length === 0 ? {} : { products }),
    ...optional("rttMs", readRtt(value["rtt"], at(root, "rtt"))),
    ...optional("streams", readStreams(value["streams"], at(root, "streams"))),
    ...optional("needs", readNeeds(value["needs"], at(root, "needs"))),
  };
}

const optional = <Name extends string, T>(name: Name, value: T | undefined): { [Key in Name]?: T } =>
  (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: T };

function knownKeys(record: Keys, known: readonly string[], where: At): void {
  const stranger = Object.keys(record).find((key) => !known.includes(key));
  if (stranger !== undefined) throw bad(at(where, stranger), `one of ${known.join(", ")}${nearest(stranger, known)}`, stranger);
}

function readHops(list: readonly unknown[], products: Readonly<Record<string, OwnProduct>>, where: At): DeclaredHop[] {
  const names = new Set<string>();
  const hops = list.map((item, index): DeclaredHop => {
    const here = at(where, index);
    if (typeof item === "string") return readHop(item, {}, products, here);
    const entries = isRecord(item) ? Object.entries(item) : [];
    const [entry] = entries;
    if (entry === undefined || entries.length !== 1) throw bad(here, "a product, or one name with its values in braces (`- alb: { ... }`)", item);
    const [name, values] = entry;
    if (values !== null && !isRecord(values)) throw bad(at(here, name), "values in braces, or nothing", values);
    return readHop(name, values ?? {}, products, at(here, name));
  });
  // The ladder refuses them too; here the line is known.
  for (const [index, { name }] of hops.entries()) {
    if (names.has(name)) throw bad(at(where, index), "a name of its own, as in `- inner: { product: nginx }`", name);
    names.add(name);
  }
  return hops;
}

function readHop(name: string, record: Keys, products: Readonly<Record<string, OwnProduct>>, where: At): DeclaredHop {
  const product = record["product"] ?? name;
  if (typeof product !== "string") throw bad(at(where, "product"), "a product's name", product);
  const place = where.placeOf(where.keys);
  const { knobs } = inPlace(place, () => productOf({ hops: [], products }, { name, product }));
  const values: Record<string, Value> = {};
  const places: Record<string, Place> = {};
  for (const [key, value] of Object.entries(record)) {
    if (hopKeys.includes(key)) continue;
    const here = at(where, key);
    const knob = knobs.find((each) => each.name === key);
    if (knob === undefined) {
      const known = [...hopKeys, ...knobs.map((each) => each.name)];
      throw bad(here, `a knob of ${product}${nearest(key, known)}; it has ${known.map((each) => `\`${each}\``).join(", ")}`, key);
    }
    values[key] = readValue(knob, value, here);
    const written = here.placeOf(here.keys);
    if (written !== null) places[key] = written;
  }
  return {
    name,
    product,
    values,
    ...(Object.keys(places).length === 0 ? {} : { places }),
    ...optional("version", readVersion(record["version"], at(where, "version"))),
    ...optional("replicas", readCount(record["replicas"], at(where, "replicas"))),
    ...optional("processes", readCount(record["processes"], at(where, "processes"))),
  };
}

/** Adds the line to what a reader further inside does not know it of. */
function inPlace<T>(place: Place | null, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (thrown instanceof PathError && place !== null) {
      const { hop, knob, expected, got } = thrown;
      throw new PathError({ hop, knob, expected, got, place });
    }
    throw thrown;
  }
}

/** What is written for a knob, in the knob's unit. */
export function readValue(knob: Pick<Knob, "unit" | "zeroIs" | "offAt">, value: unknown, where: At): Value {
  const { unit, zeroIs, offAt } = knob;
  if (value === "off" && (zeroIs === "off" || offAt?.includes(0) === true)) return 0;
  if (unit === "ms") return readTime(value, where);
  if (unit === "switch") {
    if (typeof value === "boolean") return value;
    throw bad(where, "true or false", value);
  }
  if (unit === "count") {
    if (value === "never" || (typeof value === "number" && Number.isSafeInteger(value) && value >= 0)) return value;
    throw bad(where, "a whole number", value);
  }
  if (typeof value === "string") return value;
  // A version of HTTP is a number to YAML and a word to everybody else.
  if (typeof value === "number") return Number.isInteger(value) ? `${value.toFixed(1)}` : String(value);
  throw bad(where, "a word", value);
}

export function readTime(value: unknown, where: At): number | "never" {
  const read = typeof value === "string" ? parseDuration(value.trim()) : null;
  if (read === null) throw bad(where, "a time with its unit, as 60s, 5m, 1h30m, 250ms, or never", value);
  return read;
}

const readFinite = (value: unknown, where: At): number => {
  const read = readTime(value, where);
  if (read === "never") throw bad(where, "a time with its unit, as 60s", value);
  return read;
};

function readCount(value: unknown, where: At): number | undefined {
  if (value === undefined || (typeof value === "number" && Number.isSafeInteger(value) && value >= 1)) return value;
  throw bad(where, "a whole number of at least 1", value);
}

function readVersion(value: unknown, where: At): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  if (typeof value === "number" && Number.isInteger(value)) return String(value);
  throw bad(where, `a version in quotes (1.10 is the number 1.1 to YAML)`, value);
}

function readRtt(value: unknown, where: At): DeclaredPath["rttMs"] {
  if (value === undefined) return undefined;
  if (!isRecord(value)) throw bad(where, "{ user: 1s, inside: 200ms }", value);
  knownKeys(value, ["user", "inside"], where);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, readFinite(each, at(where, key))]));
}

function readStreams(value: unknown, where: At): DeclaredStreams | undefined {
  if (value === undefined) return undefined;
  if (!isRecord(value)) throw bad(where, "{ kinds: [websocket], heartbeat: 25s }", value);
  knownKeys(value, ["kinds", "heartbeat", "heartbeatOf", "deadAfter", "reconnect"], where);
  const { heartbeat, heartbeatOf, deadAfter, reconnect } = value as Readonly<Record<string, unknown>> & {
    readonly [Key in "heartbeat" | "heartbeatOf" | "deadAfter" | "reconnect"]?: unknown;
  };
  return {
    ...optional("kinds", value["kinds"] === undefined ? undefined : words(value["kinds"], kinds, at(where, "kinds"))),
    ...optional("heartbeatMs", heartbeat === undefined ? undefined : readFinite(heartbeat, at(where, "heartbeat"))),
    ...optional("heartbeatOf", heartbeatOf === undefined ? undefined : words([heartbeatOf], heartbeats, at(where, "heartbeatOf"))[0]),
    ...optional("deadAfterMs", deadAfter === undefined ? undefined : readTime(deadAfter, at(where, "deadAfter"))),
    ...optional("reconnectMs", reconnect === undefined ? undefined : readFinite(reconnect, at(where, "reconnect"))),
  };
}

/** In a file a need is called without the unit, which stands in its value. */
export const needKey = (name: string): string => name.replace(/Ms$/, "");

function readNeeds(value: unknown, where: At): Record<string, number> | undefined {
  if (value === undefined) return undefined;
  if (!isRecord(value)) throw bad(where, "{ answer: 20s, connections: 2000 }", value);
  const names = new Map(Object.keys(needDocs).map((name) => [needKey(name), name as NeedName]));
  knownKeys(value, [...names.keys()], where);
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const name = names.get(key) as NeedName;
      const here = at(where, key);
      if (needDocs[name].unit === "ms") return [name, readFinite(each, here)];
      if (typeof each === "number" && Number.isSafeInteger(each) && each >= 0) return [name, each];
      throw bad(here, "a whole number", each);
    }),
  );
}

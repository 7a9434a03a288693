/**
 * Makes hops with a value for every knob out of a declared path: what was written over the defaults of the version. Pure.
 * It never takes a value that the hop would not take: ranges and fixed values are checked, and a name that is not known is an error.
 */
import type { DeclaredHop, DeclaredPath, OwnProduct, Place } from "./declared.ts";
import { formatDuration } from "./duration.ts";
import { findProduct, products } from "./hops/index.ts";
import type { Knob, Product, Value } from "./knob.ts";
import { PathError } from "./path-error.ts";
import type { ResolvedHop, Setting } from "./plan.ts";
import { valueAt } from "./versions.ts";

/** The hops of the path, each with all of its settings. */
export function resolveHops(path: DeclaredPath): ResolvedHop[] {
  if (path.hops.length === 0) throw new PathError({ hop: null, knob: "hops", expected: "at least one hop, from the user inward", got: "none" });
  const names = new Set<string>();
  return path.hops.map((declared, index) => {
    if (names.has(declared.name))
      throw new PathError({
        hop: declared.name,
        knob: "name",
        expected: "a name of its own, as in `- inner: { product: nginx }`",
        got: `${declared.name} a second time`,
      });
    names.add(declared.name);
    return resolveHop(declared, productOf(path, declared), path.hops[index - 1]);
  });
}

/** The product that a hop of this path is. Own products come first, so that a path can correct the database. */
export function productOf(path: DeclaredPath, { name, product: word }: Pick<DeclaredHop, "name" | "product">): Product {
  const own = path.products?.[word];
  if (own !== undefined) return ownProduct(word, own);
  const found = findProduct(word);
  if (found !== null) return found;
  throw new PathError({
    hop: name,
    knob: "product",
    expected: `a product that is known${nearest(word, Object.keys(products))}, or one under \`products\``,
    got: word,
  });
}

function ownProduct(id: string, own: OwnProduct): Product {
  const like = own.like === undefined ? null : findProduct(own.like);
  if (own.like !== undefined && like === null) {
    throw new PathError({ hop: id, knob: "like", expected: `a product of the database${nearest(own.like, Object.keys(products))}`, got: own.like });
  }
  const written = new Set(own.knobs.map((knob) => knob.name));
  const knobs = [...own.knobs, ...(like?.knobs ?? []).filter((knob) => !written.has(knob.name))];
  const { name, kind, managed, granularityMs, retries } = own;
  const given = Object.fromEntries(Object.entries({ kind, managed, granularityMs, retries }).filter(([, value]) => value !== undefined));
  return { kind: "proxy", managed: false, granularityMs: 1_000, version: null, ...like, ...given, id, name, knobs };
}

function resolveHop(declared: DeclaredHop, product: Product, before: DeclaredHop | undefined): ResolvedHop {
  const { name, values, places = {} } = declared;
  const version = declared.version ?? product.version;
  // A client library runs in the process of the hop before it.
  const host = product.kind === "client" ? before : undefined;
  for (const word of Object.keys(values)) {
    if (product.knobs.some((knob) => knob.name === word)) continue;
    const known = product.knobs.map((knob) => knob.name);
    throw new PathError({
      hop: name,
      knob: word,
      expected: `a knob of ${product.name}${nearest(word, known)}`,
      got: "one that is not known",
      place: places[word] ?? null,
    });
  }
  return {
    name,
    product,
    version,
    replicas: count(declared.replicas ?? host?.replicas, name, "replicas"),
    processes: count(declared.processes ?? host?.processes, name, "processes"),
    settings: product.knobs.map((knob) => settingOf(name, knob, version, values, places)),
  };
}

function settingOf(hop: string, knob: Knob, version: string | null, values: Readonly<Record<string, Value>>, places: Readonly<Record<string, Place>>): Setting {
  const written = [knob.name, ...(knob.fallsBackTo ?? [])].find((name) => Object.hasOwn(values, name));
  if (written === undefined) return { hop, knob, value: valueAt(knob, version), from: "default", place: null };
  const place = places[written] ?? null;
  const value = meant(knob, values[written] as Value);
  if (written === knob.name) checkValue(hop, knob, value, valueAt(knob, version), place);
  return { hop, knob, value, from: "declared", place };
}

/** 0 is "never" in some tools and "off" in others; only the first is a time. */
const meant = (knob: Knob, value: Value): Value => (value === 0 && knob.zeroIs === "never" ? "never" : value);

/** Whether a hop takes this value for its knob. */
export function takes({ unit, min, max, fixed, zeroIs, offAt }: Knob, value: Value, standing: Value): boolean {
  if (value === standing) return true;
  if (fixed === true) return false;
  if (offAt?.includes(value) === true) return true;
  if (unit === "switch") return typeof value === "boolean";
  if (unit === "word") return typeof value === "string";
  if (value === "never") return standing === "never" || zeroIs === "never" || max === undefined;
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) return false;
  if (value === 0 && zeroIs !== undefined) return true;
  return value >= (min ?? 0) && value <= (max ?? Number.POSITIVE_INFINITY);
}

function checkValue(hop: string, knob: Knob, value: Value, standing: Value, place: Place | null): void {
  if (takes(knob, value, standing)) return;
  throw new PathError({ hop, knob: knob.name, expected: expectedOf(knob, standing), got: formatValue(knob.unit, value), place });
}

function expectedOf({ unit, min, max, fixed }: Knob, standing: Value): string {
  if (fixed === true) return `${formatValue(unit, standing)}, which nobody can change`;
  if (unit === "switch") return "true or false";
  if (unit === "word") return "a word";
  const [least, most] = [min, max].map((bound) => (bound === undefined ? null : formatValue(unit, bound)));
  const noun = unit === "ms" ? "a time" : "a number";
  if (least === null && most === null) return noun;
  return least === null ? `${noun} of at most ${most}` : most === null ? `${noun} of at least ${least}` : `${noun} from ${least} to ${most}`;
}

/** A value as text: times with their unit. */
export function formatValue(unit: Knob["unit"], value: Value): string {
  return unit === "ms" && (value === "never" || (typeof value === "number" && !Number.isNaN(value))) ? formatDuration(value) : String(value);
}

function count(given: number | undefined, hop: string, knob: string): number {
  if (given === undefined) return 1;
  if (Number.isSafeInteger(given) && given >= 1) return given;
  throw new PathError({ hop, knob, expected: "a whole number of at least 1", got: String(given) });
}

/** ` (did you mean x?)` for the known word that is the same but for signs, begins alike for longest, or holds the other; else nothing. */
export function nearest(word: string, known: readonly string[]): string {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  const wanted = plain(word);
  const alike = known.map((name) => ({ name, shared: sharedLength(plain(name), wanted), isSame: plain(name) === wanted }));
  const longest = Math.max(0, ...alike.map(({ shared }) => shared));
  const near =
    alike.find(({ isSame }) => isSame) ??
    alike.find(({ shared }) => shared === longest && longest >= likeMin) ??
    alike.find(({ name }) => wanted.length > 2 && (plain(name).includes(wanted) || wanted.includes(plain(name))));
  return near === undefined ? "" : ` (did you mean \`${near.name}\`?)`;
}

/** So many letters at the beginning are no chance. */
const likeMin = 4;

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a[length] === b[length]) length++;
  return length;
}

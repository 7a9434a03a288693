/**
 * Where a reader of a path file is, and how it says that something else was expected there.
 */
import type { Place } from "./declared.ts";
import { PathError } from "./path-error.ts";

/** The keys from the file's root to a value. */
export type KeyPath = readonly (string | number)[];
/** The line of a key, where the file's reader knows it. */
export type PlaceOf = (keys: KeyPath) => Place | null;
export type Keys = Readonly<Record<string, unknown>>;

export interface At {
  readonly keys: KeyPath;
  readonly placeOf: PlaceOf;
}

export const at = (where: At, key: string | number): At => ({ ...where, keys: [...where.keys, key] });

export const isRecord = (value: unknown): value is Keys => typeof value === "object" && value !== null && !Array.isArray(value);

/** `path[2].nginx.replicas`. */
const keyText = (keys: KeyPath): string => keys.map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? key : `.${key}`)).join("");

export function bad({ keys, placeOf }: At, expected: string, got: unknown): PathError {
  const text = got === undefined ? "nothing" : typeof got === "string" ? got : JSON.stringify(got);
  return new PathError({ hop: null, knob: keys.length === 0 ? null : keyText(keys), expected, got: text, place: placeOf(keys) });
}

/** A list of words of which all are known. */
export function words<Word extends string>(value: unknown, known: readonly Word[], where: At): Word[] {
  if (!Array.isArray(value)) throw bad(where, `a list of ${known.join(", ")}`, value);
  return value.map((each, index) => {
    const word = known.find((one) => one === each);
    if (word === undefined) throw bad(at(where, index), `one of ${known.join(", ")}`, each);
    return word;
  });
}

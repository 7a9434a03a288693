/**
 * A pool in a declared path: for how long its connections may be relied on follows from whoever receives, and from the boxes between, instead
 * of being guessed. An option that contradicts the path is refused with the inequality that it breaks. Pure.
 */
import { optionsAt, PathError, type PathOptions } from "@holdfast/path";
import type { OptionDoc } from "./option-docs.ts";
import { PoolError } from "./pool-error.ts";

/** What a path has a say in; each pool has these options. */
export interface FromPath {
  readonly idleMs?: number;
  readonly keepMsMax?: number;
  readonly ageMs?: number;
  readonly requestsMax?: number;
  readonly max?: number;
}

const decided = ["idleMs", "ageMs", "requestsMax", "max"] as const;

/** The defaults of a pool's options, of those that the ladder asks for: a pool for a database is smaller than one for HTTP. */
function defaultsOf(docs: Readonly<Record<string, OptionDoc>>): Record<string, number | "never"> {
  return Object.fromEntries(
    decided.flatMap((name) => {
      const value = docs[name]?.default;
      return typeof value === "number" || value === "never" ? [[name, value]] : [];
    }),
  );
}

/** What follows from the path for the options that were not given; nothing without a path. Throws a PoolError `invalid_option` for what contradicts it. */
export function fromPath({ path, hop }: PathOptions, given: Readonly<Record<string, unknown>>, docs: Readonly<Record<string, OptionDoc>>): FromPath {
  if (path === undefined) {
    if (hop !== undefined) throw new PoolError("invalid_option", "Expected `path` with `hop`, got `hop` alone");
    return {};
  }
  try {
    const { options } = optionsAt({ path, hop, as: "pool", given, defaults: defaultsOf(docs) });
    const own: FromPath = Object.fromEntries(decided.flatMap((name) => (typeof options[name] === "number" ? [[name, options[name]]] : [])));
    // A server may say that it keeps a connection for longer than the path does.
    return own.idleMs === undefined ? own : { ...own, keepMsMax: own.idleMs };
  } catch (thrown) {
    if (thrown instanceof PathError) throw new PoolError("invalid_option", thrown.message, { cause: thrown });
    throw thrown;
  }
}

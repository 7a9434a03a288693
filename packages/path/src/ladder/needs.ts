/**
 * What load and deploys of a path need, as data: the names that `needs` of a path may have, their units, defaults and meanings.
 */
import { PathError } from "../path-error.ts";

export interface NeedDoc {
  readonly unit: "ms" | "count";
  /** Null: not known, and what depends on it is not judged. */
  readonly default: number | null;
  readonly what: string;
}

export const needDocs = {
  answerMs: { unit: "ms", default: null, what: "The application answers within this, or gives the work up" },
  inFlightMs: { unit: "ms", default: 30_000, what: "The longest request that a deploy waits for; `answerMs` where that is given" },
  unreadyMs: { unit: "ms", default: 10_000, what: "From a replica that says it is not ready until no hop sends it anything new" },
  spreadMs: { unit: "ms", default: 10_000, what: "Over so long the streams of a leaving replica are told to connect anew" },
  terminationGraceMs: { unit: "ms", default: null, what: "The supervisor kills the process so long after it asked it to end" },
  connections: { unit: "count", default: null, what: "Users connected at the same time, over all replicas" },
  surge: { unit: "count", default: 0, what: "Replicas that a deploy adds while the old ones still run" },
  otherConnections: { unit: "count", default: 3, what: "Connections to the database of migrations, jobs, consoles, exporters" },
  databasePairs: { unit: "count", default: 1, what: "Pairs of database and user, each of which has a pool of its own at a pooler" },
} as const satisfies Record<string, NeedDoc>;

export type NeedName = keyof typeof needDocs;
export type Needs = { readonly [Name in NeedName]: (typeof needDocs)[Name]["default"] extends null ? number | null : number };

/** The needs of a path, defaults filled in. */
export function resolveNeeds(given: Readonly<Record<string, number>> = {}): Needs {
  const { inFlightMs } = given as { readonly inFlightMs?: number };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(needDocs, name))
      throw new PathError({ hop: null, knob: `needs.${name}`, expected: `one of ${Object.keys(needDocs).join(", ")}`, got: name });
    if (!Number.isFinite(value) || value < 0) throw new PathError({ hop: null, knob: `needs.${name}`, expected: "a number of at least 0", got: String(value) });
  }
  const filled = Object.fromEntries(Object.entries(needDocs).map(([name, doc]) => [name, given[name] ?? doc.default])) as unknown as Needs;
  return inFlightMs === undefined && filled.answerMs !== null ? { ...filled, inFlightMs: filled.answerMs } : filled;
}

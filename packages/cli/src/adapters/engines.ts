/**
 * Makes the engine that `serve` runs on: the chosen one, and beside it those that policies name.
 */
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/protocol";
import { type Engine, nodeEnv } from "@holdfast/server";
import { memoryEngine, routedEngine, sqliteEngine } from "@holdfast/server/engines";
import type { EngineName } from "../options.ts";
import type { ServeConfig } from "../serve/config.ts";

/** The database's name in the data folder. */
const fileName = "holdfast.sqlite";

/** Whether a configuration keeps anything on disk. */
export function usesDisk(config: ServeConfig): boolean {
  return namesOf(config).includes("sqlite");
}

/** Makes the folder when it is needed. Throws when it cannot be made. */
export function makeEngine(config: ServeConfig): Engine {
  const names = namesOf(config);
  const made = names.map((name): [EngineName, Engine] => [name, make(name, config)]);
  const [first] = made;
  if (made.length === 1 && first !== undefined) return first[1];
  return routedEngine({ engines: Object.fromEntries(made), fallback: config.engine, policies: config.policies });
}

function namesOf(config: ServeConfig): EngineName[] {
  const named = config.policies.flatMap((policy) => (policy.engine === undefined ? [] : [policy.engine as EngineName]));
  return [...new Set([config.engine, ...named])];
}

function make(name: EngineName, { data, policies, engineOptions: options }: ServeConfig): Engine {
  switch (name) {
    case "memory":
      return memoryEngine({ env: nodeEnv, policies, options });
    case "sqlite":
      makeFolder(data);
      return sqliteEngine({ path: join(data, fileName), env: nodeEnv, policies, options });
    default:
      return name satisfies never;
  }
}

/** Makes the last folder of a path. Not its parents: a mistyped path should fail (and Node's recursive form never returns below /proc). */
function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
    if (!statSync(path).isDirectory()) throw new HoldfastError("storage_failed", `${path} is not a folder`);
  }
}

/**
 * Options of a budget: each documented once, filled and checked in one place, then frozen.
 */
import { type OptionDoc, optionFault, refuseUnknown } from "../option-docs.ts";
import type { PoolError } from "../pool-error.ts";

export interface BudgetOptions {
  readonly name: string;
  readonly label: string;
  readonly reserve: number;
  readonly surgeMax: number;
  readonly connectionsMax: number | "server";
  readonly ttlMs: number;
  readonly createTable: boolean;
}

/** Defaults and meaning of every option; docs/databases.md is made from it. */
export const budgetOptionDocs = {
  name: { default: "none", unit: "letters, digits, `-`, `_`; at most 20", what: "The budget: replicas that say the same name to the same database share it" },
  label: { default: "", unit: "text, at most 64 characters", what: "What `holdfast pool watch` shows beside the replica; its release, most often" },
  reserve: {
    default: 5,
    unit: "connections",
    what: "What everybody else may use: migrations, cron, people, other services. If more of theirs is seen than that, the budget gives way, and says so",
  },
  surgeMax: {
    default: 3,
    unit: "replicas",
    what: "How many may start, or return after a silence, at one moment. The door is so wide: as many connections are never leased, because who has nothing yet must ask over one",
  },
  connectionsMax: {
    default: "server",
    unit: "connections, or `server`",
    what: "The ceiling. `server`: what the server says (`max_connections` without what it reserves). Behind a pooler it must be said: clients that the pooler takes",
  },
  ttlMs: {
    default: 10_000,
    unit: "ms",
    what: "How long a lease holds without being renewed; it is renewed at a third of that. Shorter: shares of the dead come back sooner, and more statements are asked",
  },
  createTable: { default: true, unit: "true or false", what: "Make the table where it is missing; otherwise the error holds the statement that makes it" },
} as const satisfies Record<keyof BudgetOptions, OptionDoc>;

const fault = (name: string, expected: string, got: unknown): PoolError => optionFault(`budget.${name}`, expected, got);

/** Fills defaults and checks; the result is frozen. */
export function resolveBudgetOptions(given: Partial<BudgetOptions>): BudgetOptions {
  refuseUnknown(given, budgetOptionDocs, "a budget");
  const { name, label = "", reserve = 5, surgeMax = 3, connectionsMax = "server", ttlMs = 10_000, createTable = true } = given;
  if (typeof name !== "string" || !/^[\w-]{1,20}$/.test(name)) throw fault("name", budgetOptionDocs.name.unit, name);
  if (typeof label !== "string" || label.length > 64) throw fault("label", budgetOptionDocs.label.unit, label);
  if (typeof createTable !== "boolean") throw fault("createTable", "true or false", createTable);
  const whole = (option: string, value: unknown, least: number, most: number): void => {
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
      throw fault(option, `a whole number from ${least} to ${most}`, value);
  };
  whole("reserve", reserve, 0, 100_000);
  whole("surgeMax", surgeMax, 1, 1_000);
  if (connectionsMax !== "server") whole("connectionsMax", connectionsMax, 2, 100_000);
  whole("ttlMs", ttlMs, 1_000, 600_000);
  return Object.freeze({ name, label, reserve, surgeMax, connectionsMax, ttlMs, createTable });
}

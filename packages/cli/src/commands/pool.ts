/**
 * The subcommands of `holdfast pool`. A new one is one file in commands/pool/ and one row here.
 */
import type { CommandRow } from "../command.ts";

export const poolRows: Readonly<Record<string, CommandRow>> = {
  "pool plan": {
    summary: "Size database pools on paper: do they fit, and what does the load need?",
    load: async () => (await import("./pool/plan.ts")).poolPlan,
  },
  "pool watch": {
    summary: "Show how a budget of database connections is shared, live",
    load: async () => (await import("./pool/watch.ts")).poolWatch,
  },
};

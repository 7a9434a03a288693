/** What all parts of one client share. */
import type { Env } from "@holdfast/protocol";
import type { ClientCounters } from "./counters.ts";
import type { ResolvedOptions } from "./options.ts";

/** What of the world a client needs. */
export type ClientEnv = Pick<Env, "clock" | "rng">;

export interface Context extends ClientEnv {
  readonly options: ResolvedOptions;
  readonly counters: ClientCounters;
}

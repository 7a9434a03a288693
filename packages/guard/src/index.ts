/**
 * `@holdfast/guard`: the connections that a Node server accepts, managed.
 */
export type { AnyServer } from "./adapters/attach.ts";
export { nodeEnv } from "./adapters/env.ts";
export { Admission, type Admitted, type Later } from "./admission.ts";
export type { ConnectionPart, Ending, Watched } from "./connection.ts";
export type { ConnectionRow } from "./connection-row.ts";
export type { Phase } from "./connection-state.ts";
export type { GuardCounters } from "./counters.ts";
export { type EndCode, type EndRow, endCodes, ends, type Side } from "./ends.ts";
export { type Guard, type GuardEvents, type GuardParts, guard } from "./guard.ts";
export { type GuardOptions, guardOptionDocs, resolveGuardOptions } from "./options.ts";
export { keepAliveBehind, type Role } from "./roles.ts";

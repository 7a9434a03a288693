/** HTTP/2 to one origin, for who makes the connections himself: the facade of the package does it for everybody else. Names only. */
export { nodePoolEnv } from "../adapters/env.ts";
export type { Connected, ConnectPhases } from "../connect/connector.ts";
export { type Http2Options, http2OptionDocs, resolveHttp2Options } from "./options.ts";
export { Http2Origin } from "./origin.ts";
export { sharedWindowBudget } from "./shared-budget.ts";
export type { Http2Stats, SessionStats, WindowStats } from "./stats.ts";
export { WindowBudget } from "./window-budget.ts";

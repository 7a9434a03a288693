/**
 * What a Linux host says of its connections, and what that means. Names only.
 */
export { type HostAsk, hostFault, readHost } from "./adapters/read.ts";
export type { HostAdvice, Need } from "./advice.ts";
export type { HostFacts } from "./facts.ts";
export { judgeHost } from "./judge.ts";
export { hostLimits } from "./limits.ts";
export { drawHost, type HostReport, type Row, reportHost } from "./report.ts";

/**
 * What lines of logs mean. Names only.
 */
export { type LogAsk, readLog } from "./adapters/read-log.ts";
export { logLimits } from "./limits.ts";
export { drawLog, type LogReport, reportLog } from "./report.ts";
export type { LogRow, LogTally } from "./tally.ts";

/**
 * The engines: where logs live. Each is made by a factory; what they have in common is the contract in ../engine.ts.
 */
export { memoryEngine } from "./memory.ts";
export type { MemoryEngineSetup } from "./memory-runner.ts";
export { MemoryStore } from "./memory-store.ts";
export { type EngineOptionDoc, type EngineOptions, engineOptionDocs, resolveEngineOptions } from "./options.ts";
export { resolvePolicies, retentionFor, type StreamPolicy } from "./retention.ts";
export { type RoutedEngineSetup, routedEngine } from "./routed.ts";
export { type SqliteEngineSetup, sqliteEngine } from "./sqlite.ts";
export { type WeakEngineSetup, type Weakness, weakEngine } from "./weak.ts";

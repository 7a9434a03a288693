/**
 * For authors of engines: the acceptance suite of the contract, and a virtual world to run it in.
 */
export type { EngineSite, EngineSubject, SuiteSetup } from "./subject.ts";
export { engineSuite, type SuiteOptions } from "./suite.ts";
export { type VirtualEnv, virtualEnv } from "./virtual-env.ts";

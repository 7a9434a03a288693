/**
 * For authors of pools: the acceptance suite of the contract.
 */
export type { OpenSite, PoolCapabilities, SuiteLease, SuitePool, SuiteSetup, SuiteSite } from "./subject.ts";
export { poolSuite } from "./suite.ts";

/**
 * Agents for node:http: names only.
 */
export { type AgentStats, type AgentTlsOptions, type PoolAgent, poolAgent } from "./adapters/pool-agent.ts";
export { type AgentOptions, agentOptionDocs } from "./options.ts";

/**
 * `@holdfast/doctor/agent`: what stands where the application stands, so that both ends of a path can be compared. Never there unless asked for.
 */
export { type Agent, attachAgent } from "./adapters/attach.ts";
export type { AgentServer } from "./adapters/stand-before.ts";
export type { AgentCounters } from "./budget.ts";
export { type AgentOptions, doctorAgentOptionDocs, resolveDoctorAgentOptions } from "./options.ts";
export { type AgentCode, agentRefusals } from "./refusals.ts";
export { type AgentCommand, type AgentEnded, type AgentHello, type AgentHow, type AgentMessage, type AgentTick, agentProtocol } from "./wire.ts";

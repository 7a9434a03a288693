/**
 * `poolAgent(options)`: an http.Agent and an https.Agent for whatever is built on node:http, with the rules of reuse of the pools.
 */
import { Agent as HttpAgent, type AgentOptions as NodeAgentOptions } from "node:http";
import { Agent as HttpsAgent, type AgentOptions as NodeTlsOptions } from "node:https";
import { nodePoolEnv } from "../../core/index.ts";
import type { PoolEnv } from "../../pool-env.ts";
import { type AgentCounters, newAgentCounters } from "../counters.ts";
import { type AgentOptions, resolveAgentOptions } from "../options.ts";
import { AgentKeeper } from "./keeper.ts";

/** TLS as Node names it, for all https: ca, cert, key, servername, ... Sessions are kept and resumed. */
export type AgentTlsOptions = Omit<NodeTlsOptions, keyof NodeAgentOptions>;

/** What an agent says of itself. */
export interface AgentStats extends Readonly<Omit<AgentCounters, "ends">> {
  readonly open: number;
  readonly idle: number;
  readonly waiting: number;
  /** Requests on a used connection, of all requests; null before the first. */
  readonly reuseRatio: number | null;
  /** How many connections ended, by why. */
  readonly ends: Readonly<AgentCounters["ends"]>;
}

export interface PoolAgent {
  readonly options: AgentOptions;
  /** For axios: `httpAgent`; for got: `agent.http`; for node:http: `agent`. */
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
  stats(): AgentStats;
  /** Ends all connections at once, those with requests under way too. */
  close(): void;
}

export function poolAgent(given: Partial<AgentOptions> = {}, tls: AgentTlsOptions = {}, env: PoolEnv = nodePoolEnv): PoolAgent {
  const options = resolveAgentOptions(given);
  const { max, idleMax, tcpKeepAliveMs } = options;
  const node: NodeAgentOptions = {
    keepAlive: true,
    maxSockets: max,
    maxFreeSockets: idleMax,
    scheduling: "lifo",
    ...(tcpKeepAliveMs === "never" ? {} : { keepAliveMsecs: tcpKeepAliveMs }),
  };
  const http = new HttpAgent(node);
  const https = new HttpsAgent({ ...tls, ...node });
  const counters = newAgentCounters();
  const keepers = [http, https].map((agent) => new AgentKeeper(agent, options, env, counters));
  const sum = (pick: (keeper: AgentKeeper) => number): number => keepers.reduce((total, keeper) => total + pick(keeper), 0);
  return {
    options,
    http,
    https,
    stats: () => ({
      ...counters,
      ends: { ...counters.ends },
      open: sum(({ open }) => open),
      idle: sum(({ idle }) => idle),
      waiting: sum(({ waiting }) => waiting),
      reuseRatio: counters.requests === 0 ? null : counters.reused / counters.requests,
    }),
    close: () => {
      for (const keeper of keepers) keeper.close();
    },
  };
}

/**
 * Every reason for which the agent refuses or ends something, in one table: what it answers with, what it counts, and what the docs say.
 */

export interface AgentRefusal {
  /** The status of the answer; null where the answer had begun. */
  readonly http: number | null;
  readonly meaning: string;
  readonly remedy: string;
}

const row = (http: number | null, meaning: string, remedy: string): AgentRefusal => ({ http, meaning, remedy });

/** In alphabetical order. */
export const agentRefusals = {
  agent_bad_request: row(400, "A parameter is not what it may be", "See docs/doctor-agent.md"),
  agent_from_page: row(403, "The request has `Origin` or `Sec-Fetch-Site`, so a page in a browser made it", "Run the doctor; the agent is not for pages"),
  agent_full: row(503, "`connectionsMax` of its connections are open", "Wait for another run to end, or raise it"),
  agent_life: row(null, "It was open for `lifeMs`", "Nothing: ask again, or raise it"),
  agent_method: row(405, "Only GET is known", "Look for a hop that changes methods"),
  agent_rate_limited: row(429, "More than `requestsPerSecondMax` requests in a second", "Wait a second"),
  agent_slow_reader: row(null, "More than `waitingBytesMax` bytes waited for a client that did not read", "Read, or ask for less"),
  agent_spent: row(503, "The bytes of this connection, or of this minute, are spent", "Wait a minute, or ask for less"),
  agent_unauthenticated: row(401, "No token, or another one", "Give the doctor the agent's token: `--token-file`"),
  agent_unknown: row(404, "No such resource beneath the prefix", "Compare the versions of the doctor and of the agent"),
  agent_upgrade_required: row(426, "`socket` was asked for without an upgrade that arrived", "Let the hop in front forward `Upgrade` and `Connection`"),
} as const satisfies Record<string, AgentRefusal>;

export type AgentCode = keyof typeof agentRefusals;

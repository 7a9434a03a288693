/**
 * Options of an agent for node:http: each documented once; those that Pool<T> has too mean the same. Node's own Agent keeps the queue and the sockets.
 */

import type { PathOptions } from "@holdfast/path";
import { type PoolOptions, poolOptionDocs, resolvePoolOptions } from "../core/index.ts";
import { unhintedIdleMs } from "../expiry.ts";
import { type Never, type OptionDoc, optionFault, refuseUnknown, resolveQuantities } from "../option-docs.ts";
import { fromPath } from "../path-options.ts";

export interface AgentOptions extends Pick<PoolOptions, "idleMs" | "keepMsMax" | "ageMs" | "jitterPercent" | "requestsMax">, PathOptions {
  readonly max: number;
  readonly idleMax: number;
  readonly queueMax: number;
  readonly tcpKeepAliveMs: number | Never;
}

/** Defaults and meaning of every option; docs/pool-agent.md is made from it. */
export const agentOptionDocs = {
  max: { default: 50, unit: "connections", what: "Open or being opened at once to one origin; more requests wait in Node's queue" },
  idleMax: { default: 50, unit: "connections", what: "Kept while nobody uses them, of one origin; one more ends as `shrunk`" },
  queueMax: { default: 1_000, unit: "requests", what: "Waiting at once, over all origins; one more fails with `queue_full`" },
  idleMs: {
    default: unhintedIdleMs,
    unit: "ms",
    never: true,
    what: "How long an unused connection may be relied on where the server says nothing. Where it says `Keep-Alive: timeout`, that less a margin",
  },
  keepMsMax: poolOptionDocs.keepMsMax,
  ageMs: poolOptionDocs.ageMs,
  jitterPercent: poolOptionDocs.jitterPercent,
  requestsMax: poolOptionDocs.requestsMax,
  tcpKeepAliveMs: {
    default: 60_000,
    unit: "ms",
    never: true,
    what: "Silence after which the kernel probes. It keeps NAT entries warm; no server counts it as a request",
  },
} as const satisfies Record<Exclude<keyof AgentOptions, keyof PathOptions>, OptionDoc>;

/** Fills defaults and checks. Throws an error that names the option and what was expected. */
export function resolveAgentOptions({ path, hop, ...explicit }: Partial<AgentOptions> = {}): AgentOptions {
  const given = { ...fromPath({ path, hop }, explicit, agentOptionDocs), ...explicit };
  refuseUnknown(given, agentOptionDocs, "agents");
  const { tcpKeepAliveMs, ...shared } = given;
  const { max, idleMax, queueMax, idleMs } = agentOptionDocs;
  const defaults = { max: max.default, idleMax: idleMax.default, queueMax: queueMax.default, idleMs: idleMs.default };
  const pool = resolvePoolOptions({ ...defaults, ...shared });
  if (pool.max < 1) throw optionFault("max", "at least 1", pool.max);
  const kept = Object.fromEntries((Object.keys(agentOptionDocs) as (keyof PoolOptions)[]).map((name) => [name, pool[name]]));
  const probes = resolveQuantities({ tcpKeepAliveMs: agentOptionDocs.tcpKeepAliveMs }, { tcpKeepAliveMs });
  return Object.freeze({ ...kept, ...probes }) as unknown as AgentOptions;
}

/**
 * node-postgres' pool: connections that boxes forget, pools that are larger than the database, waits without end, times in the wrong order.
 */
import { formatDuration } from "../../../duration.ts";
import type { Finding } from "../../../finding.ts";
import { type NodeCase, type NodeRule, nodeFinding } from "../rule.ts";
import { numberOf, type Option, type Part, partsOf } from "../shape.ts";

/** From here on a connection may idle longer than the boxes of clouds remember it. */
const forgottenMs = 240_000;
const connectionsDefault = 97;

export const pg: NodeRule = (given) =>
  partsOf(given.config, "pg").flatMap((part) => [...probes(part), ...size(part, given), ...session(part), ...wait(part), ...order(part)]);

function probes(part: Part): Finding[] {
  const idle = numberOf(part, "idleTimeoutMillis");
  const least = numberOf(part, "min");
  const staysLong = (idle !== null && (idle.value === 0 || idle.value >= forgottenMs)) || (least !== null && least.value > 0);
  const switched = part.options.get("keepAlive");
  if (!staysLong || switched?.value === true || part.options.get("ssl.keepAlive")?.value === true) return [];
  return [
    nodeFinding("node_pg_probes_off", {
      title: "Connections to the database stay idle for long and send no TCP probes: a NAT or a firewall forgets them, and the next query hangs",
      hop: "node-postgres",
      place: switched?.place ?? idle?.place ?? part.place,
      advice: ['"keepAlive": true', '"keepAliveInitialDelayMillis": 60000'],
    }),
  ];
}

function size(part: Part, { config: { whole } }: NodeCase): Finding[] {
  const max = numberOf(part, "max");
  if (max === null) return [];
  const times = (name: string): number => positive(part.options.get(name) ?? whole.get(name)) ?? 1;
  const limit = positive(part.options.get("maxConnections"));
  const total = max.value * times("replicas") * times("processes");
  if (total <= (limit ?? connectionsDefault)) return [];
  return [
    nodeFinding("node_pg_pool_too_large", {
      title: `${total} connections at most, and the database takes ${limit ?? `${connectionsDefault} unless it was told otherwise`}`,
      hop: "node-postgres",
      place: max.place,
      evidence: [`${times("replicas")} replicas x ${times("processes")} processes x ${max.value}`],
      advice: [
        `"max": ${Math.max(1, Math.floor((limit ?? connectionsDefault) / (times("replicas") * times("processes"))))}`,
        "Or a pooler (PgBouncer) in between",
      ],
    }),
  ];
}

const positive = (option: Option | undefined): number | null =>
  typeof option?.value === "number" && Number.isFinite(option.value) && option.value >= 1 ? option.value : null;

/** A session that the database ends while the pool believes in it. */
function session(part: Part): Finding[] {
  const options = part.options.get("options");
  const match = typeof options?.value === "string" ? /idle_session_timeout=(\d{1,9})(ms|s|min)?/.exec(options.value) : null;
  const unitMs = match?.[2] === "s" ? 1_000 : match?.[2] === "min" ? 60_000 : 1;
  const ends = numberOf(part, "idle_session_timeout")?.value ?? (match === null ? 0 : Number(match[1]) * unitMs);
  const idle = numberOf(part, "idleTimeoutMillis")?.value ?? 10_000;
  if (ends === 0 || (idle !== 0 && idle + 5_000 <= ends)) return [];
  return [
    nodeFinding("node_pg_session_timeout", {
      title: `The database ends idle sessions after ${formatDuration(ends)}, and the pool keeps them ${idle === 0 ? "for ever" : `for ${formatDuration(idle)}`}`,
      hop: "node-postgres",
      place: part.options.get("idle_session_timeout")?.place ?? options?.place ?? part.place,
      advice: ["idle_session_timeout=0", `"idleTimeoutMillis": ${Math.max(1_000, ends - 5_000)}`],
    }),
  ];
}

function wait(part: Part): Finding[] {
  const timeout = numberOf(part, "connectionTimeoutMillis");
  if (timeout?.value !== 0) return [];
  return [
    nodeFinding("node_pg_wait_endless", {
      title: "`connectionTimeoutMillis: 0`: who finds the pool empty, or the database gone, waits for ever",
      hop: "node-postgres",
      place: timeout.place,
      advice: ['"connectionTimeoutMillis": 5000'],
    }),
  ];
}

function order(part: Part): Finding[] {
  const [client, server] = [numberOf(part, "query_timeout"), numberOf(part, "statement_timeout")];
  if (client === null || server === null || client.value === 0 || server.value === 0 || client.value > server.value) return [];
  return [
    nodeFinding("node_pg_query_timeout_order", {
      title: `The client gives up after ${formatDuration(client.value)}, and the database works on until ${formatDuration(server.value)}`,
      hop: "node-postgres",
      place: client.place,
      related: [server.place],
      advice: [`"query_timeout": ${server.value + 1_000}`],
    }),
  ];
}

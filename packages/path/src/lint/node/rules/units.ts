/**
 * Times in ms that were written in seconds, and names that Node does not know: both are taken without a word.
 */
import type { Finding } from "../../../finding.ts";
import { type NodeRule, nodeFinding } from "../rule.ts";
import type { PartName } from "../shape.ts";

/** Below a second these are hardly meant. */
const times: Readonly<Partial<Record<PartName, readonly string[]>>> = {
  server: ["keepAliveTimeout", "headersTimeout", "requestTimeout", "connectionsCheckingInterval"],
  agent: ["timeout", "freeSocketTimeout"],
  undici: ["keepAliveTimeout", "keepAliveMaxTimeout", "headersTimeout", "bodyTimeout"],
  pg: ["idleTimeoutMillis", "keepAliveInitialDelayMillis"],
  ws: ["heartbeat", "pingInterval"],
  grpc: ["grpc.keepalive_time_ms"],
};

const known: Readonly<Partial<Record<PartName, readonly string[]>>> = {
  server: [
    "keepAliveTimeout",
    "keepAliveTimeoutBuffer",
    "headersTimeout",
    "requestTimeout",
    "connectionsCheckingInterval",
    "maxRequestsPerSocket",
    "maxConnections",
  ],
  agent: ["keepAlive", "keepAliveMsecs", "timeout", "maxSockets", "maxFreeSockets", "maxTotalSockets", "freeSocketTimeout"],
  undici: ["keepAliveTimeout", "keepAliveMaxTimeout", "keepAliveTimeoutThreshold", "headersTimeout", "bodyTimeout", "connections", "pipelining"],
  pg: [
    "max",
    "min",
    "idleTimeoutMillis",
    "connectionTimeoutMillis",
    "maxLifetimeSeconds",
    "keepAlive",
    "keepAliveInitialDelayMillis",
    "query_timeout",
    "statement_timeout",
  ],
};

const bare = (name: string): string => name.toLowerCase().replaceAll(/[_-]|(ms|millis|msecs|seconds)$/g, "");

export const units: NodeRule = ({ config }) =>
  config.parts.flatMap(({ name, options }) =>
    [...options].flatMap(([option, { value, place }]): Finding[] => {
      if (times[name]?.includes(option) && typeof value === "number" && value > 0 && value < 1_000) {
        const title = `\`${option}: ${value}\` of \`${name}\` is ${value} ms, not seconds`;
        return [nodeFinding("node_unit_wrong", { title, hop: "node", place, advice: [`"${option}": ${value * 1_000}`] })];
      }
      const meant = known[name]?.includes(option) ? undefined : known[name]?.find((each) => bare(each) === bare(option));
      if (meant === undefined) return [];
      return [
        nodeFinding("node_option_misspelt", {
          title: `\`${option}\` of \`${name}\` is no option: nothing reads it`,
          hop: "node",
          place,
          advice: [`"${meant}"`],
        }),
      ];
    }),
  );

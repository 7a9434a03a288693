/**
 * HTTP clients: an Agent that ignores what the server says of its timer, an undici without a margin, a stream that a deadline for bodies ends.
 */
import { formatDuration } from "../../../duration.ts";
import type { Finding } from "../../../finding.ts";
import { type NodeRule, nodeFinding } from "../rule.ts";
import { numberOf, type Part, partsOf } from "../shape.ts";

export const clients: NodeRule = ({ config }) => [
  ...partsOf(config, "agent").flatMap(agent),
  ...partsOf(config, "undici").flatMap((part) => [...margin(part), ...body(part, config.whole.get("streams")?.value === true)]),
];

function agent(part: Part): Finding[] {
  const keeps = part.options.get("keepAlive");
  const timeout = numberOf(part, "timeout");
  // freeSocketTimeout is agentkeepalive's, which expires idle sockets by itself.
  if (keeps?.value !== true || (timeout !== null && timeout.value > 0) || part.options.has("freeSocketTimeout")) return [];
  const probes = numberOf(part, "keepAliveMsecs");
  return [
    nodeFinding("node_agent_ignores_hint", {
      title: "An Agent with `keepAlive` and without `timeout` never lets go of an idle socket, whatever the server says of its own timer",
      hop: "node-agent",
      place: timeout?.place ?? keeps.place,
      related: probes === null ? [] : [probes.place],
      evidence: probes === null ? [] : [`\`keepAliveMsecs: ${probes.value}\` is the delay of TCP probes, no idle time`],
      advice: ['"timeout": 4000'],
    }),
  ];
}

function margin(part: Part): Finding[] {
  const threshold = numberOf(part, "keepAliveTimeoutThreshold");
  if (threshold === null || threshold.value >= 500) return [];
  return [
    nodeFinding("node_undici_no_margin", {
      title: `\`keepAliveTimeoutThreshold: ${threshold.value}\`: requests are sent until the very moment at which the server closes`,
      hop: "undici",
      place: threshold.place,
      advice: ['"keepAliveTimeoutThreshold": 2000'],
    }),
  ];
}

function body(part: Part, isStreaming: boolean): Finding[] {
  if (!isStreaming && part.options.get("streams")?.value !== true) return [];
  const timeout = numberOf(part, "bodyTimeout");
  const ms = timeout?.value ?? 300_000;
  if (ms === 0 || ms > 300_000) return [];
  return [
    nodeFinding("node_body_timeout_ends_streams", {
      title: `A stream that undici reads ends after ${formatDuration(ms)} of silence with UND_ERR_BODY_TIMEOUT`,
      hop: "undici",
      place: timeout?.place ?? part.place,
      advice: [
        '"bodyTimeout": 0, for the requests that stream',
        `Or a heartbeat of the server every ${formatDuration(Math.max(1_000, Math.floor(ms / 2_500) * 1_000))}`,
      ],
    }),
  ];
}

/**
 * Other limits of the server: a count of requests that does not close, deadlines that are off, too short for uploads, or raised for a reason that is gone.
 */
import { formatDuration } from "../../../duration.ts";
import type { Finding } from "../../../finding.ts";
import { compareVersions } from "../../../versions.ts";
import { type NodeRule, nodeFinding } from "../rule.ts";
import { numberOf, type Part, partsOf } from "../shape.ts";

export const serverLimits: NodeRule = ({ config, version }) =>
  partsOf(config, "server").flatMap((part) => [...countOf(part, partsOf(config, "guard").length > 0), ...deadlines(part), ...headers(part, version)]);

function countOf(part: Part, isGuarded: boolean): Finding[] {
  const count = numberOf(part, "maxRequestsPerSocket");
  if (count === null || count.value === 0 || isGuarded) return [];
  return [
    nodeFinding("node_requests_per_socket", {
      title: `After ${count.value} requests the end is announced and the socket stays open: a request that is sent all the same gets 503`,
      hop: "node",
      place: count.place,
      advice: [`Remove: "maxRequestsPerSocket": ${count.value}`, `With guard: "requestsMax": ${count.value}, which closes`],
    }),
  ];
}

function deadlines(part: Part): Finding[] {
  const [request, header] = [numberOf(part, "requestTimeout"), numberOf(part, "headersTimeout")];
  if (request?.value === 0 && header?.value === 0) {
    return [
      nodeFinding("node_request_deadline_off", {
        title: "`requestTimeout` and `headersTimeout` are 0: a request may take for ever to arrive",
        hop: "node",
        place: request.place,
        related: [header.place],
        advice: ['"headersTimeout": 60000'],
      }),
    ];
  }
  if (request === null || request.value < 1_000 || request.value >= 60_000) return [];
  return [
    nodeFinding("node_request_timeout_cuts_uploads", {
      title: `A request that has not arrived whole after ${formatDuration(request.value)} gets 408, uploads over slow lines among them`,
      hop: "node",
      place: request.place,
      evidence: ["It is looked at every `connectionsCheckingInterval` (30 s), so it fires up to that much later"],
      advice: ['"requestTimeout": 300000', '"headersTimeout": 10000'],
    }),
  ];
}

function headers(part: Part, version: string): Finding[] {
  const [header, idle] = [numberOf(part, "headersTimeout"), numberOf(part, "keepAliveTimeout")];
  if (header === null || idle === null || idle.value === 0 || header.value <= idle.value || header.value <= 60_000 || compareVersions(version, "18.2") < 0)
    return [];
  return [
    nodeFinding("node_headers_timeout_raised", {
      title: `\`headersTimeout: ${header.value}\` is above \`keepAliveTimeout\`, which nothing asks for since Node 18.2`,
      hop: "node",
      place: header.place,
      related: [idle.place],
      advice: [`Remove: "headersTimeout": ${header.value}`],
    }),
  ];
}

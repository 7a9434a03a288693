/**
 * Heartbeats of WebSockets and gRPC against what stands on nearly every path: a hop of 60 s, a server that suffers a ping every five minutes.
 */
import { formatDuration } from "../../../duration.ts";
import type { Finding } from "../../../finding.ts";
import { type NodeCase, type NodeRule, nodeFinding } from "../rule.ts";
import { numberOf, type Part, partsOf } from "../shape.ts";

/** Two beats and a tenth of jitter must fit into 60 s. */
const beatMaxMs = 27_000;
const suggestedMs = 25_000;

export const heartbeats: NodeRule = (given) => [
  ...partsOf(given.config, "ws").flatMap((part) => socket(part, given)),
  ...partsOf(given.config, "grpc").flatMap((part) => grpc(part, given)),
];

/** The period that a part sets, in ms; null where it sets none. Engine.io calls it pingInterval, and has 25 s unless told otherwise. */
export function beatOf(part: Part): number | null {
  const beat = numberOf(part, "heartbeat") ?? numberOf(part, "pingInterval");
  if (beat === null) return part.options.has("pingTimeout") ? suggestedMs : null;
  return beat.value === 0 ? null : beat.value;
}

function socket(part: Part, { ask }: NodeCase): Finding[] {
  const beat = numberOf(part, "heartbeat") ?? numberOf(part, "pingInterval");
  if (beat === null || beat.value === 0) {
    if (beat === null && part.options.has("pingTimeout")) return [];
    return [
      nodeFinding("node_ws_heartbeat_missing", {
        title: "WebSockets have no heartbeat: the first idle timer on the path ends them, and nobody notices who has gone",
        hop: "node",
        place: beat?.place ?? part.place,
        advice: [`"heartbeat": ${suggestedMs}`],
      }),
    ];
  }
  // With a path the ladder knows the shortest timer.
  if (beat.value <= beatMaxMs || ask.behind !== null) return [];
  return [
    nodeFinding("node_ws_heartbeat_tight", {
      title: `A heartbeat of ${formatDuration(beat.value)} survives no lost beat on a path with a timer of 60 s`,
      hop: "node",
      place: beat.place,
      advice: [`"heartbeat": ${suggestedMs}`],
    }),
  ];
}

const serverDefaultMs = 300_000;
const allowance = ["grpc.http2.min_ping_interval_without_data_ms", "grpc.http2.min_recv_ping_interval_without_data_ms"];

function grpc(part: Part, { config }: NodeCase): Finding[] {
  const every = numberOf(part, "grpc.keepalive_time_ms");
  if (every === null || every.value < 1_000) return [];
  const idle = part.options.get("grpc.keepalive_permit_without_calls");
  const isIdle = idle?.value === 1 || idle?.value === true;
  const allowed = partsOf(config, "grpcServer").flatMap((server) => allowance.flatMap((name) => numberOf(server, name)?.value ?? []));
  const least = allowed.length > 0 ? Math.max(...allowed) : isIdle ? 7_200_000 : serverDefaultMs;
  if (every.value >= least) return [];
  return [
    nodeFinding("node_grpc_pings_refused", {
      title: `A ping every ${formatDuration(every.value)}${isIdle ? ", without calls too," : ""} is refused by a server that suffers one in ${formatDuration(least)}`,
      hop: "grpc-client",
      place: every.place,
      related: idle === undefined ? [] : [idle.place],
      advice: [
        `At the server: "${allowance[0]}": ${Math.floor(every.value * 0.9)}`,
        ...(isIdle ? ['"grpc.keepalive_permit_without_calls": 0'] : []),
        `"grpc.keepalive_time_ms": ${serverDefaultMs}`,
      ],
    }),
  ];
}

/**
 * A Redis that closes quiet clients, and a client that is quiet longer.
 */
import { formatDuration } from "../../../duration.ts";
import { type NodeRule, nodeFinding } from "../rule.ts";
import { numberOf, partsOf } from "../shape.ts";

export const redis: NodeRule = ({ config }) =>
  partsOf(config, "redis").flatMap((part) => {
    // `server.timeout` is redis.conf's own, in seconds.
    const closes = numberOf(part, "server.timeout");
    const ping = numberOf(part, "pingInterval");
    if (closes === null || closes.value === 0) return [];
    const closesMs = closes.value * 1_000;
    if (ping !== null && ping.value > 0 && ping.value + 5_000 <= closesMs) return [];
    return nodeFinding("node_redis_closed_when_quiet", {
      title: `Redis closes clients that are quiet for ${formatDuration(closesMs)}, and this one ${ping === null || ping.value === 0 ? "sends no pings" : `pings every ${formatDuration(ping.value)}`}`,
      hop: "redis",
      place: closes.place,
      related: ping === null ? [] : [ping.place],
      advice: ["redis.conf: timeout 0", "redis.conf: tcp-keepalive 60", `"pingInterval": ${Math.max(1_000, Math.floor(closesMs / 3))}`],
    });
  });

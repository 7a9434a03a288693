/** A WebSocket that ends by a timer which is meant for answers or for clients: the tunnel has none of its own. */
import type { Diagnosis } from "./diagnosis.ts";
import { agentFinding, linesFor, proxiesSeen, proxySeen } from "./origin-words.ts";
import { endedIdle, time } from "./words.ts";

/** Two measurements of one timer are that close. */
const isSame = (aMs: number, bMs: number): boolean => Math.abs(aMs - bMs) <= 100 + Math.min(aMs, bMs) / 20;

export const tunnelTimer: Diagnosis = (facts) => {
  const socket = endedIdle(facts, "websocket");
  if (socket === null || socket.by !== "between" || !facts.origin.known) return [];
  const { deadline } = facts.origin.value;
  // Only HAProxy has a timer for tunnels that can be missing; elsewhere one that is like the clients' is like it by chance.
  const isHaproxy = proxiesSeen(facts).includes("haproxy");
  const client = isHaproxy ? endedIdle(facts, "http1") : null;
  const same = [
    ...(deadline.known && deadline.value.atMostMs !== null && isSame(socket.atMostMs, deadline.value.atMostMs)
      ? [`an answer is given up after ${time(deadline.value.atMostMs)}, and a silent WebSocket ends after ${time(socket.atMostMs)}`]
      : []),
    ...(client !== null && isSame(socket.atMostMs, client.atMostMs)
      ? [`a client that sends no request is dropped after ${time(client.atMostMs)}, and a silent WebSocket after ${time(socket.atMostMs)}`]
      : []),
  ];
  if (same.length === 0) return [];
  return [
    agentFinding("tunnel_without_own_timer", {
      title: `Silent WebSockets end after ${time(socket.atMostMs)}, by a timer that is not meant for them`,
      hop: proxySeen(facts),
      evidence: same,
      advice: linesFor(facts, {
        haproxy: "`timeout tunnel 1h` and `timeout client-fin 30s` in `defaults`",
        nginx: "`proxy_read_timeout 1h;` in the location of the WebSocket alone",
      }),
      ...(isHaproxy ? {} : { severity: "info" as const }),
    }),
  ];
};

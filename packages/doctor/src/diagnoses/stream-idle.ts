/** Open streams that end after a silence: the heartbeat to set, of which bytes, and whose timer it may be. */
import type { Diagnosis } from "./diagnosis.ts";
import { culprit, endedIdle, heartbeatMs, looksLike, matrixOf, probeFinding, rowsOf, seenOf, suspects, time } from "./words.ts";

export const streamIdle: Diagnosis = (facts) =>
  (["websocket", "event-stream"] as const).flatMap((of) => {
    const fact = endedIdle(facts, of);
    if (fact === null || fact.how === "silent") return [];
    const all = suspects(facts, fact);
    const isSocket = of === "websocket";
    const beat = time(heartbeatMs(fact.atLeastMs));
    const kept = rowsOf(facts, of).filter(({ moving, atMostMs }) => moving !== "tcp_keepalive" && atMostMs === null);
    const bytes = isSocket ? "WebSocket pings, answered by pongs" : "comments from the server (`:\\n\\n`)";
    return [
      probeFinding("stream_idle_timeout", {
        title: `${isSocket ? "A WebSocket" : "An event stream"} ends after ${time(fact.atMostMs)} of silence`,
        hop: culprit(all),
        evidence: [seenOf(fact), ...matrixOf(facts, of), ...looksLike(facts, of, all)],
        advice: [
          `Send a heartbeat at least every ${beat}: ${bytes}${kept.length > 0 ? "; that such bytes count here was seen" : ""}.`,
          "Or raise the timer for this location alone: nginx `proxy_read_timeout 1h`, HAProxy `timeout tunnel 1h`, ALB `idle_timeout.timeout_seconds`.",
        ],
      }),
    ];
  });

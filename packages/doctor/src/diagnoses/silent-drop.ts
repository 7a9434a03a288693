/** Idle connections that vanish without a word, on any transport: one finding, because it is one box. */
import type { IdleFact } from "../facts.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { culprit, endedIdle, heartbeatMs, looksLike, matrixOf, probeFinding, seenOf, suspects, time } from "./words.ts";

const kinds = ["http1", "http2", "websocket", "event-stream", "tcp"] as const;

export const silentDrop: Diagnosis = (facts) => {
  const dropped = kinds.flatMap((of) => endedIdle(facts, of) ?? []).filter(({ how }) => how === "silent");
  const [first] = [...dropped].sort((a, b) => a.atMostMs - b.atMostMs);
  if (first === undefined) return [];
  const all = suspects(facts, first);
  const half = time(Math.max(1_000, Math.floor(first.atLeastMs / 2_000) * 1_000));
  return [
    probeFinding("silent_drop", {
      title: `Connections are dropped in silence after ${spanWords(first)} without a byte`,
      hop: culprit(all),
      evidence: [...dropped.map(seenOf), ...matrixOf(facts, first.of), ...looksLike(facts, first.of, all)],
      advice: [
        `Move bytes at least every ${time(heartbeatMs(first.atLeastMs))}: a heartbeat on streams, TCP keepalive with an idle time of at most ${half} on pools and database connections.`,
        `Let pools give up an idle connection before ${time(first.atLeastMs)}.`,
      ],
    }),
  ];
};

const spanWords = ({ atLeastMs, atMostMs }: Pick<IdleFact, "atLeastMs" | "atMostMs">): string => `${time(atLeastMs)} to ${time(atMostMs ?? atLeastMs)}`;

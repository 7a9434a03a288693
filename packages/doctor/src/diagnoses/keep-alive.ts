/** Kept connections: that there are none, or that the receiver ends them first. */
import type { Diagnosis } from "./diagnosis.ts";
import { culprit, endedIdle, looksLike, matrixOf, probeFinding, seenOf, suspects, time } from "./words.ts";

export const keepAliveOff: Diagnosis = ({ keepAlive, hops }) => {
  if (!keepAlive.known || keepAlive.value.reused) return [];
  const { fault, first } = keepAlive.value;
  const setUp = (first.tcpMs ?? 0) + (first.tlsMs ?? 0);
  return [
    probeFinding("keep_alive_off", {
      title: `A second request can not use the connection of the first: ${fault ?? "it was not answered"}`,
      hop: hops.find(({ product }) => product !== null)?.product ?? null,
      evidence: [`each request sets up a connection anew: ${time(setUp)} here, before an answer that took ${time(first.waitMs)}`],
      advice: ["nginx `keepalive_timeout 75s`; Node `server.keepAliveTimeout` and no `Connection: close` from the application; Apache `KeepAlive On`."],
    }),
  ];
};

/** Below it pools of services and proxies are at risk; browsers and most pools give up later than this or try again. */
const shortMs = 15_000;

export const keepAliveShort: Diagnosis = (facts) =>
  (["http1", "http2"] as const).flatMap((of) => {
    const fact = endedIdle(facts, of);
    if (fact === null || fact.how === "silent") return [];
    const all = suspects(facts, fact);
    const announced = of === "http1" && facts.keepAlive.known ? facts.keepAlive.value.announcedMs : null;
    const senderMs = Math.max(0, Math.min(fact.atLeastMs - 2_000, Math.floor(fact.atLeastMs / 1.1)));
    return [
      probeFinding("keep_alive_short", {
        title: `The receiver ends an idle ${of === "http1" ? "connection" : "session of HTTP/2"} after ${time(fact.atMostMs)}: whoever sends must give up before`,
        severity: fact.atMostMs < shortMs && announced === null && of === "http1" ? "warning" : "info",
        hop: culprit(all),
        evidence: [
          seenOf(fact),
          announced === null ? "it does not announce that (`Keep-Alive: timeout`)" : `it announces ${time(announced)}`,
          ...matrixOf(facts, of),
          ...looksLike(facts, of, all),
        ],
        advice: [
          senderMs >= 1_000
            ? `Let every sender that is yours give up an idle connection after ${time(Math.floor(senderMs / 1_000) * 1_000)} at most (nginx upstream \`keepalive_timeout\`, an agent's free socket timeout).`
            : "No sender can give up that soon: raise the receiver's timer, or do not reuse connections to it.",
          "Or raise the receiver's timer above every sender's: Node `server.keepAliveTimeout = 65_000` behind a sender of 60 s.",
        ],
      }),
    ];
  });

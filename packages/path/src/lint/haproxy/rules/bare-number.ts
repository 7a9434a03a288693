/**
 * A timeout without a unit is milliseconds: `timeout connect 5` gives a server 5 ms. Large bare numbers are an old habit and left alone.
 */
import { readTimer } from "../config.ts";
import { type HaproxyRule, haproxyFinding } from "../rule.ts";

/** Below this, a bare number was hardly meant in ms. Connecting and queueing within some hundred ms can be meant. */
const suspectMs = (name: string): number => (["connect", "check", "queue", "tarpit"].includes(name) ? 100 : 1_000);

export const bareNumber: HaproxyRule = ({ config }) =>
  config.sections.flatMap(({ lines }) =>
    lines
      .filter(({ words }) => words[0] === "timeout")
      .flatMap((line) => {
        const timer = readTimer(line);
        if (timer === null || !timer.bare || timer.ms === 0 || timer.ms >= suspectMs(timer.name)) return [];
        return haproxyFinding("haproxy_bare_number", {
          title: `\`timeout ${timer.name} ${timer.word}\` is ${timer.word} ms, not seconds`,
          hop: "haproxy",
          place: timer.place,
          evidence: ["A number without a unit is read as milliseconds"],
          advice: [`timeout ${timer.name} ${timer.word}s`],
        });
      }),
  );

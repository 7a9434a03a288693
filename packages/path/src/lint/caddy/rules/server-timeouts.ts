/**
 * Timeouts of the server that count a whole body or a whole answer: what streams is longer than any of them.
 */
import { formatDuration } from "../../../duration.ts";
import type { Finding } from "../../../finding.ts";
import { type CaddyConfig, caddyTime, hintsEvents, hintsGrpc, type Written } from "../config.ts";
import { type CaddyRule, caddyFinding, proxiesOf } from "../rule.ts";

/** Below this, an upload over a slow line does not arrive. */
const bodyMinMs = 60_000;
/** From here on somebody has thought of streams. */
const answerEnoughMs = 3_600_000;

export const serverTimeouts: CaddyRule = ({ config }) => [
  ...written(config, "timeouts write").flatMap((each) => answer(each, config)),
  ...written(config, "timeouts read_body").flatMap((each) => body(each, config)),
];

const written = (config: CaddyConfig, name: string): { ms: number; line: Written }[] =>
  (config.options.get(name) ?? []).flatMap((line) => {
    const ms = caddyTime(line.words[0]);
    return ms === null || ms === 0 || proxiesOf(config).length === 0 ? [] : [{ ms, line }];
  });

function answer({ ms, line }: { ms: number; line: Written }, config: CaddyConfig): Finding[] {
  if (ms >= answerEnoughMs) return [];
  const streams = proxiesOf(config).some((proxy) => hintsEvents(proxy) || hintsGrpc(proxy));
  return [
    caddyFinding("caddy_write_cuts_streams", {
      title: `\`write ${line.words[0]}\` ends every answer after ${formatDuration(ms)}, event streams and downloads among them`,
      ...(streams ? {} : { severity: "info" as const }),
      hop: "caddy",
      place: line.place,
      evidence: ["It counts from the end of the request's header to the end of the answer. WebSockets are exempt"],
      advice: [`Remove: write ${line.words[0]}`, "From Caddy 2.11.5 on, against readers that stand still: write_idle 1m"],
    }),
  ];
}

function body({ ms, line }: { ms: number; line: Written }, config: CaddyConfig): Finding[] {
  const streams = proxiesOf(config).some(hintsGrpc);
  if (ms >= bodyMinMs && !streams) return [];
  return [
    caddyFinding("caddy_read_body_cuts_uploads", {
      title: `\`read_body ${line.words[0]}\` ends every request whose body takes longer than ${formatDuration(ms)} to arrive`,
      ...(streams ? {} : { severity: "info" as const }),
      hop: "caddy",
      place: line.place,
      advice: [streams ? `Remove: read_body ${line.words[0]}` : "read_body 10m", "From Caddy 2.11.5 on, against senders that stand still: read_idle 1m"],
    }),
  ];
}

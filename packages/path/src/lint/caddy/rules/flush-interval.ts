/**
 * `flush_interval -1` is copied everywhere as what event streams need. They do not, and it keeps requests alive whose client has left.
 */
import { type CaddyRule, caddyFinding, nameOf, proxiesOf } from "../rule.ts";

export const flushInterval: CaddyRule = ({ config }) =>
  proxiesOf(config).flatMap((proxy) => {
    const line = proxy.lines.get("flush_interval");
    if (line === undefined || !line.words[0]?.startsWith("-")) return [];
    return caddyFinding("caddy_flush_keeps_requests", {
      title: `\`flush_interval ${line.words[0]}\`: a request through ${nameOf(proxy)} goes on at the upstream after its client has left`,
      hop: "caddy",
      place: line.place,
      evidence: ["Event streams, and answers without a length, are passed on at once by themselves"],
      advice: [`Remove: flush_interval ${line.words[0]}`],
    });
  });

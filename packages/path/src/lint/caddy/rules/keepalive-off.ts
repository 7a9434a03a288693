/**
 * Without a pool each request opens a connection to the upstream.
 */
import { type CaddyRule, caddyFinding, nameOf, proxiesOf } from "../rule.ts";

export const keepaliveOff: CaddyRule = ({ config }) =>
  proxiesOf(config).flatMap((proxy) => {
    const line = proxy.lines.get("transport keepalive");
    if (line === undefined || (line.words[0] !== "off" && line.words[0] !== "0")) return [];
    return caddyFinding("caddy_connection_closed", {
      title: `\`keepalive ${line.words[0]}\`: each request through ${nameOf(proxy)} opens a connection`,
      hop: "caddy",
      place: line.place,
      advice: ["keepalive 30s"],
    });
  });

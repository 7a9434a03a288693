/**
 * A TCP connection through HAProxy is one thing with two timers: the shorter ends it, and the longer one deceives its reader.
 */
import { formatDuration } from "../../../duration.ts";
import { backendsOf, namesTimer, timerOf } from "../config.ts";
import { type HaproxyRule, haproxyFinding, nameOf } from "../rule.ts";

export const clientServerDiffer: HaproxyRule = ({ config }) => {
  const seen = new Set<string>();
  return config.proxies
    .filter(({ hasFrontend, mode }) => hasFrontend && mode === "tcp")
    .flatMap((front) => backendsOf(front, config).map((back) => ({ front, back })))
    .filter(({ back }) => back.mode === "tcp" && !namesTimer(back, "tunnel"))
    .flatMap(({ front, back }) => {
      const [client, server] = [timerOf(front, "client"), timerOf(back, "server")];
      if (client === null || server === null || client.ms === server.ms || client.ms === 0 || server.ms === 0) return [];
      const key = `${client.place.file}:${client.place.line} ${server.place.file}:${server.place.line}`;
      if (seen.has(key)) return [];
      seen.add(key);
      const [shorter, longer] = client.ms < server.ms ? [client, server] : [server, client];
      return haproxyFinding("haproxy_client_server_differ", {
        title: `TCP through ${nameOf(front.section)} ends after ${formatDuration(shorter.ms)} of silence on one side, though \`timeout ${longer.name}\` says ${formatDuration(longer.ms)}`,
        hop: "haproxy",
        place: shorter.place,
        related: [longer.place],
        evidence: [`timeout ${client.name} ${client.word}`, `timeout ${server.name} ${server.word}`],
        advice: [`timeout ${shorter.name} ${longer.word}`],
      });
    });
};

/**
 * A tunnel that one side has left goes on for its whole timer, unless half-closed connections have a shorter one.
 */
import { formatDuration } from "../../../duration.ts";
import { frontendsOf, namesTimer, timerOf } from "../config.ts";
import { type HaproxyRule, haproxyFinding, homeOf, list } from "../rule.ts";

const longMs = 600_000;

export const halfClosed: HaproxyRule = ({ config }) => {
  const long = config.proxies.filter((proxy) => proxy.hasBackend && (timerOf(proxy, "tunnel")?.ms ?? 0) >= longMs);
  const fronts = [...new Set(long.flatMap((proxy) => frontendsOf(proxy, config)))].filter((proxy) => !namesTimer(proxy, "client-fin"));
  const home = homeOf(fronts, config);
  const tunnel = long.map((proxy) => timerOf(proxy, "tunnel"))[0];
  if (home === null || tunnel === null || tunnel === undefined) return [];
  return [
    haproxyFinding("haproxy_half_closed_kept", {
      title: `A tunnel whose client has left stays half-closed for ${formatDuration(tunnel.ms)} in ${list(fronts)}: there is no \`timeout client-fin\``,
      hop: "haproxy",
      place: tunnel.place,
      related: fronts.map(({ section }) => section.place),
      advice: [`In ${home.name}: timeout client-fin 30s`],
    }),
  ];
};

/**
 * WebSockets pass through HTTP mode, and without a timer of their own they live by those for requests.
 */
import { formatDuration } from "../../../duration.ts";
import type { Finding } from "../../../finding.ts";
import { heartbeatFor } from "../../../ladder/heartbeat.ts";
import { frontendsOf, namesTimer, type ProxySection, serversOf, timerOf } from "../config.ts";
import { type HaproxyCase, type HaproxyRule, haproxyFinding, homeOf, list } from "../rule.ts";
import { forbidsUpgrade, hintsWebSocket, isHttp2Only } from "../traffic.ts";

/** What most libraries send by default, Socket.IO among them. */
const usualBeatMs = 25_000;

export const tunnelMissing: HaproxyRule = (given) => {
  const concerned = given.config.proxies.filter((proxy) => isConcerned(proxy, given));
  const told = concerned.filter((proxy) => hintsWebSocket(proxy, given.config));
  // Who has set the timer somewhere, or names where WebSockets go, has thought of the rest.
  if (told.length > 0) return say(told, true, given);
  if (given.config.proxies.some((proxy) => namesTimer(proxy, "tunnel"))) return [];
  // Where no WebSocket is in sight, timers that bear the usual heartbeat are left in peace.
  return say(
    concerned.filter((proxy) => heartbeatFor(shortest(proxy, given.config)) < usualBeatMs),
    false,
    given,
  );
};

function isConcerned(proxy: ProxySection, { config }: HaproxyCase): boolean {
  const fronts = frontendsOf(proxy, config).filter(({ mode }) => mode === "http");
  if (proxy.mode !== "http" || serversOf(proxy).length === 0 || fronts.length === 0 || namesTimer(proxy, "tunnel")) return false;
  // Who has set the timers for requests to hours has given streams their room already.
  if (shortest(proxy, config) >= 3_600_000) return false;
  return !isHttp2Only(proxy) && !forbidsUpgrade(proxy) && !fronts.every(forbidsUpgrade);
}

/** The shorter of the two timers that count instead; endless where neither is set. */
function shortest(proxy: ProxySection, config: HaproxyCase["config"]): number {
  const clients = frontendsOf(proxy, config).map((each) => timerOf(each, "client"));
  const all = [timerOf(proxy, "server"), ...clients].flatMap((timer) => (timer === null || timer.ms === 0 ? [] : [timer.ms]));
  return Math.min(Number.POSITIVE_INFINITY, ...all);
}

function say(proxies: readonly ProxySection[], isTold: boolean, { config }: HaproxyCase): Finding[] {
  const home = homeOf(proxies, config);
  if (home === null) return [];
  const ends = Math.min(...proxies.map((proxy) => shortest(proxy, config)));
  const after = Number.isFinite(ends) ? ` after ${formatDuration(ends)} of silence` : "";
  return [
    haproxyFinding("haproxy_tunnel_missing", {
      title: isTold
        ? `WebSockets through ${list(proxies)} end${after}: there is no \`timeout tunnel\``
        : `WebSockets, if any come through ${list(proxies)}, end${after}: there is no \`timeout tunnel\``,
      ...(isTold ? {} : { severity: "info" as const }),
      hop: "haproxy",
      place: home.place,
      related: proxies.map(({ section }) => section.place),
      evidence: ["From the upgrade on `timeout tunnel` counts, in both directions; where it is missing, `timeout client` and `timeout server` do"],
      advice: [
        `In ${home.name}: timeout tunnel 1h`,
        `In ${home.name}: timeout client-fin 30s`,
        ...(Number.isFinite(ends) ? [`Or a heartbeat of at most ${formatDuration(Math.max(100, heartbeatFor(ends)))}`] : []),
      ],
    }),
  ];
}

/**
 * What a reload does to connections: old processes that never end, and idle connections that end beneath a balancer which was about to use them.
 */
import { formatDuration } from "../../../duration.ts";
import { findProduct } from "../../../hops/index.ts";
import { compareVersions } from "../../../versions.ts";
import { globalOf, optionOf, type ProxySection, timerOf } from "../config.ts";
import { type HaproxyRule, haproxyFinding, homeOf, list } from "../rule.ts";

/** Streams that may live at least so long in silence make old processes pile up. */
const longMs = 600_000;

export const reloadEndless: HaproxyRule = ({ config }) => {
  if (globalOf(config, "hard-stop-after") !== null) return [];
  const long = config.proxies
    .flatMap((proxy) => [timerOf(proxy, "tunnel"), proxy.mode === "tcp" && proxy.hasFrontend ? timerOf(proxy, "client") : null])
    .filter((timer) => timer !== null)
    .filter(({ ms }) => ms >= longMs);
  const [first] = [...long].sort((a, b) => b.ms - a.ms);
  if (first === undefined) return [];
  const global = config.sections.find(({ kind }) => kind === "global");
  return [
    haproxyFinding("haproxy_reload_endless", {
      title: `After a reload the old process lives as long as its last stream: \`timeout ${first.name}\` is ${formatDuration(first.ms)}, and \`hard-stop-after\` is missing`,
      hop: "haproxy",
      place: global?.place ?? first.place,
      related: [first.place],
      advice: ["In `global`: hard-stop-after 10m"],
    }),
  ];
};

export const reloadBehindBalancer: HaproxyRule = ({ config, ask, version }) => {
  if (!isPooling(ask.behind) || compareVersions(version, "2.4") < 0) return [];
  const without = config.proxies.filter((proxy) => proxy.mode === "http" && isEntry(proxy) && optionOf(proxy, "idle-close-on-response") === null);
  const home = homeOf(without, config);
  if (home === null) return [];
  return [
    haproxyFinding("haproxy_reload_behind_balancer", {
      title: `A reload closes idle connections of ${list(without)} while ${ask.behind} may be sending on them`,
      hop: "haproxy",
      place: home.place,
      related: without.map(({ section }) => section.place),
      advice: [`In ${home.name}: option idle-close-on-response`, "In `global`: hard-stop-after 10m"],
    }),
  ];
};

/** Balancers and proxies keep connections to this hop for requests to come; clients repeat by themselves. */
const isPooling = (behind: string | null): boolean => {
  const kind = behind === null ? undefined : findProduct(behind)?.kind;
  return kind === "balancer" || kind === "cdn" || kind === "proxy";
};

/** A frontend that is there for traffic, not for statistics alone. */
const isEntry = (proxy: ProxySection): boolean => proxy.hasFrontend && !proxy.section.lines.some(({ words }) => words[0] === "stats" && words[1] === "enable");

/**
 * No limit at all for one of the three timers that HAProxy itself misses: connections of peers that are gone stay for ever.
 */
import type { Finding } from "../../../finding.ts";
import { frontendsOf, namesTimer, type ProxySection, serversOf, timerOf } from "../config.ts";
import { type HaproxyCase, type HaproxyRule, haproxyFinding, homeOf, list } from "../rule.ts";

const usual = { client: "60s", connect: "5s", server: "60s" } as const;

export const timeoutsMissing: HaproxyRule = (given) => [
  ...missing(
    given,
    "client",
    given.config.proxies.filter(({ hasFrontend }) => hasFrontend),
  ),
  ...missing(given, "connect", given.config.proxies.filter(isUsedBackend(given))),
  ...missing(given, "server", given.config.proxies.filter(isUsedBackend(given))),
];

const isUsedBackend =
  ({ config }: HaproxyCase) =>
  (proxy: ProxySection): boolean =>
    proxy.hasBackend && serversOf(proxy).length > 0 && (proxy.hasFrontend || frontendsOf(proxy, config).length > 0);

function missing({ config }: HaproxyCase, name: keyof typeof usual, proxies: readonly ProxySection[]): Finding[] {
  // 0 is no limit either; a value from the environment may be anything and is believed.
  const without = proxies.filter((proxy) => proxy.mode !== "other" && (namesTimer(proxy, name) ? timerOf(proxy, name)?.ms === 0 : true));
  const home = homeOf(without, config);
  if (home === null) return [];
  return [
    haproxyFinding("haproxy_timeouts_missing", {
      title: `No \`timeout ${name}\` holds for ${list(without)}: ${name === "connect" ? "a server that does not answer is waited for without end" : "silence has no end"}`,
      hop: "haproxy",
      place: home.place,
      related: without.map(({ section }) => section.place),
      advice: [`In ${home.name}: timeout ${name} ${usual[name]}`],
    }),
  ];
}

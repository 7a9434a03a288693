/**
 * Without `timeout http-request` a client may take as long for its header as it pleases, one byte before each `timeout client`.
 */
import { linesOf, namesTimer, timerOf } from "../config.ts";
import { type HaproxyRule, haproxyFinding, homeOf, list } from "../rule.ts";

export const headerDeadline: HaproxyRule = ({ config }) => {
  const without = config.proxies.filter(
    (proxy) =>
      proxy.mode === "http" &&
      proxy.hasFrontend &&
      linesOf(proxy, "bind").some(({ words }) => !isLocal(words[1] ?? "")) &&
      (namesTimer(proxy, "http-request") ? timerOf(proxy, "http-request")?.ms === 0 : true),
  );
  const home = homeOf(without, config);
  if (home === null) return [];
  return [
    haproxyFinding("haproxy_header_deadline_missing", {
      title: `${list(without)}: a client that sends its header byte by byte holds its connection without end`,
      hop: "haproxy",
      place: home.place,
      related: without.map(({ section }) => section.place),
      advice: [`In ${home.name}: timeout http-request 10s`],
    }),
  ];
};

/** Only the machine itself can connect. */
const isLocal = (address: string): boolean => /^(127\.|\[?::1\]?:|localhost:|\/|unix@|abns@)/.test(address);

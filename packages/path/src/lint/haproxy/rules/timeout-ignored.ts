/**
 * A timer in a section where nothing asks for it: the configuration reads as if it were set. Two of them HAProxy takes without a word.
 */
import type { Finding } from "../../../finding.ts";
import { frontendsOf, type HaproxyConfig, type ProxySection } from "../config.ts";
import type { Line } from "../parse.ts";
import { type HaproxyRule, haproxyFinding, nameOf } from "../rule.ts";

const ofFrontends = ["client", "client-fin"];
const ofBackends = ["server", "server-fin", "connect", "queue", "tunnel", "check"];
/** Of the frontend, unless that is in TCP mode and the backend reads HTTP. */
const ofHttpFrontends = ["http-keep-alive", "http-request"];

export const timeoutIgnored: HaproxyRule = ({ config }) =>
  config.proxies.flatMap((proxy) =>
    proxy.section.lines.filter(({ words }) => words[0] === "timeout" && isIgnored(words[1] ?? "", proxy, config)).map((line) => say(line, proxy, config)),
  );

function isIgnored(name: string, proxy: ProxySection, config: HaproxyConfig): boolean {
  if (!proxy.hasBackend) return ofBackends.includes(name);
  if (proxy.hasFrontend) return false;
  if (ofFrontends.includes(name)) return true;
  const fronts = frontendsOf(proxy, config);
  return ofHttpFrontends.includes(name) && fronts.length > 0 && fronts.every(({ mode }) => mode === "http");
}

function say({ words, place }: Line, proxy: ProxySection, config: HaproxyConfig): Finding {
  const wanted = proxy.hasBackend ? "frontend" : "backend";
  const fronts = frontendsOf(proxy, config).map(({ section }) => nameOf(section));
  return haproxyFinding("haproxy_timeout_ignored", {
    title: `\`timeout ${words[1]}\` does nothing in ${nameOf(proxy.section)}: it is a timer of the ${wanted}`,
    hop: "haproxy",
    place,
    advice: [`In ${wanted === "frontend" && fronts.length > 0 ? fronts.join(", ") : `the ${wanted}, or \`defaults\``}: ${words.join(" ")}`],
  });
}

/**
 * What may pass through a proxy, as far as its lines tell: WebSockets, streams, gRPC, or nothing of the kind. Names and paths are hints, and no more.
 */
import { backendsOf, frontendsOf, type HaproxyConfig, linesOf, type ProxySection, serverOption, serversOf } from "./config.ts";

const webSocketHint = /websocket|socket\.?io|hdr\(upgrade\)|(^|[^a-z0-9])wss?([^a-z0-9]|$)|cable|signalr/i;
const eventHint = /event-?stream|(^|[^a-z0-9])(sse|events|eventsource)([^a-z0-9]|$)/i;
const grpcHint = /(^|[^a-z])grpc/i;

const hintKeywords = new Set(["acl", "use_backend", "default_backend", "use-server", "http-check"]);

/** The lines of a proxy that could tell: conditions and names, not headers that every configuration sets. */
const hintsOf = (proxy: ProxySection): string[] => [
  proxy.name,
  ...proxy.section.lines.filter(({ words }) => hintKeywords.has(words[0] as string)).map(({ words }) => words.slice(1).join(" ")),
];

/** Own hints, and those of conditions elsewhere that lead here and nowhere else. */
function hints(proxy: ProxySection, config: HaproxyConfig): string[] {
  const leading = frontendsOf(proxy, config).flatMap((frontend) => {
    const others = backendsOf(frontend, config).filter((each) => each !== proxy);
    if (others.length === 0) return hintsOf(frontend);
    return linesOf(frontend, "use_backend")
      .filter(({ words }) => words[1] === proxy.name)
      .flatMap(({ words }) => [words.slice(2).join(" "), ...aclsOf(frontend, words.slice(3))]);
  });
  return [...hintsOf(proxy), ...leading];
}

const aclsOf = (proxy: ProxySection, names: readonly string[]): string[] =>
  linesOf(proxy, "acl")
    .filter(({ words }) => names.includes(words[1] ?? ""))
    .map(({ words }) => words.slice(2).join(" "));

export const hintsWebSocket = (proxy: ProxySection, config: HaproxyConfig): boolean => hints(proxy, config).some((each) => webSocketHint.test(each));
export const hintsEvents = (proxy: ProxySection, config: HaproxyConfig): boolean => hints(proxy, config).some((each) => eventHint.test(each));

export const hintsGrpc = (proxy: ProxySection, config: HaproxyConfig): boolean =>
  isHttp2Only(proxy) || hints(proxy, config).some((each) => grpcHint.test(each));

/** Every server is spoken to in HTTP/2: an upgrade of HTTP/1.1 can not come to it. */
export function isHttp2Only(proxy: ProxySection): boolean {
  const servers = serversOf(proxy);
  return servers.length > 0 && servers.every((server) => serverOption(server, "proto") === "h2");
}

/** Upgrades are refused, or lose their header, before they come to the backend. */
export const forbidsUpgrade = (proxy: ProxySection): boolean =>
  linesOf(proxy, "http-request").some(({ words }) => {
    const rest = words.slice(1).join(" ").toLowerCase();
    return (/^(deny|reject|tarpit|return)/.test(rest) && /upgrade/.test(rest)) || /^del-header upgrade/.test(rest);
  });

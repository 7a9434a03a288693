/**
 * Something closes the connection to the server after each answer, or keeps none for the next request. Often left from a time when it was needed.
 */
import type { Finding } from "../../../finding.ts";
import { lastOf, optionOf, type ProxySection, type Server, serverOption, serversOf } from "../config.ts";
import { haproxyTime } from "../parse.ts";
import { distinct, type HaproxyRule, haproxyFinding, list } from "../rule.ts";

export const connectionClosed: HaproxyRule = ({ config }) => {
  const backends = config.proxies.filter((proxy) => proxy.mode === "http" && proxy.hasBackend && serversOf(proxy).length > 0);
  const http = config.proxies.filter(({ mode }) => mode === "http");
  return [
    ...["httpclose", "http-server-close"].flatMap((name) => {
      // In a frontend, both close the connection to the server too.
      const found = http.flatMap((proxy) => {
        const setting = optionOf(proxy, name);
        return setting === null ? [] : [{ proxy, setting }];
      });
      return distinct(found).map(({ setting, proxies }) => say(`\`option ${name}\``, setting.line.place, proxies, `Remove: option ${name}`));
    }),
    ...distinct(
      backends.flatMap((proxy) => {
        const setting = lastOf(proxy, "http-reuse");
        return setting?.line.words[1] === "never" ? [{ proxy, setting }] : [];
      }),
    ).map(({ setting, proxies }) => say("`http-reuse never`", setting.line.place, proxies, "http-reuse safe")),
    ...backends.flatMap((proxy) => serversOf(proxy).flatMap((server) => poolOf(server, proxy))),
  ];
};

function poolOf(server: Server, proxy: ProxySection): Finding[] {
  if (serverOption(server, "pool-max-conn") === "0") return [say("`pool-max-conn 0`", server.place, [proxy], "Remove: pool-max-conn 0")];
  const delay = serverOption(server, "pool-purge-delay");
  return delay !== null && haproxyTime(delay)?.ms === 0 ? [say(`\`pool-purge-delay ${delay}\``, server.place, [proxy], "pool-purge-delay 5s")] : [];
}

const say = (what: string, place: Server["place"], proxies: readonly ProxySection[], advice: string): Finding =>
  haproxyFinding("haproxy_connection_closed", {
    title: `${what}: each request through ${list(proxies)} opens a connection to its server, or nearly each`,
    hop: "haproxy",
    place,
    advice: [advice],
  });

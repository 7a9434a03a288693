/**
 * The PROXY header says who the client is once per connection. On connections that serve many clients, it can not.
 */
import { lastOf, optionOf, serversOf } from "../config.ts";
import { type HaproxyRule, haproxyFinding, nameOf } from "../rule.ts";

const headers = ["send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn"];

export const proxyHeader: HaproxyRule = ({ config }) =>
  config.proxies
    .filter((proxy) => proxy.mode === "http" && proxy.hasBackend)
    // Where nothing is shared anyway, the header is where it belongs.
    .filter(
      (proxy) =>
        lastOf(proxy, "http-reuse")?.line.words[1] !== "never" && optionOf(proxy, "httpclose") === null && optionOf(proxy, "http-server-close") === null,
    )
    .flatMap((proxy) =>
      serversOf(proxy).flatMap((server) => {
        const word = server.words.find((each) => headers.includes(each));
        if (word === undefined) return [];
        return haproxyFinding("haproxy_proxy_header_pooled", {
          title: `\`${word}\` in ${nameOf(proxy.section)}: connections to ${server.name} are shared by requests of one client only`,
          hop: "haproxy",
          place: server.place,
          evidence: ["A connection is used again only for requests with the same PROXY header"],
          advice: [`Remove: ${word}, and at ${server.name} what expects it`, `In ${nameOf(proxy.section)}: option forwardfor`],
        });
      }),
    );

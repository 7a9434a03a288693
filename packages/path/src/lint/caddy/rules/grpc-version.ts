/**
 * gRPC needs HTTP/2 all the way. To an upstream without TLS Caddy speaks it only when told.
 */
import { hintsGrpc } from "../config.ts";
import { type CaddyRule, caddyFinding, nameOf, proxiesOf } from "../rule.ts";

export const grpcVersion: CaddyRule = ({ config }) =>
  proxiesOf(config)
    .filter(hintsGrpc)
    .flatMap((proxy) => {
      const versions = proxy.lines.get("transport versions");
      const plain = proxy.upstreams.filter((each) => !/^(h2c|https):\/\//.test(each) && !each.includes("{"));
      const isTls = [...proxy.lines.keys()].some((name) => name.startsWith("transport tls"));
      const speaks = versions?.words.some((each) => each === "h2c" || (each === "2" && isTls)) ?? isTls;
      if (plain.length === 0 || speaks) return [];
      return caddyFinding("caddy_grpc_needs_http2", {
        title: `gRPC through ${nameOf(proxy)} is sent on as HTTP/1.1: calls fail`,
        hop: "caddy",
        place: versions?.place ?? proxy.place,
        advice: [`reverse_proxy h2c://${plain[0]?.replace(/^http:\/\//, "")}`],
      });
    });

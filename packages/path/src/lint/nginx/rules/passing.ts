/**
 * How requests are passed on: the PROXY protocol, repetitions, sessions of `stream {}`.
 */
import { formatDuration } from "../../../duration.ts";
import type { Finding } from "../../../finding.ts";
import { findProduct } from "../../../hops/index.ts";
import { addressesLoop } from "../../addresses.ts";
import { distinct, nameOf, type Rule, report } from "../rule.ts";
import { held, isOn, own } from "../scope.ts";
import { forwardsOf } from "../site.ts";
import { nginxCount, nginxTimeMs } from "../units.ts";

export const proxyProtocolMismatch: Rule = ({ site }) =>
  site.ways.flatMap((way): Finding[] => {
    if (way.kind !== "tcp") return [];
    const sends = isOn(way.scope, "proxy_protocol", false);
    const ends = site.servers.flatMap(({ listens }) => listens).filter(({ address }) => forwardsOf(way).some((each) => addressesLoop(each, address)));
    const other = ends.find(({ words }) => words.includes("proxy_protocol") !== sends);
    // Options of one address hold for all servers that listen there: one that says it is enough.
    if (other === undefined || ends.some(({ words }) => words.includes("proxy_protocol")) === sends) return [];
    return [
      report("nginx_proxy_protocol_mismatch", {
        title: sends
          ? `a PROXY header is sent to ${other.address}, where none is expected`
          : `${other.address} expects a PROXY header, and this server of stream {} sends none`,
        place: held(way.scope, "proxy_protocol")?.place ?? way.pass.place,
        related: [other.place],
        advice: sends ? [`listen ${other.address} proxy_protocol;`] : ["proxy_protocol on;"],
      }),
    ];
  });

export const proxyProtocolPooled: Rule = ({ site, behind }) => {
  const product = behind === null ? null : findProduct(behind);
  const pools = product?.knobs.some(({ side, classes }) => side !== "client" && classes.includes("A")) ?? false;
  const speaksHttp = product !== null && ["proxy", "cdn", "balancer"].includes(product.kind);
  // HAProxy uses a connection again only for requests with the same PROXY header.
  if (!pools || !speaksHttp || product.id === "haproxy") return [];
  const listens = site.servers
    .filter(({ scope }) => scope.kind === "server")
    .flatMap((server) => server.listens.filter(({ words }) => words.includes("proxy_protocol")));
  return listens.map(({ address, place }) =>
    report("nginx_proxy_protocol_pooled", {
      title: `${product.name} keeps connections and shares them among users: the PROXY header at ${address} names the first of them for all`,
      place,
      advice: ["real_ip_header X-Forwarded-For;", "set_real_ip_from ADDRESSES_OF_THE_PROXY;", "listen without proxy_protocol"],
    }),
  );
};

const timeoutDefaultMs = 600_000;
const timeoutMinMs = 60_000;

export const tcpTimeout: Rule = ({ site }) =>
  site.ways.flatMap((way): Finding[] => {
    if (way.kind !== "tcp" || way.server?.listens.some(({ words }) => words.includes("udp"))) return [];
    const directive = held(way.scope, "proxy_timeout");
    const ms = directive === null ? timeoutDefaultMs : nginxTimeMs(directive.args[0]);
    if (ms === null || (directive !== null && ms >= timeoutMinMs)) return [];
    return [
      report("nginx_tcp_timeout", {
        title: `connections through ${nameOf(way)} end after ${formatDuration(ms)} of silence${directive === null ? " (the default)" : ""}`,
        place: directive?.place ?? way.pass.place,
        advice: ["proxy_timeout 1h;"],
        ...(directive === null ? {} : { severity: "warning" }),
      }),
    ];
  });

export const retriesNonIdempotent: Rule = ({ site }) => {
  const found = site.ways.flatMap((way) => {
    const name = way.kind === "grpc" ? "grpc_next_upstream" : "proxy_next_upstream";
    const directive = held(way.scope, name);
    const once = nginxCount(held(way.scope, `${name}_tries`)?.args[0]) === 1;
    const only = own(way.scope, "limit_except");
    const readsOnly = only?.args.every((method) => ["GET", "HEAD", "OPTIONS"].includes(method)) ?? false;
    return directive === null || way.kind === "tcp" || !directive.args.includes("non_idempotent") || once || readsOnly ? [] : [{ way, directive }];
  });
  return [...Map.groupBy(found, ({ directive }) => directive)].map(([directive, ways]) =>
    report("nginx_retries_non_idempotent", {
      title: `POST is repeated when the first server fails after the work is done (${ways.map(({ way }) => nameOf(way)).join(", ")})`,
      place: directive.place,
      related: distinct(ways.map(({ way }) => way.pass.place)),
      advice: [`${directive.name} ${directive.args.filter((arg) => arg !== "non_idempotent").join(" ")};`],
    }),
  );
};

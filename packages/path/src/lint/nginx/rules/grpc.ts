/**
 * gRPC through nginx: its timers, its trailers, and HTTP/2 with the client.
 */
import type { Finding } from "../../../finding.ts";
import type { Directive } from "../parser.ts";
import { nameOf, type Rule, report } from "../rule.ts";
import { held, isOn, type Scope } from "../scope.ts";
import type { Server, Way } from "../site.ts";

const isHealth = ({ path }: Way): boolean => path.includes("grpc.health.v1.Health");

/** Methods and services that answer for long are called so; those that answer once fare well with a minute. */
const streamPath = /watch|stream|subscri|listen|tail|events?|chat|notif/i;

export const grpcTimeout: Rule = ({ site }) =>
  site.ways.flatMap((way): Finding[] => {
    if (way.kind !== "grpc" || held(way.scope, "grpc_read_timeout") !== null || isHealth(way)) return [];
    const lines = ["grpc_send_timeout", "client_body_timeout"].filter((name) => held(way.scope, name) === null);
    return [
      report("nginx_grpc_timeout", {
        title: `calls of ${nameOf(way)} end after 60 s in which the server says nothing (grpc_read_timeout, the default)`,
        place: way.pass.place,
        advice: ["grpc_read_timeout 1h;", ...lines.map((name) => `${name} 1h;`)],
        ...(streamPath.test(way.path) ? {} : { severity: "info" }),
      }),
    ];
  });

/** `/package.Service/` as gRPC builds its paths. */
const servicePath = /^(=|\^~|~\*?)?\s*\^?\/([a-z][\w]*\\?\.)+[A-Z]\w*(\/|$)/;

export const grpcByProxyPass: Rule = ({ site }) =>
  site.ways.flatMap((way): Finding[] => {
    if (way.kind !== "proxy") return [];
    const words = around(way.scope);
    if (words.some((word) => word.includes("grpc-web"))) return [];
    const isNamed = words.some((word) => word.includes("application/grpc"));
    if (!isNamed && !servicePath.test(way.path)) return [];
    return [
      report("nginx_grpc_by_proxy_pass", {
        title: `${nameOf(way)} hands gRPC on by proxy_pass, which speaks HTTP/1 and loses its trailers`,
        place: way.pass.place,
        advice: [`grpc_pass ${way.isTls ? "grpcs" : "grpc"}://${way.upstream?.name ?? way.target ?? "backend"};`],
        ...(isNamed ? {} : { severity: "warning" }),
      }),
    ];
  });

/** Words of the location, and of the `if` that leads into it. */
function around(scope: Scope): string[] {
  const own = scope.items.flatMap(({ name, args, block }: Directive) => [...args, ...(name === "if" && block === null ? args : [])]);
  const outer = scope.kind === "if" && scope.parent !== null ? scope.parent.items.filter(({ block }) => block === null).flatMap(({ args }) => args) : [];
  return [...scope.args, ...own, ...outer];
}

export const grpcWithoutHttp2: Rule = ({ site }) => {
  const servers = new Map<Server, Way>();
  for (const way of site.ways) if (way.kind === "grpc" && way.server !== null && !servers.has(way.server)) servers.set(way.server, way);
  return [...servers].flatMap(([server, way]): Finding[] => {
    const speaks = server.listens.some(({ words }) => words.includes("http2")) || isOn(server.scope, "http2", false) || sharesHttp2(server, site.servers);
    if (speaks || server.listens.every(({ address }) => address.startsWith("unix:"))) return [];
    const listen = server.listens[0];
    return [
      report("nginx_grpc_without_http2", {
        title: `${nameOf(way)} passes gRPC on, and its server speaks no HTTP/2: no client of gRPC can reach it`,
        place: listen?.place ?? server.scope.place,
        related: [way.pass.place],
        advice: ["http2 on;   # before 1.25.1: the word http2 behind listen"],
      }),
    ];
  });
};

/** `http2` behind one `listen` holds for every server at that address. */
const sharesHttp2 = (server: Server, all: readonly Server[]): boolean =>
  all.some(({ listens }) => listens.some(({ address, words }) => words.includes("http2") && server.listens.some((own) => own.address === address)));

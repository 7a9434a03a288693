/**
 * Each reverse_proxy of each site as a route, with the timers that the file sets.
 */
import type { DeclaredHop, Place } from "../../declared.ts";
import type { Value } from "../../knob.ts";
import type { Route } from "../tool.ts";
import { type CaddyConfig, caddyTime, hintsEvents, hintsGrpc, hintsWebSocket, type ProxyDirective, type Written } from "./config.ts";

const ofServers = [
  "timeouts idle",
  "timeouts read_header",
  "timeouts read_body",
  "timeouts write",
  "timeouts read_idle",
  "timeouts write_idle",
  "grace_period",
];
const ofProxies = [
  "transport keepalive",
  "transport keepalive_interval",
  "transport dial_timeout",
  "transport response_header_timeout",
  "transport read_timeout",
  "transport write_timeout",
  "stream_timeout",
  "stream_close_delay",
];
const counts = ["transport max_conns_per_host", "transport keepalive_idle_conns_per_host"];
/** 0 of these is the default, as if the line were not there (Caddy's app.go and httptransport.go); of others, that there is no limit. */
const zeroIsDefault = new Set([
  "timeouts idle",
  "timeouts read_header",
  "transport keepalive",
  "transport keepalive_interval",
  "transport keepalive_idle_conns_per_host",
  "transport dial_timeout",
]);

export const caddyRoutes = (config: CaddyConfig, version: string | null): Route[] =>
  config.sites.flatMap(({ addresses, proxies }) =>
    proxies.map((proxy) => ({
      place: proxy.place,
      listens: [...new Set(addresses.flatMap(listensOf))],
      forwards: proxy.upstreams.flatMap(forwardsOf),
      carries: hintsWebSocket(proxy) ? "websocket" : hintsGrpc(proxy) ? "grpc" : hintsEvents(proxy) ? "event-stream" : "http",
      hop: hopOf(proxy, config, version),
    })),
  );

function hopOf(proxy: ProxyDirective, config: CaddyConfig, version: string | null): DeclaredHop {
  const values: Record<string, Value> = {};
  const places: Record<string, Place> = {};
  const add = (name: string, value: Value | null, line: Written): void => {
    if (value === null || (value === 0 && zeroIsDefault.has(name))) return;
    values[name] = value === 0 && name !== "stream_close_delay" ? "never" : value;
    places[name] = line.place;
  };
  for (const name of ofServers) {
    // Several servers with values of their own: which of them serves the site is not known here.
    const [line, ...others] = config.options.get(name) ?? [];
    if (line !== undefined && others.length === 0) add(name, caddyTime(line.words[0]), line);
  }
  for (const name of ofProxies) {
    const line = proxy.lines.get(name);
    if (line === undefined) continue;
    if (line.words[0] === "off") {
      values[name] = 0;
      places[name] = line.place;
    } else add(name, caddyTime(line.words[0]), line);
  }
  for (const name of counts) {
    const line = proxy.lines.get(name);
    if (line !== undefined && /^\d{1,9}$/.test(line.words[0] ?? "")) add(name, Number(line.words[0]), line);
  }
  return { name: "caddy", product: "caddy", ...(version === null ? {} : { version }), values, places };
}

/** `example.com` is served on 443, and on 80 by a redirect. */
function listensOf(address: string): string[] {
  const match = /^(?:(https?):\/\/)?([^/]*?)(?::(\d+))?(?:\/.*)?$/.exec(address);
  if (match === null || address.includes("{")) return [];
  const [, scheme, host, port] = match;
  if (host === "" && port === undefined && scheme === undefined) return [];
  return [`*:${port ?? (scheme === "http" ? "80" : "443")}`];
}

function forwardsOf(upstream: string): string[] {
  const socket = /^(?:unix(?:\+h2c)?\/)(\/.+)$/.exec(upstream);
  if (socket !== null) return [`unix:${socket[1]}`];
  const match = /^(?:(https?|h2c):\/\/)?([^/:]*|\[[^\]]*\])(?::(\d+))?$/.exec(upstream);
  if (match === null || upstream.includes("{")) return [];
  const [, scheme, host, port] = match;
  return [`${host === "" ? "localhost" : host}:${port ?? (scheme === "https" ? "443" : "80")}`];
}

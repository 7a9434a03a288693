/**
 * Each way from a frontend through a backend as a route: where it listens, where it leads, and which timers its lines set. What
 * HAProxy falls back to where a timer is missing is the hop database's to know.
 */
import type { DeclaredHop, Place } from "../../declared.ts";
import type { Value } from "../../knob.ts";
import type { Route } from "../tool.ts";
import {
  backendsOf,
  globalOf,
  type HaproxyConfig,
  lastOf,
  linesOf,
  optionOf,
  type ProxySection,
  type Server,
  serverOption,
  serversOf,
  type Timer,
  timerOf,
} from "./config.ts";
import { haproxyTime } from "./parse.ts";
import { hintsEvents, hintsGrpc, hintsWebSocket, isHttp2Only } from "./traffic.ts";

export function haproxyRoutes(config: HaproxyConfig, version: string | null): Route[] {
  return config.proxies
    .filter((front) => front.hasFrontend)
    .flatMap((front) =>
      backendsOf(front, config).map((back) => ({
        place: back.section.place,
        listens: linesOf(front, "bind").flatMap(({ words }) => listensOf(words[1] ?? "")),
        forwards: serversOf(back).flatMap(({ address }) => forwardOf(address)),
        carries: carriesOf(front, back, config),
        hop: hopOf(front, back, config, version),
      })),
    );
}

function carriesOf(front: ProxySection, back: ProxySection, config: HaproxyConfig): Route["carries"] {
  if (front.mode !== "http" || back.mode !== "http") return "tcp";
  if (hintsWebSocket(back, config) || (timerOf(back, "tunnel") !== null && !isHttp2Only(back))) return "websocket";
  if (hintsGrpc(back, config)) return "grpc";
  return hintsEvents(back, config) ? "event-stream" : "http";
}

function hopOf(front: ProxySection, back: ProxySection, config: HaproxyConfig, version: string | null): DeclaredHop {
  const values: Record<string, Value> = {};
  const places: Record<string, Place> = {};
  const add = (name: string, value: Value, place: Place): void => {
    values[name] = value;
    places[name] = place;
  };
  const time = (name: string, timer: Timer | null): void => {
    if (timer !== null) add(name, timer.ms === 0 ? "never" : timer.ms, timer.place);
  };
  for (const name of ["client", "client-fin", "http-request", "http-keep-alive"]) time(`timeout ${name}`, timerOf(front, name));
  for (const name of ["server", "server-fin", "connect", "queue", "tunnel"]) time(`timeout ${name}`, timerOf(back, name));
  const stop = globalOf(config, "hard-stop-after");
  const stopMs = haproxyTime(stop?.words[1])?.ms;
  if (stop !== null && stopMs !== undefined) add("hard-stop-after", stopMs, stop.place);
  for (const proxy of [front, back]) for (const [name, value, place] of reuseOf(proxy)) add(name, value, place);
  for (const each of serversOf(back)) for (const [name, value] of poolOf(each)) add(name, value, each.place);
  for (const [name, proxy] of [
    ["option idle-close-on-response", front],
    ["option clitcpka", front],
    ["option srvtcpka", back],
  ] as const) {
    const setting = optionOf(proxy, name.slice("option ".length)) ?? optionOf(proxy, "tcpka");
    if (setting !== null && (setting.line.words[1] !== "tcpka" || name.endsWith("tcpka"))) add(name, true, setting.line.place);
  }
  const maxconn = lastOf(front, "maxconn")?.line ?? globalOf(config, "maxconn");
  if (maxconn !== null && /^\d{1,12}$/.test(maxconn.words[1] ?? "")) add("maxconn", Number(maxconn.words[1]), maxconn.place);
  return { name: "haproxy", product: "haproxy", ...(version === null ? {} : { version }), values, places };
}

/** Whether connections to servers are used again: `http-reuse never` stands for every way of switching that off. */
function reuseOf(proxy: ProxySection): [string, Value, Place][] {
  const closing = optionOf(proxy, "httpclose") ?? optionOf(proxy, "http-server-close");
  if (closing !== null) return [["http-reuse", "never", closing.line.place]];
  const reuse = lastOf(proxy, "http-reuse");
  return reuse?.line.words[1] === undefined ? [] : [["http-reuse", reuse.line.words[1], reuse.line.place]];
}

function poolOf(server: Server): [string, Value][] {
  const found: [string, Value][] = [];
  const delay = haproxyTime(serverOption(server, "pool-purge-delay") ?? undefined);
  if (delay !== null) found.push(["pool-purge-delay", delay.ms]);
  for (const [name, knob] of [
    ["pool-max-conn", "pool-max-conn"],
    ["maxconn", "server maxconn"],
  ] as const) {
    const most = serverOption(server, name);
    if (most !== null && /^\d{1,9}$/.test(most)) found.push([knob, Number(most)]);
  }
  return found;
}

/** `*:443` for every way to say all addresses; several addresses may share a line. */
function listensOf(address: string): string[] {
  return address.split(",").flatMap((each) => {
    const socket = socketOf(each);
    if (socket !== null) return [socket];
    const match = /^(.*):(\d+)(?:-\d+)?$/.exec(bare(each));
    if (match === null) return [];
    return [`${isEvery(match[1] as string) ? "*" : match[1]}:${match[2]}`];
  });
}

function forwardOf(address: string): string[] {
  const socket = socketOf(address);
  if (socket !== null) return [socket];
  return /^.+:\d+$/.test(bare(address)) ? [bare(address)] : [];
}

const socketOf = (address: string): string | null =>
  /^(?:unix@)?(\/.+)$/
    .exec(address)
    ?.slice(1)
    .map((path) => `unix:${path}`)[0] ?? null;
const bare = (address: string): string => address.replace(/^(ipv4|ipv6|tcp|tcp4|tcp6|quic4|quic6)@/, "");
const isEvery = (host: string): boolean => ["", "*", "0.0.0.0", "::", "[::]"].includes(host);

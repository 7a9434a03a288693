/**
 * What an nginx configuration says, taken apart for the rules: servers, the ways through them, upstreams, maps. A fragment (a file of `conf.d`)
 * is taken for what its first directives can only stand in.
 */
import type { Place } from "../../declared.ts";
import type { Directive } from "./parser.ts";
import { heldList, own, ownAll, type Scope, scopeOf } from "./scope.ts";

export interface Upstream {
  readonly name: string;
  readonly scope: Scope;
  /** Addresses of its servers, without those marked `down`. */
  readonly servers: readonly string[];
}

/** A server of `http {}` or `stream {}`. */
export interface Server {
  readonly scope: Scope;
  readonly listens: readonly Listen[];
}

export interface Listen {
  readonly address: string;
  readonly place: Place;
  /** `ssl`, `http2`, `proxy_protocol`, `backlog=511` ... */
  readonly words: readonly string[];
}

/** A place that hands requests to somebody else. */
export interface Way {
  readonly scope: Scope;
  readonly server: Server | null;
  readonly kind: "proxy" | "grpc" | "tcp";
  readonly pass: Directive;
  /** What the location says behind its name: `/ws`, `~ ^/api`; empty for a server of `stream {}`. */
  readonly path: string;
  /** What stands behind the scheme: `backend`, `127.0.0.1:3000`, `unix:/run/a.sock`; null where a variable decides. */
  readonly target: string | null;
  readonly isTls: boolean;
  readonly upstream: Upstream | null;
}

export interface Site {
  readonly main: Scope;
  /** Whether the main block is known: a fragment says nothing about workers. */
  readonly isWhole: boolean;
  readonly http: Scope | null;
  readonly servers: readonly Server[];
  readonly upstreams: readonly Upstream[];
  readonly ways: readonly Way[];
  /** By the variable's name, without the dollar. */
  readonly maps: ReadonlyMap<string, Directive>;
}

const mainOnly = new Set(["events", "http", "stream", "worker_processes", "user", "pid", "load_module", "worker_rlimit_nofile"]);

/** The directives as those of a whole configuration, and whether they were one. */
export function asWhole(directives: readonly Directive[]): { readonly directives: readonly Directive[]; readonly isWhole: boolean } {
  const first = directives[0];
  if (first === undefined || directives.some(({ name }) => mainOnly.has(name))) return { directives, isWhole: first !== undefined };
  const wrap = (name: string, block: readonly Directive[]): Directive => ({ name, args: [], place: first.place, block });
  if (directives.some(({ name, block }) => block === null && name === "listen") || !directives.some(isOfHttp)) {
    return { directives: [wrap("http", [wrap("server", directives)])], isWhole: false };
  }
  return { directives: [wrap(directives.some(isOfStream) ? "stream" : "http", directives)], isWhole: false };
}

const isOfHttp = ({ name, block }: Directive): boolean => block !== null && ["server", "upstream", "map", "geo", "split_clients"].includes(name);
/** A server that passes on to something without a scheme is one of TCP. */
const isOfStream = ({ name, block }: Directive): boolean =>
  name === "server" && (block ?? []).some((each) => each.name === "proxy_pass" && !each.args[0]?.includes("://"));

/** `directives` of a whole configuration, as `asWhole` makes them. */
export function readSite(directives: readonly Directive[], isWhole: boolean): Site {
  const main: Scope = { kind: "main", place: directives[0]?.place ?? { file: "", line: 1 }, args: [], items: directives, parent: null };
  const httpBlock = own(main, "http");
  const streamBlock = own(main, "stream");
  const http = httpBlock === null ? null : scopeOf("http", httpBlock, main);
  const stream = streamBlock === null ? null : scopeOf("stream", streamBlock, main);
  const upstreams = [http, stream].flatMap((scope) => (scope === null ? [] : ownAll(scope, "upstream").map((block) => readUpstream(block, scope))));
  const ways: Way[] = [];
  const servers = http === null ? [] : ownAll(http, "server").map((block) => readServer(scopeOf("server", block, http)));
  for (const server of servers) ways.push(...waysIn(server.scope, server, upstreams));
  const tcpServers = stream === null ? [] : ownAll(stream, "server").map((block) => readServer(scopeOf("stream-server", block, stream)));
  for (const server of tcpServers) {
    const pass = own(server.scope, "proxy_pass");
    if (pass !== null) ways.push(wayOf(server.scope, server, "tcp", pass, upstreams));
  }
  const maps = new Map((http === null ? [] : ownAll(http, "map")).map((map) => [map.args[1]?.replace(/^\$/, "") ?? "", map]));
  return { main, isWhole, http, servers: [...servers, ...tcpServers], upstreams, ways, maps };
}

function readUpstream(block: Directive, parent: Scope): Upstream {
  const scope = scopeOf("upstream", block, parent);
  const servers = ownAll(scope, "server").filter(({ args }) => !args.includes("down"));
  return { name: block.args[0] ?? "", scope, servers: servers.map(({ args }) => args[0] ?? "") };
}

function readServer(scope: Scope): Server {
  const written = ownAll(scope, "listen").map(({ args, place }) => ({ address: listenAddress(args[0] ?? ""), place, words: args.slice(1) }));
  const isSilent = written.length === 0 && scope.kind === "server";
  return { scope, listens: isSilent ? [{ address: "*:80", place: scope.place, words: [] }] : written };
}

/** `80`, `[::]:80`, `127.0.0.1` and `0.0.0.0:80` in one form. */
export function listenAddress(text: string): string {
  if (text.startsWith("unix:")) return text;
  if (/^\d+$/.test(text)) return `*:${text}`;
  const withPort = /:\d+$/.test(text) && !/^\[[^\]]*\]$/.test(text) ? text : `${text}:80`;
  return withPort.replace(/^(\[::\]|0\.0\.0\.0):/, "*:");
}

/** Locations and the blocks in them that hand requests on. Handlers are not inherited by nested locations; what is around them is. */
function waysIn(scope: Scope, server: Server, upstreams: readonly Upstream[]): Way[] {
  return scope.items.flatMap((item) => {
    if (item.block === null || (item.name !== "location" && !(item.name === "if" && scope.kind !== "server"))) return [];
    const inner = scopeOf(item.name as "location" | "if", item, scope);
    const passes = [own(inner, "proxy_pass"), own(inner, "grpc_pass")].filter((each) => each !== null);
    const ways = passes.map((pass) => wayOf(inner, server, pass.name === "grpc_pass" ? "grpc" : "proxy", pass, upstreams));
    return [...ways, ...waysIn(inner, server, upstreams)];
  });
}

function wayOf(scope: Scope, server: Server, kind: Way["kind"], pass: Directive, upstreams: readonly Upstream[]): Way {
  const given = pass.args[0] ?? "";
  const { scheme, rest } = splitScheme(given);
  const target = rest.startsWith("unix:") ? unixPath(rest) : (rest.split("/")[0] as string);
  const named = upstreams.filter(({ name, scope: { parent } }) => name === target && (parent?.kind === "stream") === (kind === "tcp"));
  // Fragments of several services may have one of the same name each.
  const upstream = named.find((each) => each.scope.place.file === pass.place.file) ?? named[0] ?? null;
  return { scope, server, kind, pass, path: pathOf(scope), target: target.includes("$") ? null : target, isTls: /s$/.test(scheme), upstream };
}

function splitScheme(text: string): { scheme: string; rest: string } {
  const at = text.indexOf("://");
  return at < 0 ? { scheme: "", rest: text } : { scheme: text.slice(0, at), rest: text.slice(at + 3) };
}

/** `unix:/path:/uri` without the URI. */
const unixPath = (text: string): string => `unix:${text.slice("unix:".length).split(":")[0]}`;

/** An `if` stands on the path of the location around it. */
function pathOf(scope: Scope): string {
  if (scope.kind === "if") return scope.parent === null ? "" : pathOf(scope.parent);
  return scope.kind === "location" ? scope.args.join(" ") : "";
}

/** Where the requests of this way end up: `host:port` or `unix:/path`. */
export function forwardsOf({ upstream, target, isTls, kind }: Way): readonly string[] {
  const withPort = (address: string): string => {
    if (address.startsWith("unix:") || /:\d+$/.test(address)) return address;
    return `${address}:${isTls ? 443 : 80}`;
  };
  if (upstream !== null) return upstream.servers.map(withPort);
  if (target === null || target === "") return [];
  return kind === "tcp" && !/:\d+$/.test(target) && !target.startsWith("unix:") ? [] : [withPort(target)];
}

/** Values that a header of the backend's request gets: `proxy_set_header NAME VALUE` of the list that holds here. Null: not set here. */
export function headerOf(way: Way, header: string): Directive | null {
  const list = heldList(way.scope, way.kind === "grpc" ? "grpc_set_header" : "proxy_set_header");
  return list.findLast(({ args }) => args[0]?.toLowerCase() === header.toLowerCase()) ?? null;
}

/**
 * Connections to backends: whether they can be kept, and whether the pool that keeps them fits.
 */
import type { Place } from "../../../declared.ts";
import { connectionHeader, httpVersion } from "../carries.ts";
import { type Case, distinct, nameOf, olderThan, type Rule, report, told } from "../rule.ts";
import { held, own, word } from "../scope.ts";
import type { Upstream, Way } from "../site.ts";
import { nginxCount } from "../units.ts";

/** The last version with the old defaults: what an assumed version is held against too. */
export const oldDefaults = "1.29.6";
export const poolByDefault = "1.29.7";

/** Idle connections that a worker keeps to this upstream; null where the default of the version holds. */
export const poolOf = ({ scope }: Upstream): number | null => nginxCount(own(scope, "keepalive")?.args[0]);

/** Why the connections of a way can not be kept, by this version; null where they can, or where a variable decides. */
function whyUnused(given: Case, way: Way, version: string): string | null {
  const connection = connectionHeader(way, given.site, version, false);
  if (httpVersion(way, version) === "1.0") return "nginx speaks HTTP/1.0 to the backend";
  return connection?.toLowerCase() === "close" ? "nginx says `Connection: close` to the backend" : null;
}

/** Ways of ordinary requests to this upstream. */
const ordinaryWays = (given: Case, upstream: Upstream): Way[] =>
  given.site.ways.filter((way) => way.upstream === upstream && way.kind === "proxy" && told(given, way).carries === "http");

export const poolUnused: Rule = (given) =>
  given.site.upstreams.flatMap((upstream) => {
    const keepalive = own(upstream.scope, "keepalive");
    const pool = poolOf(upstream);
    if (keepalive === null || pool === null || pool === 0) return [];
    const age = olderThan(given, poolByDefault);
    const version = given.judged.from === "assumed" ? oldDefaults : given.judged.version;
    const unused = ordinaryWays(given, upstream).filter((way) => whyUnused(given, way, version) !== null && !hasUpgrade(given, way));
    const first = unused[0];
    if (first === undefined) return [];
    const always = unused.some((way) => whyUnused(given, way, given.judged.version) !== null);
    const why = whyUnused(given, first, version) as string;
    return [
      report("nginx_pool_unused", {
        title: `upstream ${upstream.name} keeps ${pool} connections, and none is ever used: ${why}${age === "maybe" && !always ? " before 1.29.7" : ""}`,
        place: keepalive.place,
        related: distinct(unused.map(({ pass }) => pass.place)),
        evidence: unused.map((way) => `${nameOf(way)}: ${whyUnused(given, way, version)}`),
        advice: missingLines(first, version),
        ...(age === "maybe" && !always ? { severity: "info" } : {}),
      }),
    ];
  });

function missingLines(way: Way, version: string): string[] {
  return [...(httpVersion(way, version) === "1.0" ? ["proxy_http_version 1.1;"] : []), 'proxy_set_header Connection "";'];
}

/** Where the header follows the request's `Upgrade`, whatever it says otherwise has findings of its own. */
const hasUpgrade = ({ site }: Case, way: Way): boolean => connectionHeader(way, site, oldDefaults, true)?.toLowerCase() === "upgrade";

export const noPool: Rule = (given) =>
  given.site.ways.flatMap((way) => {
    const isCleared = held(way.scope, "proxy_http_version")?.args[0] === "1.1" && connectionHeader(way, given.site, oldDefaults, false) === "";
    const isDirect = way.kind === "proxy" && way.upstream === null && way.target !== null && way.target !== "";
    if (!isDirect || !isCleared || told(given, way).carries !== "http" || hasUpgrade(given, way) || word(way.scope, "proxy_buffering", "on") === "off")
      return [];
    return [
      report("nginx_no_pool", {
        title: `${nameOf(way)} is set up to keep connections to ${way.target}, and has no upstream {} to keep them in`,
        place: way.pass.place,
        advice: [`upstream backend { server ${way.target}; keepalive 32; }`, `proxy_pass ${way.isTls ? "https" : "http"}://backend;`],
      }),
    ];
  });

const methods = ["least_conn", "ip_hash", "hash", "random", "least_time"];

export const poolOrder: Rule = (given) => {
  const age = olderThan(given, poolByDefault);
  if (age === "no") return [];
  return given.site.upstreams.flatMap(({ name, scope }) => {
    const at = scope.items.findIndex((each) => each.name === "keepalive");
    const keepalive = scope.items[at];
    const method = at < 0 ? undefined : scope.items.slice(at).find((each) => methods.includes(each.name));
    if (keepalive === undefined || method === undefined) return [];
    const when = age === "maybe" ? " before 1.29.7" : "";
    return [
      report("nginx_pool_order", {
        title: `\`${method.name}\` comes after \`keepalive\` in upstream ${name} and takes its place: no connection is kept${when}`,
        place: keepalive.place,
        related: [method.place],
        advice: [`${method.name}${method.args.map((arg) => ` ${arg}`).join("")};`, `keepalive ${keepalive.args.join(" ")};`],
        ...(age === "maybe" ? { severity: "info" } : {}),
      }),
    ];
  });
};

export const poolByDefaultNow: Rule = (given) => {
  if (olderThan(given, poolByDefault) !== "no") return [];
  return given.site.upstreams.flatMap((upstream) => {
    const isKept = own(upstream.scope, "keepalive") !== null || own(upstream.scope, "keepalive_timeout") !== null;
    if (isKept || upstream.scope.parent?.kind !== "http" || ordinaryWays(given, upstream).length === 0) return [];
    return [
      report("nginx_pool_by_default", {
        title: `nginx ${given.judged.version} keeps idle connections to upstream ${upstream.name} for 60 s: the backend must keep them for longer`,
        place: upstream.scope.place,
        related: distinct(ordinaryWays(given, upstream).map(({ pass }) => pass.place)),
        advice: ["keepalive 32;", "keepalive_timeout 60s;   # below the backend's own timer, or:", "keepalive 0;"],
      }),
    ];
  });
};

/** An upstream with more servers than this is unlikely to be listed by hand with a pool for each. */
const perServerMin = 1;

export const poolSize: Rule = ({ site }) =>
  site.upstreams.flatMap((upstream) => {
    const keepalive = own(upstream.scope, "keepalive");
    const pool = poolOf(upstream);
    if (keepalive === null || pool === null || pool === 0) return [];
    const servers = upstream.servers.length;
    const connections = site.isWhole ? (nginxCount(held(eventsOf(site.main), "worker_connections")?.args[0]) ?? 512) : null;
    const finding = (title: string, line: string, related: readonly Place[]) => [
      report("nginx_pool_size", { title, place: keepalive.place, related, advice: [line] }),
    ];
    if (pool < servers * perServerMin) {
      return finding(`upstream ${upstream.name} keeps ${pool} connections for ${servers} servers`, `keepalive ${Math.max(16, servers * 2)};`, []);
    }
    if (connections !== null && pool >= connections) {
      const title = `upstream ${upstream.name} may keep ${pool} idle connections in a worker that may have ${connections} in all`;
      return finding(
        title,
        `keepalive ${Math.max(1, Math.floor(connections / 8))};`,
        [held(eventsOf(site.main), "worker_connections")?.place].filter((each) => each !== undefined),
      );
    }
    return [];
  });

/** `events {}` as a scope. */
export function eventsOf(main: Case["site"]["main"]): Case["site"]["main"] {
  const events = own(main, "events");
  return { kind: "main", place: events?.place ?? main.place, args: [], items: events?.block ?? [], parent: null };
}

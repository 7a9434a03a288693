/**
 * Headers that decide over a connection to the backend, and how they get lost: `Connection`, `Upgrade`, `Host`.
 */
import type { Finding } from "../../../finding.ts";
import { connectionHeader, httpVersion, isWebSocketPath, upgradeHeader } from "../carries.ts";
import { type Case, distinct, nameOf, olderThan, type Rule, report, told } from "../rule.ts";
import { own, ownAll, type Scope } from "../scope.ts";
import { headerOf, type Way } from "../site.ts";
import { nginxTimeMs } from "../units.ts";
import { oldDefaults, poolByDefault, poolOf } from "./pool.ts";

const listOf = ({ kind }: Way): string => (kind === "grpc" ? "grpc_set_header" : "proxy_set_header");
const nameIn = (args: readonly string[]): string => (args[0] ?? "").toLowerCase();

/** What is worth repeating, with what is lost: the first two decide over connections, the others over what the backend knows. */
const ofClients = ["host", "x-forwarded-for", "x-forwarded-proto", "x-real-ip", "forwarded"];

export const headersDropped: Rule = (given) =>
  given.site.ways.flatMap((way) => {
    const list = listOf(way);
    const [mine, outer] = splitLists(way.scope, list);
    if (mine.length === 0 || outer.length === 0) return [];
    const have = new Set(mine.map(({ args }) => nameIn(args)));
    const lost = outer.filter(({ args }) => !have.has(nameIn(args)));
    // Who names one of the two has thought of both.
    const isDeliberate = have.has("connection") || have.has("upgrade");
    const ofConnection = isDeliberate ? [] : lost.filter(({ args }) => nameIn(args) === "upgrade" || matters(given, way, args));
    const isHeavy = ofConnection.length > 0;
    const all = [...ofConnection, ...lost.filter(({ args }) => ofClients.includes(nameIn(args)))];
    if (all.length === 0) return [];
    const names = all.map(({ args }) => args[0]).join(", ");
    return [
      report("nginx_headers_dropped", {
        title: `${nameOf(way)} sets ${mine.length === 1 ? "a header" : "headers"} of its own and loses ${names}`,
        place: (mine[0] as (typeof mine)[number]).place,
        related: distinct([way.pass.place, ...all.map(({ place }) => place)]),
        advice: all.map(({ args }) => `${list} ${args.map(quoted).join(" ")};`),
        ...(isHeavy ? {} : { severity: "info" }),
      }),
    ];
  });

/** `Connection ""` further out matters only where there is a pool, and only where the default closes. */
function matters(given: Case, { upstream }: Way, args: readonly string[]): boolean {
  if (nameIn(args) !== "connection") return false;
  const isClearing = args[1] === "";
  return !isClearing || (upstream !== null && (poolOf(upstream) ?? 0) > 0 && olderThan(given, poolByDefault) !== "no");
}

const quoted = (text: string): string => (text === "" || /[\s;{}]/.test(text) ? `"${text}"` : text);

/** The list of the scope itself, and the one that it hides. */
function splitLists(scope: Scope, name: string): [ReturnType<typeof ownAll>, ReturnType<typeof ownAll>] {
  const mine = ownAll(scope, name);
  for (let each = scope.parent; each !== null && mine.length > 0; each = each.parent) {
    const outer = ownAll(each, name);
    if (outer.length > 0) return [mine, outer];
  }
  return [mine, []];
}

/** Whether connections of ordinary requests on this way would be kept, were it not for the header. */
function hasPool(given: Case, { upstream }: Way): boolean {
  if (upstream === null || upstream.servers.length === 0) return false;
  const pool = poolOf(upstream);
  return pool === null ? olderThan(given, poolByDefault) === "no" : pool > 0;
}

export const upgradeMapCloses: Rule = (given) => {
  const { site } = given;
  const byMap = new Map<string, Way[]>();
  for (const way of site.ways) {
    const value = headerOf(way, "Connection")?.args[1] ?? "";
    const isMapped = value.startsWith("$") && site.maps.has(value.slice(1));
    const closes = isMapped && connectionHeader(way, site, oldDefaults, false)?.toLowerCase() === "close";
    if (closes && way.kind === "proxy" && hasPool(given, way) && !isWebSocketPath(way)) byMap.set(value.slice(1), [...(byMap.get(value.slice(1)) ?? []), way]);
  }
  return [...byMap].flatMap(([name, ways]): Finding[] => {
    const map = site.maps.get(name);
    const row = map?.block?.find((each) => each.name === "") ?? map?.block?.find((each) => each.name === "default") ?? map;
    if (row === undefined) return [];
    const upstreams = [...new Set(ways.map(({ upstream }) => upstream?.name))].join(", ");
    return [
      report("nginx_upgrade_map_closes", {
        title: `$${name} says \`close\` for every request that is no WebSocket: the pool of ${upstreams} stays empty`,
        place: row.place,
        related: distinct(ways.map((way) => headerOf(way, "Connection")?.place ?? way.pass.place)),
        evidence: ways.map((way) => `${nameOf(way)} uses it`),
        advice: ["'' '';"],
      }),
    ];
  });
};

/** A location below the root with hours of silence of its own is one for WebSockets alone, whatever it is called. */
const isForSockets = ({ scope, path }: Way): boolean => path !== "/" && (nginxTimeMs(own(scope, "proxy_read_timeout")?.args[0]) ?? 0) >= socketMs;
const socketMs = 300_000;

export const upgradeHardCoded: Rule = ({ site }) =>
  site.ways.flatMap((way) => {
    const directive = headerOf(way, "Connection");
    const isWord = /^upgrade$/i.test(directive?.args[1] ?? "");
    if (directive === null || !isWord || way.kind !== "proxy" || isWebSocketPath(way) || isForSockets(way) || way.scope.kind === "if") return [];
    return [
      report("nginx_upgrade_hard_coded", {
        title: `${nameOf(way)} says \`Connection: upgrade\` for every request, WebSocket or not`,
        place: directive.place,
        related: directive.place === way.pass.place ? [] : [way.pass.place],
        advice: ["map $http_upgrade $connection_upgrade { default upgrade; '' ''; }", "proxy_set_header Connection $connection_upgrade;"],
      }),
    ];
  });

export const webSocketHeaders: Rule = (given) =>
  given.site.ways.flatMap((way): Finding[] => {
    const { site, judged } = given;
    if (way.kind !== "proxy") return [];
    const [upgrade, connection] = [upgradeHeader(way, site), connectionHeader(way, site, judged.version, true)];
    const hasUpgrade = upgrade === null || upgrade !== "";
    const hasConnection = connection === null || /upgrade/i.test(connection);
    const wants = (upgrade !== null && upgrade !== "") || (connection !== null && /upgrade/i.test(connection));
    if (!wants && told(given, way).carries !== "websocket") return [];
    const version = httpVersion(way, judged.version);
    const oldVersion = httpVersion(way, judged.from === "assumed" ? oldDefaults : judged.version);
    const missing = [
      ...(oldVersion === "1.1" ? [] : ["proxy_http_version 1.1;"]),
      ...(hasUpgrade ? [] : ["proxy_set_header Upgrade $http_upgrade;"]),
      ...(hasConnection ? [] : ["proxy_set_header Connection $connection_upgrade;   # by a map: default upgrade, '' ''"]),
    ];
    if (missing.length === 0) return [];
    const onlyMaybe = hasUpgrade && hasConnection && version === "1.1";
    const what = [
      ...(hasUpgrade ? [] : ["Upgrade"]),
      ...(hasConnection ? [] : ["Connection"]),
      ...(oldVersion === "1.1" ? [] : [`HTTP/1.1 (it is ${oldVersion}${onlyMaybe ? " before 1.29.7" : ""})`]),
    ];
    return [
      report("nginx_websocket_headers", {
        title: `${nameOf(way)} can not carry WebSockets: it lacks ${what.join(" and ")}`,
        place: way.pass.place,
        related: distinct([headerOf(way, "Upgrade")?.place, headerOf(way, "Connection")?.place].filter((each) => each !== undefined)),
        advice: missing,
        ...(onlyMaybe ? { severity: "info" } : wants ? {} : { severity: "warning" }),
      }),
    ];
  });

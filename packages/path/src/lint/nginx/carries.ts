/**
 * What a way carries, as far as the configuration tells: by the headers that it sets, else by how its path is called. A guess by name is said to
 * be one, so that rules can weigh it less.
 */
import { evaluate, plainRequest, upgradeRequest } from "./evaluate.ts";
import { held, heldList, isOwn, own } from "./scope.ts";
import { headerOf, type Site, type Way } from "./site.ts";
import { isBefore } from "./version.ts";

export type Carries = "http" | "websocket" | "event-stream" | "grpc" | "tcp";

export interface Told {
  readonly carries: Carries;
  /** settings: the configuration is written for it. path: the path is called so. */
  readonly by: "settings" | "path";
}

const webSocketPath = /(^|[/^(|\s])(ws|wss|websockets?|socket\.io|engine\.io|sockjs(-node)?|signalr|cable|graphql-ws|_?hmr)([/$)|\s]|$)/i;
const eventPath = /(^|[/^(|\s_-])(sse|event-?source|event-?streams?|server-sent-events)([/$)|\s_-]|$)/i;
/** Words that also mean other things: they count only beside a setting that says so. */
const maybeEventPath = /(^|[/^(|\s_-])(events?|streams?|streaming|notifications?|subscribe|live|updates)([/$)|\s_-]|$)/i;

/** Whether the path alone says WebSocket. */
export const isWebSocketPath = ({ path }: Way): boolean => webSocketPath.test(plainPath(path));
/** Whether the path alone says event stream. */
export const isEventPath = ({ path }: Way): boolean => eventPath.test(plainPath(path));

const plainPath = (path: string): string => path.replace(/^(=|\^~|~\*?)\s+/, "").replaceAll("\\", "");

/** What `Connection` says to the backend for a request that asks for an upgrade, or for one that does not. "": it is not sent. Null: unknown. */
export function connectionHeader(way: Way, site: Site, version: string, asksUpgrade: boolean): string | null {
  const directive = headerOf(way, "Connection");
  if (directive === null) return isBefore(version, "1.29.7") ? "close" : "";
  return evaluate(directive.args[1] ?? "", asksUpgrade ? upgradeRequest : plainRequest, site, way.scope);
}

/** What `Upgrade` says for a request that asks for one. */
export function upgradeHeader(way: Way, site: Site): string | null {
  const directive = headerOf(way, "Upgrade");
  return directive === null ? "" : evaluate(directive.args[1] ?? "", upgradeRequest, site, way.scope);
}

export function httpVersion({ scope }: Way, version: string): string {
  return held(scope, "proxy_http_version")?.args[0] ?? (isBefore(version, "1.29.7") ? "1.0" : "1.1");
}

export function toldOf(way: Way, site: Site, version: string): Told {
  if (way.kind !== "proxy") return { carries: way.kind, by: "settings" };
  const upgrades = upgradeHeader(way, site) !== "" && /upgrade/i.test(connectionHeader(way, site, version, true) ?? "upgrade");
  if (saysEvents(way, upgrades)) return { carries: "event-stream", by: "settings" };
  if (isEventPath(way) && !isWebSocketPath(way)) return { carries: "event-stream", by: "path" };
  if (upgrades) return { carries: "websocket", by: "settings" };
  if (isWebSocketPath(way)) return { carries: "websocket", by: "path" };
  return { carries: "http", by: "settings" };
}

/** Settings of the location itself that only an event stream needs. */
function saysEvents(way: Way, upgrades: boolean): boolean {
  const { scope } = way;
  const types = ["add_header", "proxy_set_header", "default_type", "types"].flatMap((name) => heldList(scope, name).filter((each) => isOwn(scope, each)));
  if (types.some(({ args }) => args.some((each) => each.includes("text/event-stream")))) return true;
  if (scope.kind === "if" && scope.args.join(" ").includes("event-stream")) return true;
  const buffering = own(scope, "proxy_buffering")?.args[0];
  return (
    (maybeEventPath.test(plainPath(way.path)) || isEventPath(way)) &&
    (buffering === "off" || (!upgrades && own(scope, "proxy_read_timeout") !== null)) &&
    !isWebSocketPath(way)
  );
}

/** Whether nginx gathers the answer before it passes it on. */
export const isBuffered = ({ scope }: Way): boolean => (held(scope, "proxy_buffering")?.args[0] ?? "on") === "on";

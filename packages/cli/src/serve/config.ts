/**
 * The configuration of `serve`: which settings there are, what the file may say, and the checks that need all of it. Pure.
 */
import type { PathOptions } from "@holdfast/guard";
import type { DeclaredPath } from "@holdfast/path";
import { decisionFault, resolveServerOptions, type ServerOptions, serverOptionDocs } from "@holdfast/server";
import { type EngineOptions, engineOptionDocs, resolveEngineOptions, resolvePolicies, type StreamPolicy } from "@holdfast/server/engines";
import { bad, type Checked, type FlagSpec, good } from "../args.ts";
import { cliOptionDocs, type EngineName, engineNames } from "../options.ts";
import { type AuthConfig, checkAuth } from "./auth.ts";
import { type DoctorAgentConfig, doctorAgentOf } from "./doctor-agent.ts";
import { inPath, madeBySomebody, toldInPath } from "./in-path.ts";
import { type ListenerConfig, listenerOf, listenerOptionDocs } from "./listener.ts";
import { flagName, type Setting, type SettingGiven, valuesOf } from "./settings.ts";

const docSettings = (docs: Readonly<Record<string, Omit<Setting, "name">>>): Setting[] =>
  Object.entries(docs).map(([name, doc]) => ({ name, default: doc.default, unit: doc.unit, what: doc.what }));

/** Every setting of `serve`: its own, how it listens, the server's options, the engines' options. */
export const serveSettings: readonly Setting[] = [
  ...docSettings(cliOptionDocs),
  ...docSettings(listenerOptionDocs),
  ...docSettings(serverOptionDocs),
  ...docSettings(engineOptionDocs),
];

/** Each setting as a flag. */
export function settingFlags(): Record<string, FlagSpec> {
  return Object.fromEntries(
    serveSettings.map((setting): [string, FlagSpec] => {
      const { name, unit, what } = setting;
      if (typeof setting.default === "boolean") return [flagName(name), { negatable: true, what: `${what} (default: ${setting.default ? "on" : "off"})` }];
      const isList = Array.isArray(setting.default);
      const placeholder = typeof setting.default === "number" ? "N" : (isList ? unit.replace(/s$/, "") : unit).toUpperCase();
      return [
        flagName(name),
        { value: placeholder, ...(isList ? { multiple: true } : {}), what: `${what} (${isList ? "may be repeated" : `default: ${String(setting.default)}`})` },
      ];
    }),
  );
}

/** What `serve` runs on, checked. */
export interface ServeConfig {
  readonly options: ServerOptions;
  /** What the server is told of them: all, or in a path what somebody set. */
  readonly told: Partial<ServerOptions>;
  /** The path that the server stands in; null: none was declared. */
  readonly place: PathOptions | null;
  readonly engineOptions: EngineOptions;
  readonly engine: EngineName;
  readonly data: string;
  readonly vitals: boolean;
  readonly page: boolean;
  readonly policies: readonly StreamPolicy[];
  readonly listener: ListenerConfig;
  /** The second port; null without one. */
  readonly admin: { readonly host: string; readonly port: number; readonly tokenFile: string | null } | null;
  /** The doctor's agent; null without one. */
  readonly doctorAgent: DoctorAgentConfig | null;
  /** Lines a second about ended connections; null: none is logged. */
  readonly logLinesPerSecond: number | null;
  readonly auth: AuthConfig;
}

/** The members of a configuration file, or why it cannot be used. */
export function parseConfigFile(path: string, text: string): Checked<Readonly<Record<string, unknown>>> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (thrown) {
    return bad(`${path} is not JSON: ${(thrown as Error).message}`);
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) return bad(`expected ${path} to be a JSON object`);
  return good(content as Readonly<Record<string, unknown>>);
}

/** What is kept of the streams that this command publishes itself. */
export interface OwnPolicies {
  readonly vitals: StreamPolicy;
  readonly page: StreamPolicy;
}

/** Checks the values together. The server's and the engines' own checks decide; their message names the setting. `readPath` reads a path file. */
export function checkConfig(
  given: readonly SettingGiven[],
  streams: unknown,
  ownPolicies: OwnPolicies,
  readPath: (file: string) => Checked<DeclaredPath>,
): Checked<ServeConfig> {
  const own = valuesOf(given, ["engine", "data", "vitals"]) as { engine: string; data: string; vitals: boolean };
  const engine = engineNames.find((name) => name === own.engine);
  if (engine === undefined) return bad(`expected engine to be ${engineNames.join(" or ")}, got ${JSON.stringify(own.engine)}`);
  if (streams !== undefined && !(Array.isArray(streams) && streams.every((policy) => typeof policy === "object" && policy !== null)))
    return bad("expected streams in the configuration file to be a list of policies");
  const auth = checkAuth(given);
  if (!auth.ok) return auth;
  const place = inPath(given, readPath);
  if (!place.ok) return place;
  const page = checkPage(given, auth.value);
  if (!page.ok) return page;
  const asked = (streams ?? []) as readonly StreamPolicy[];
  const stranger = asked.find((policy) => policy.engine !== undefined && !engineNames.some((name) => name === policy.engine));
  if (stranger !== undefined)
    return bad(`expected the engine of streams ${JSON.stringify(stranger.pattern)} to be ${engineNames.join(" or ")}, got ${JSON.stringify(stranger.engine)}`);
  try {
    const said = new Set((place.value === null ? given : madeBySomebody(given)).map(({ setting }) => setting.name));
    const listener = listenerOf(valuesOf(given, Object.keys(listenerOptionDocs)), (name) => said.has(name));
    const options = resolveServerOptions(valuesOf(given, Object.keys(serverOptionDocs)));
    return good({
      auth: auth.value,
      options,
      told: place.value === null ? options : toldInPath(place.value, given, listener),
      place: place.value,
      engineOptions: resolveEngineOptions(valuesOf(given, Object.keys(engineOptionDocs)) as Partial<EngineOptions>),
      engine,
      data: own.data,
      vitals: own.vitals,
      page: page.value,
      listener,
      admin: adminOf(given),
      doctorAgent: doctorAgentOf(valuesOf(given, ["doctorAgent", "doctorTokenFile", "host"])),
      logLinesPerSecond: loggedOf(given),
      // The last of them, so that the file can say otherwise.
      policies: resolvePolicies([...asked, ...(own.vitals ? [ownPolicies.vitals] : []), ...(page.value ? [ownPolicies.page] : [])]),
    });
  } catch (thrown) {
    if (thrown instanceof TypeError) return bad(thrown.message);
    throw thrown;
  }
}

/** Whoever moved the first port, or takes any, has other servers here: there the second one must not be in their way. */
function adminOf(given: readonly SettingGiven[]): ServeConfig["admin"] {
  const own = valuesOf(given, ["admin", "adminHost", "adminPort", "adminTokenFile", "port"]) as {
    admin: boolean;
    adminHost: string;
    adminPort: number;
    adminTokenFile: string;
    port: number;
  };
  if (!own.admin) return null;
  const isGiven = given.some(({ setting, source }) => setting.name === "adminPort" && source !== "default");
  const port = isGiven || own.port === serverOptionDocs.port.default ? own.adminPort : 0;
  if (port > portMax) throw new TypeError(`Expected \`adminPort\` to be a port, got ${port}`);
  return { host: own.adminHost, port, tokenFile: own.adminTokenFile === "" ? null : own.adminTokenFile };
}

const portMax = 65_535;

function loggedOf(given: readonly SettingGiven[]): number | null {
  const { logConnections, logLinesPerSecond } = valuesOf(given, ["logConnections", "logLinesPerSecond"]) as {
    logConnections: boolean;
    logLinesPerSecond: number;
  };
  if (logLinesPerSecond < 1) throw new TypeError(`Expected \`logLinesPerSecond\` to be at least 1, got ${logLinesPerSecond}`);
  return logConnections ? logLinesPerSecond : null;
}

/** The page has no token, and whoever sees it can cut this server's wire: it is there for everybody on this machine, or for nobody. */
function checkPage(given: readonly SettingGiven[], auth: AuthConfig): Checked<boolean> {
  const found = given.find(({ setting }) => setting.name === "page");
  const host = String(valuesOf(given, ["host"])["host"]);
  const mayShow = auth.name === "anonymous" && decisionFault({ host, auth: false, origins: false }) === null;
  if (mayShow || found?.value !== true || found.source === "default") return good(mayShow && found?.value === true);
  return bad(`expected no page (${found.origin}) where \`auth\` is jwt or \`host\` is not a loopback address: it is open to whoever reaches it`);
}

/**
 * `holdfast serve`: a server on this machine, with its vital signs as streams.
 * It ends when it is told to, after clients were moved; a second signal ends it at once.
 */
import { readFileSync } from "node:fs";
import { type Agent, type AgentOptions, attachAgent } from "@holdfast/doctor/agent";
import { type AdminListener, CertificateError, type CloseLog, pinoLog } from "@holdfast/guard";
import { HoldfastError } from "@holdfast/protocol";
import { createServer, decisionFault, type Engine, type HoldfastServer, nodeEnv, type ServerParts } from "@holdfast/server";
import { makeAuth } from "../adapters/auth.ts";
import { nodeClock } from "../adapters/clock.ts";
import { makeEngine, usesDisk } from "../adapters/engines.ts";
import { openMachine } from "../adapters/machine.ts";
import { readPageFiles } from "../adapters/page-files.ts";
import { readPathFile } from "../adapters/path-file.ts";
import { stall } from "../adapters/stall.ts";
import { type Output, onHangup, standardOutput, stopSignal } from "../adapters/terminal.ts";
import { readSecret, readToken } from "../adapters/token-file.ts";
import { bad, type Checked, type CommandSpec, type Given, good, isOn, textFlag } from "../args.ts";
import { faultText } from "../code-text.ts";
import type { Command, Variables } from "../command.ts";
import { escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { Page } from "../page/page.ts";
import { pagePolicy } from "../page/publisher.ts";
import { adminToken, makeAdmin } from "../serve/admin.ts";
import { accessLine } from "../serve/auth.ts";
import { humanLogger, jsonLogger } from "../serve/close-log.ts";
import { checkConfig, parseConfigFile, type ServeConfig, serveSettings, settingFlags } from "../serve/config.ts";
import { doctorAgentOptions } from "../serve/doctor-agent.ts";
import { type GreetingFacts, greeting } from "../serve/greeting.ts";
import { listenerParts } from "../serve/listener.ts";
import { humanLine, jsonLine, type LogEvent } from "../serve/log-line.ts";
import { changedSettings, type Policies, settingsJson, settingsTable } from "../serve/print-settings.ts";
import { type ResolvedSettings, resolveSettings, type SettingGiven } from "../serve/settings.ts";
import { tokenVariable } from "../token.ts";
import { startTicker, vitals, vitalsPolicy } from "../vitals/ticker.ts";

const fileDefault = "holdfast.json";
const healthCheckMs = 1_000;
/** Whatever takes longer says so, and again. */
const noticeMs = 1_000;

const spec: CommandSpec = {
  name: "serve",
  summary: "Run a server",
  operands: "",
  operandsMin: 0,
  operandsMax: 0,
  flags: {
    config: { value: "FILE", what: `The configuration file, JSON (default: HOLDFAST_CONFIG, else ./${fileDefault} when it is there)` },
    json: { what: "One JSON object a line on stdout, instead of text" },
    "print-config": { what: "Print every setting with where it comes from, and end" },
    ...settingFlags(),
  },
  notes: [
    "Each setting is a flag (--heartbeat-ms), a variable (HOLDFAST_HEARTBEAT_MS) and a member of the file (heartbeatMs). Flags go before the environment, the environment before the file, the file before the default.",
    'The file may also say how much of which streams is kept, the first match decides: "streams": [{ "pattern": "cursors/**", "engine": "memory", "entriesMax": 1000, "bytesMax": 1048576, "ageMs": 5000 }].',
  ],
  examples: ["holdfast serve", "holdfast serve --port 0 --engine memory --no-vitals --json", "HOLDFAST_HEARTBEAT_MS=5000 holdfast serve --print-config"],
};

export const serve: Command = {
  spec,
  prepare: (given, variables): Checked<() => Promise<Exit>> => good(() => run(given, variables)),
};

interface Loaded {
  readonly settings: ResolvedSettings;
  readonly config: ServeConfig;
}

async function run(given: Given, variables: Variables): Promise<Exit> {
  const json = isOn(given, "json");
  const output = standardOutput();
  const loaded = load(given, variables);
  if (!loaded.ok) {
    process.stderr.write(`holdfast serve: ${escapeLine(loaded.message)}\n`);
    return "usage";
  }
  const { settings, config } = loaded.value;
  if (isOn(given, "print-config")) {
    const policies = config.policies as unknown as Policies;
    await output.write(json ? settingsJson(settings.given, policies) : settingsTable(settings.given, policies));
    return "ok";
  }
  const log = (event: LogEvent): void => void output.write((json ? jsonLine : humanLine)(event, nodeClock.wallMs()));
  for (const message of settings.warnings) log({ event: "warning", message });
  const secrets = readSecrets(config);
  if (!secrets.ok) {
    process.stderr.write(`holdfast serve: ${escapeLine(secrets.message)}\n`);
    return "usage";
  }
  const closeLog = closeLogOf(config, json, output, log);
  const { doctorAgent } = secrets.value;
  const agents: Agent[] = [];
  let running: Running;
  let urls: Urls;
  const page = config.page ? new Page({ clock: nodeClock, rng: nodeEnv.rng, readFiles: readPageFiles, stall, report: log }) : null;
  const slow = setInterval(() => log({ event: "starting", engine: config.engine, data: config.data }), noticeMs);
  try {
    const engine = makeEngine(config);
    const server = createServer({
      engine,
      options: config.told,
      ...config.place,
      guard: config.listener.guard,
      listener: secrets.value.listener,
      connectionEvents: {
        warning: (message) => log({ event: "warning", message }),
        notice: (notice) => log({ event: "tls", ...notice }),
        ...(closeLog === null ? {} : { ended: closeLog.ended }),
      },
      ...(page === null ? {} : { fallback: page.fallback }),
      ...(doctorAgent === null ? {} : { attach: (servers) => agents.push(attachAgent(servers, doctorAgent)) }),
      ...makeAuth(config.auth),
    });
    const isGuarded = config.auth.name !== "anonymous";
    const sources = closeLog === null ? {} : { log: closeLog };
    const admin = config.admin === null ? null : makeAdmin({ server, at: config.admin, token: secrets.value.adminToken, isGuarded, sources });
    running = { engine, config, server, page, admin, agents };
    const listening = await server.listen();
    urls = { url: listening.url, admin: await listenBeside(server, admin) };
    page?.open({ server, engine, engineName: config.engine, port: listening.port, vitals: config.vitals });
  } catch (thrown) {
    process.stderr.write(`holdfast serve: ${escapeLine(startFault(thrown))}\n`);
    return "failed";
  } finally {
    clearInterval(slow);
  }
  // Whoever reads that the server listens may stop it at once: the signals are ours before that is said.
  const stop = stopSignal();
  const follows = config.place === null ? null : { keepAliveMs: running.server.guard.options.keepAliveMs, heartbeatMs: running.server.options.heartbeatMs };
  announce(output, json, log, { ...urls, settings: settings.given, config, follows });
  return await serveUntilStopped(running, stop, log);
}

/** What stands in files that nobody else may read, and is needed before anything listens. */
interface Secrets {
  readonly adminToken: string | null;
  readonly doctorAgent: Partial<AgentOptions> | null;
  readonly listener: NonNullable<ServerParts["listener"]>;
}

function readSecrets(config: ServeConfig): Checked<Secrets> {
  const token = adminToken(config, readToken);
  if (!token.ok) return token;
  const doctorAgent = doctorAgentOptions(config.doctorAgent, readToken);
  if (!doctorAgent.ok) return doctorAgent;
  const listener = listenerParts(config.listener, readSecret);
  return listener.ok ? good({ adminToken: token.value, doctorAgent: doctorAgent.value, listener: listener.value }) : listener;
}

function closeLogOf({ logLinesPerSecond }: ServeConfig, json: boolean, output: Output, log: (event: LogEvent) => void): CloseLog | null {
  if (logLinesPerSecond === null) return null;
  return pinoLog(json ? jsonLogger((line) => void output.write(line), nodeClock.wallMs) : humanLogger(log), { linesPerSecond: logLinesPerSecond });
}

/** The admin listener's address once it listens. Where it cannot, the server does not stay up alone: it was asked for both. */
async function listenBeside(server: HoldfastServer, admin: AdminListener | null): Promise<string | null> {
  if (admin === null) return null;
  try {
    return (await admin.listen()).url;
  } catch (thrown) {
    await server.close();
    throw thrown;
  }
}

/** Reads file, environment and flags, and checks them together. */
function load(given: Given, variables: Variables): Checked<Loaded> {
  const file = readConfig(textFlag(given, "config") ?? (variables["HOLDFAST_CONFIG"] || undefined));
  if (!file.ok) return file;
  const settings = resolveSettings(serveSettings, {
    flags: given.flags,
    variables,
    file: file.value,
    otherMembers: ["streams"],
    otherVariables: ["HOLDFAST_URL", "HOLDFAST_ADMIN_URL", "HOLDFAST_CONFIG", tokenVariable],
  });
  if (!settings.ok) return settings;
  const config = checkConfig(settings.value.given, file.value?.members["streams"], { vitals: vitalsPolicy, page: pagePolicy }, readPathFile);
  return config.ok ? good({ settings: settings.value, config: config.value }) : config;
}

function readConfig(asked: string | undefined): Checked<{ readonly path: string; readonly members: Readonly<Record<string, unknown>> } | null> {
  const path = asked ?? fileDefault;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (thrown) {
    if (asked === undefined && (thrown as NodeJS.ErrnoException).code === "ENOENT") return good(null);
    return bad(`cannot read the configuration file: ${(thrown as Error).message}`);
  }
  const members = parseConfigFile(path, text);
  return members.ok ? good({ path, members: members.value }) : members;
}

/** One line on why the server did not start. What has no code is a fault of the system (a folder that cannot be made) or a defect. */
function startFault(thrown: unknown): string {
  if (thrown instanceof CertificateError) return thrown.message;
  if (thrown instanceof HoldfastError || (thrown as NodeJS.ErrnoException).syscall !== undefined) return faultText(thrown as Error);
  throw thrown;
}

interface Urls {
  readonly url: string;
  /** Null without an admin listener. */
  readonly admin: string | null;
}

interface Start extends Urls {
  readonly settings: readonly SettingGiven[];
  readonly config: ServeConfig;
  readonly follows: GreetingFacts["follows"];
}

function announce(output: Output, json: boolean, log: (event: LogEvent) => void, { url, admin, settings, config, follows }: Start): void {
  const { engine, vitals: hasVitals, page } = config;
  const data = usesDisk(config) ? config.data : null;
  if (json) {
    const changed = settings.filter(({ source }) => source !== "default").map(({ setting, value, origin }) => [setting.name, { value, origin }]);
    log({
      event: "listening",
      url,
      admin,
      doctorAgent: config.doctorAgent !== null,
      auth: config.auth.name,
      engine,
      data,
      vitals: hasVitals,
      page,
      pid: process.pid,
      ...(follows === null ? {} : { follows }),
      settings: Object.fromEntries(changed),
    });
    return;
  }
  // In a checkout there is no `holdfast` on the path; npm finds it.
  const access = accessLine(config.auth, decisionFault({ host: config.options.host, auth: false, origins: false }) === null);
  const command = import.meta.url.endsWith(".ts") ? "npx holdfast" : "holdfast";
  void output.write(`${greeting({ url, engine, data, vitals: hasVitals, page, admin, command, access, follows })}${changedSettings(settings)}\n`);
}

interface Running {
  readonly engine: Engine;
  readonly server: HoldfastServer;
  readonly config: ServeConfig;
  readonly page: Page | null;
  readonly admin: AdminListener | null;
  readonly agents: readonly Agent[];
}

async function serveUntilStopped({ engine, server, config, page, admin, agents }: Running, stop: AbortSignal, log: (event: LogEvent) => void): Promise<Exit> {
  const machine = openMachine();
  const ticker = config.vitals
    ? startTicker({
        clock: nodeClock,
        machine,
        vitals,
        figures: () => server.stats(),
        store: async (stream, payload) => {
          const result = await server.hub.append({ stream, entries: [{ format: "json", payload }] });
          return result.ok ? null : result.code;
        },
        report: log,
      })
    : null;
  const health = watchHealth(engine, log);
  // What it found is told by its notices.
  if (server.guard.fronts.length > 0) onHangup(() => void server.guard.reloadTls());
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener("abort", resolve, { once: true }));
  log({ event: "draining", signal: stop.reason, links: server.stats().links, drainMs: server.options.drainMs });
  const notice = setInterval(() => log({ event: "draining", links: server.stats().links }), noticeMs);
  for (const agent of agents) agent.close();
  await ticker?.stop();
  clearInterval(health);
  machine.close();
  // Links leave by the lines, so these stay until the links are gone.
  await server.close();
  await page?.close();
  await admin?.close();
  clearInterval(notice);
  log({ event: "stopped" });
  return "ok";
}

/** Tells when the engine's state changes: a server that takes no more writes looks alive otherwise. */
function watchHealth(engine: Engine, log: (event: LogEvent) => void): NodeJS.Timeout {
  let before = "ok";
  return setInterval(() => {
    const { state, detail } = engine.health();
    if (state !== before) log({ event: "engine_state", state, detail });
    before = state;
  }, healthCheckMs);
}

/**
 * `holdfast doctor agent`: a whole server that stands where the application stands and is nothing but the doctor's other end. It is guarded as any
 * other, but sets no limits of age or idleness of its own that would be taken for the path's.
 */
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { type AgentOptions, attachAgent } from "@holdfast/doctor/agent";
import { guard, http2ServerOptions, resolveHttp2Limits } from "@holdfast/guard";
import { Notices, standardOutput, stopSignal } from "../../adapters/terminal.ts";
import { readToken } from "../../adapters/token-file.ts";
import { bad, type Checked, type CommandSpec, countFlag, type Given, good, isOn, textFlag } from "../../args.ts";
import type { Command, Variables } from "../../command.ts";
import { agentText } from "../../doctor/agent-text.ts";
import { escapeLine } from "../../escape.ts";
import type { Exit } from "../../exit-codes.ts";
import { isLoopback, withToken } from "../../serve/doctor-agent.ts";
import { tokenFlags, tokenSource } from "../../token.ts";

const portDefault = 4_160;
const hostDefault = "127.0.0.1";
/** Longer than any pool in front keeps a connection: 600 s are the longest that are common. */
const keepAliveMsDefault = 620_000;
const hourMs = 3_600_000;
const connectionsMax = 2_000;
/** What is open ends by itself or is cut: nobody waits for it. */
const drainMs = 500;

const spec: CommandSpec = {
  name: "doctor agent",
  summary: "Stand where the application stands, so that `doctor` sees both ends of the path",
  operands: "",
  operandsMin: 0,
  operandsMax: 0,
  flags: {
    port: { value: "N", what: `Where it listens; 0 takes a free port (default: ${portDefault})` },
    host: { value: "ADDRESS", what: `On which address (default: ${hostDefault}). Any other than a loopback address demands a token` },
    "keep-alive-ms": {
      value: "N",
      what: `How long it keeps idle connections, as the application does (default: ${keepAliveMsDefault}, so that it never ends one first)`,
    },
    ...tokenFlags,
    json: { what: "One JSON object when it listens, instead of text" },
  },
  notes: [
    "It answers beneath /.holdfast/doctor what arrived, and everything else with 200. Put it behind the proxy with exactly the settings of the application's own place: what is measured are those.",
    "Who reaches it can make it hold 500 connections for an hour, and no more: see docs/doctor-agent.md. Run it for as long as the examination takes.",
  ],
  examples: ["holdfast doctor agent", "holdfast doctor agent --host 0.0.0.0 --port 3000 --token-file token --keep-alive-ms 5000"],
};

interface Ask {
  readonly host: string;
  readonly port: number;
  readonly keepAliveMs: number;
  readonly agent: Partial<AgentOptions>;
}

export const doctorAgent: Command = {
  spec,
  prepare: (given, variables): Checked<() => Promise<Exit>> => {
    const ask = askOf(given, variables);
    return ask.ok ? good(() => run(ask.value, isOn(given, "json"))) : ask;
  },
};

function askOf(given: Given, variables: Variables): Checked<Ask> {
  const port = countFlag(given, "port", 0, 65_535, portDefault);
  if (!port.ok) return port;
  const keepAliveMs = countFlag(given, "keep-alive-ms", 1, hourMs, keepAliveMsDefault);
  if (!keepAliveMs.ok) return keepAliveMs;
  const source = tokenSource(given, variables);
  if (!source.ok) return source;
  const token = source.value.kind === "file" ? readToken(source.value.path) : good(source.value.kind === "text" ? source.value.token : null);
  if (!token.ok) return token;
  const host = textFlag(given, "host") ?? hostDefault;
  if (token.value === null && !isLoopback(host)) return bad(`expected a token for an agent on ${host}: whoever reached it could use it`);
  const agent = token.value === null ? good({}) : withToken(token.value);
  return agent.ok ? good({ host, port: port.value, keepAliveMs: keepAliveMs.value, agent: agent.value }) : agent;
}

async function run(ask: Ask, json: boolean): Promise<Exit> {
  const notices = new Notices();
  const server = createServer((_, response) => response.end("The doctor's agent stands here.\n"));
  const h2c = createHttp2Server(http2ServerOptions(resolveHttp2Limits()), (_, response) => response.end());
  const agent = attachAgent([server, h2c], ask.agent);
  const { lifeMs } = agent.options;
  const guarded = guard(
    server,
    {
      role: "proxy",
      keepAliveMs: ask.keepAliveMs,
      ageMs: "never",
      requestsMax: "never",
      idleMs: lifeMs * 2,
      connectionsMax,
      perAddressMax: connectionsMax,
      drainMs,
    },
    { h2c },
  );
  const stop = stopSignal();
  const fault = await new Promise<Error | null>((resolve) => {
    server.once("error", resolve).listen({ host: ask.host, port: ask.port }, () => resolve(null));
  });
  if (fault !== null) {
    notices.say(`holdfast doctor agent: ${escapeLine(fault.message)}`);
    guarded.release();
    return "failed";
  }
  const { port } = server.address() as AddressInfo;
  const url = `http://${ask.host.includes(":") ? `[${ask.host}]` : ask.host}:${port}`;
  const { prefix } = agent.options;
  const hasToken = agent.options.token !== null;
  const command = import.meta.url.endsWith(".ts") ? "npx holdfast" : "holdfast";
  await standardOutput().write(
    json
      ? `${JSON.stringify({ event: "listening", url, prefix, hasToken, keepAliveMs: ask.keepAliveMs, pid: process.pid })}\n`
      : agentText({ url, prefix, hasToken, keepAliveMs: ask.keepAliveMs, command }),
  );
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener("abort", resolve, { once: true }));
  agent.close();
  await guarded.drain();
  guarded.release();
  return "ok";
}

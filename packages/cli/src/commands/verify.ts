/**
 * `holdfast verify URL`: does anything get lost, duplicated or reordered when links break here?
 * It must never touch a stream that it has not made itself, and never call clean what it has not compared.
 */
import { writeFileSync } from "node:fs";
import { platformEnv } from "@holdfast/client";
import { randomId } from "@holdfast/protocol";
import { nodeClock } from "../adapters/clock.ts";
import { Notices, standardOutput, stopSignal } from "../adapters/terminal.ts";
import { bearer, tokenOf } from "../adapters/token.ts";
import { bad, type Checked, type CommandSpec, countFlag, type Given, good, isOn, textFlag } from "../args.ts";
import type { Command, Variables } from "../command.ts";
import { escapeJson, escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { type TokenSource, tokenFlags, tokenSource } from "../token.ts";
import { greet } from "../verify/adapters/greeting.ts";
import { openRequests } from "../verify/adapters/requests.ts";
import { openRoutes, type Routes } from "../verify/adapters/routes.ts";
import { deliveriesPerEntry } from "../verify/crew.ts";
import { junitXml } from "../verify/junit.ts";
import type { VerifyParts } from "../verify/parts.ts";
import type { VerifyResult } from "../verify/result.ts";
import { exitOf, runVerify } from "../verify/run.ts";
import { resultText } from "../verify/table.ts";
import { type TransportName, transportNames } from "../verify/transports.ts";

const minutesDefault = 0.5;
const minutesMost = 1_440;
const perSecondDefault = 50;
const perSecondMost = 1_000;
const streamsDefault = 4;
const streamsMost = 64;
/** Everything that was delivered is kept until it has been compared. */
const deliveriesMax = 10_000_000;
const lineEveryMs = 10_000;
const getLimitMs = 30_000;
/** What an application gets that sets nothing. Longer links do not raise the clients' patience between dials. */
const clientOptions = { probeTimeoutMs: 5_000, ackTimeoutMs: 5_000, dialTimeoutMs: 10_000 };
const settleMs = 5_000;
const effectMs = 3_000;

const spec: CommandSpec = {
  name: "verify",
  summary: "Break links on purpose and compare with the log: is anything lost, duplicated or reordered?",
  operands: "URL",
  operandsMin: 1,
  operandsMax: 1,
  flags: {
    transport: { value: "NAME", multiple: true, what: `${transportNames.join(", ")}; may be given several times (default: all that the server offers)` },
    minutes: { value: "N", what: `How long each transport is tried, such as 5 or 0.5 (default: ${minutesDefault})` },
    rate: { value: "N", what: `Entries published per second, over all streams (default: ${perSecondDefault})` },
    streams: { value: "N", what: `Streams to publish to and read (default: ${streamsDefault})` },
    "publish-url": { value: "URL", what: "Where to publish, if not at URL: another node, or past a proxy" },
    ...tokenFlags,
    seed: { value: "N", what: "Makes the same choices as an earlier run (default: a new one, which is printed)" },
    json: { what: "Print the result on stdout as one JSON object" },
    junit: { value: "FILE", what: "Write the result to FILE as JUnit's XML: a suite per transport, a case per kind of fault" },
  },
  notes: [
    "Publishes numbered entries to streams of its own (verify/RUN/...), reads them with several clients whose links it breaks in every way, and compares what they were given with the log read over HTTP at URL. Ends its streams afterwards; retention removes them.",
    "Only its own connections are broken: each client goes by a proxy inside this process. With https the proxy passes bytes on, and name and certificate are still the server's.",
    "Where the server asks who its clients are, the token must let them read, publish to and end verify/**; one that does not ends the run.",
    "Ctrl-C ends early, with the table so far.",
  ],
  examples: ["holdfast verify http://127.0.0.1:4150", "holdfast verify https://live.example.org --transport sse --minutes 5 --junit verify.xml"],
};

interface Request {
  readonly url: string;
  readonly publishUrl: string;
  readonly token: TokenSource;
  readonly transports: readonly TransportName[];
  /** Whether the transports were named. */
  readonly isDemanded: boolean;
  readonly durationMs: number;
  readonly perSecond: number;
  readonly streams: number;
  readonly seed: number | null;
  readonly json: boolean;
  readonly junit: string | undefined;
}

export const verify: Command = {
  spec,
  prepare: (given, variables): Checked<() => Promise<Exit>> => {
    const request = parseVerify(given, variables);
    return request.ok ? good(() => run(request.value)) : request;
  },
};

/** What was asked for. Pure. */
export function parseVerify(given: Given, variables: Variables): Checked<Request> {
  const url = baseUrl(given.operands[0] ?? "", "URL");
  if (!url.ok) return url;
  const publishText = textFlag(given, "publish-url");
  const publishUrl = publishText === undefined ? url : baseUrl(publishText, "--publish-url");
  if (!publishUrl.ok) return publishUrl;
  const token = tokenSource(given, variables);
  if (!token.ok) return token;
  const named = (given.flags.get("transport") as readonly string[] | undefined) ?? [];
  const unknown = named.find((name) => !(transportNames as readonly string[]).includes(name));
  if (unknown !== undefined) return bad(`expected --transport to be ${transportNames.join(" or ")}, got ${JSON.stringify(unknown)}`);
  const durationMs = minutesFlag(given);
  if (!durationMs.ok) return durationMs;
  const perSecond = countFlag(given, "rate", 1, perSecondMost, perSecondDefault);
  if (!perSecond.ok) return perSecond;
  const streams = countFlag(given, "streams", 1, streamsMost, streamsDefault);
  if (!streams.ok) return streams;
  const seed = countFlag(given, "seed", 0, 4_294_967_295, null);
  if (!seed.ok) return seed;
  const deliveries = (durationMs.value / 1_000) * perSecond.value * deliveriesPerEntry;
  if (deliveries > deliveriesMax)
    return bad(`--minutes and --rate come to ${deliveries} deliveries, and at most ${deliveriesMax} can be compared: lower one of them`);
  return good({
    url: url.value,
    publishUrl: publishUrl.value,
    token: token.value,
    transports: named.length === 0 ? transportNames : transportNames.filter((name) => named.includes(name)),
    isDemanded: named.length > 0,
    durationMs: durationMs.value,
    perSecond: perSecond.value,
    streams: streams.value,
    seed: seed.value,
    json: isOn(given, "json"),
    junit: textFlag(given, "junit"),
  });
}

function baseUrl(text: string, what: string): Checked<string> {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    return bad(`expected ${what} to be an address like https://live.example.org, got ${JSON.stringify(text)}`);
  }
  return good(`${url.origin}${url.pathname}`.replace(/\/+$/, ""));
}

function minutesFlag(given: Given): Checked<number> {
  const text = textFlag(given, "minutes") ?? String(minutesDefault);
  const minutes = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (minutes < 0.05 || minutes > minutesMost) return bad(`expected --minutes to be a number from 0.05 to ${minutesMost}, got ${JSON.stringify(text)}`);
  return good(minutes * 60_000);
}

async function run(request: Request): Promise<Exit> {
  const notices = new Notices();
  const output = standardOutput();
  const unread = await tokenFault(request.token);
  if (unread !== null) {
    notices.say(`holdfast verify: ${escapeLine(unread)}`);
    return "failed";
  }
  const stop = stopSignal();
  const routes = openRoutes();
  const say = (line: string): void => notices.say(`holdfast verify: ${line}`);
  stop.addEventListener("abort", () => say("ending early; once more ends at once"), { once: true });
  const result = await runVerify(partsOf(request, routes, stop, progressTo(notices)), request.transports);
  routes.close();
  notices.status("");
  await output.write(request.json ? `${escapeJson(JSON.stringify(result))}\n` : resultText(result));
  const refused = result.transports.find(({ verdict }) => verdict === "refused");
  if (refused !== undefined) say(escapeLine(refused.reason));
  const exit = exitOf(result, request.isDemanded, stop.reason === "SIGTERM" ? "terminated" : "interrupted");
  if (request.junit === undefined) return exit;
  const fault = writeReport(request.junit, result);
  if (fault === null) return exit;
  say(escapeLine(fault));
  return exit === "ok" ? "failed" : exit;
}

/** Why there is no token to begin with, though one was named; or null. */
async function tokenFault(source: TokenSource): Promise<string | null> {
  try {
    bearer(await tokenOf(source)());
    return null;
  } catch (thrown) {
    return `cannot read the token: ${(thrown as Error).message}`;
  }
}

function partsOf(request: Request, routes: Routes, stop: AbortSignal, progress: (line: string) => void): VerifyParts {
  const { url, publishUrl, durationMs, perSecond, streams } = request;
  const token = tokenOf(request.token);
  return {
    ...{ url, publishUrl, durationMs, perSecond, streams, settleMs, effectMs, stop, progress },
    ...openRequests(request.token, getLimitMs),
    clientOptions: { ...clientOptions, token },
    isTokenFixed: request.token.kind !== "file",
    greet: async (server, transport, limitMs) => {
      try {
        return await greet(server, transport, limitMs, await token());
      } catch (thrown) {
        return { kind: "refused", reason: `cannot read the token: ${(thrown as Error).message}` };
      }
    },
    run: randomId(platformEnv.rng, 12),
    seed: request.seed ?? platformEnv.rng.u32(),
    clock: nodeClock,
    connect: routes.connect,
    route: routes.add,
  };
}

/** A terminal gets one moving line, everything else a line now and then. */
function progressTo(notices: Notices): (line: string) => void {
  let saidMs = nodeClock.monoMs();
  return (line) => {
    notices.status(escapeLine(line));
    if (notices.isTerminal || nodeClock.monoMs() - saidMs < lineEveryMs) return;
    saidMs = nodeClock.monoMs();
    notices.say(escapeLine(line));
  };
}

function writeReport(path: string, result: VerifyResult): string | null {
  try {
    writeFileSync(path, junitXml(result));
    return null;
  } catch (thrown) {
    return `cannot write ${path}: ${(thrown as Error).message}`;
  }
}

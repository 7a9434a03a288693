/**
 * One transport from the first link to the table: opens the clients, breaks their links as planned while entries flow, heals everything,
 * waits until all readers have all, reads the log, compares. It must never report on less than it has compared.
 */
import type { Client, ClientOptions } from "@holdfast/client";
import { createRandom } from "@holdfast/lab";
import type { WelcomeFrame } from "@holdfast/protocol";
import { codeText } from "../code-text.ts";
import { Crew, type CrewParts, type Member } from "./crew.ts";
import { endByRequest, finish } from "./finish.ts";
import type { Timing } from "./kinds.ts";
import type { Run, VerifyParts } from "./parts.ts";
import { showProgress } from "./progress.ts";
import { feed } from "./publishing.ts";
import { Refusals, refusalText } from "./refusal.ts";
import type { TransportResult } from "./result.ts";
import { absentResult, summarize } from "./summarize.ts";
import type { TransportName } from "./transports.ts";
import { workOn } from "./work.ts";

/** How long the first links may take, beside a dial. */
const openLimitMs = 5_000;

/** Verifies one transport. */
export async function runTransport(parts: VerifyParts, transport: TransportName): Promise<TransportResult> {
  const startMs = parts.clock.monoMs();
  const greeting = await parts.greet(parts.url, transport, parts.clientOptions.dialTimeoutMs);
  if (greeting.kind === "denied") return absentResult(transport, "refused", refusalText(parts.url, "a link", greeting.refused), parts);
  if (greeting.kind !== "welcome") return absentResult(transport, greeting.kind === "absent" ? "absent" : "unreachable", greeting.reason, parts);
  const refusals = new Refusals(parts.isTokenFixed);
  const run = await openRun(endedBy(refusals, parts), transport, greeting.welcome, refusals);
  const progress = showProgress(run, transport, startMs);
  try {
    const unlinked = await openLinks(run);
    if (unlinked !== null && !run.parts.stop.aborted) return absentResult(transport, "unreachable", unlinked, parts, await endBegun(run));
    if (refusals.first === null) await breakAndPublish(run);
    if (refusals.first !== null) return absentResult(transport, "refused", refusals.first, parts, await endBegun(run));
    progress.say("waiting until every reader has everything");
    const ending = await finish(run);
    progress.say("comparing with the log");
    const { crew, timing, tallies, payloadBytesMax } = run;
    const result = await summarize({ parts: run.parts, transport, crew, timing, tallies, payloadBytesMax, startMs, ...ending });
    // What was refused on the way to the end, the reading of the logs included, makes everything that was compared worth nothing.
    return refusals.first === null ? result : absentResult(transport, "refused", refusals.first, parts, ending.notes);
  } finally {
    progress.stop();
    await run.crew.close();
  }
}

/** The same world, in which the first refusal ends the run as well, and no answer to a request is missed. */
function endedBy(refusals: Refusals, parts: VerifyParts): VerifyParts {
  return {
    ...parts,
    stop: AbortSignal.any([parts.stop, refusals.signal]),
    get: async (url) => {
      const answer = await parts.get(url);
      refusals.answered(parts.url, "reading a log", answer);
      return answer;
    },
    endStream: async (url, limitMs) => {
      const answer = await parts.endStream(url, limitMs);
      refusals.answered(parts.publishUrl, "the end of a stream", answer);
      return answer;
    },
  };
}

async function openRun(parts: VerifyParts, transport: TransportName, welcome: WelcomeFrame, refusals: Refusals): Promise<Run> {
  const { settleMs, effectMs, clientOptions, clock } = parts;
  const timing: Timing = {
    heartbeatMs: welcome.heartbeatMs,
    windowMs: welcome.reconnect.windowMs,
    probeTimeoutMs: clientOptions.probeTimeoutMs,
    ackTimeoutMs: clientOptions.ackTimeoutMs,
    settleMs,
    effectMs,
  };
  const connect = (url: string, options: ClientOptions = {}): Client =>
    parts.connect(url, { name: "holdfast verify", ...clientOptions, ...options, transports: [transport] });
  const prefix = `verify/${parts.run}/${transport}`;
  const payloadBytesMax = welcome.entryBytesMax;
  const ended: CrewParts["ended"] = (server, what, code, said) => refusals.ended(server, what, code, said);
  return {
    parts,
    crew: await Crew.open({ ...parts, prefix, payloadBytesMax, connect, ended }),
    timing,
    random: createRandom(parts.seed).fork(transport.length),
    tallies: new Map(),
    endMs: clock.monoMs() + parts.durationMs,
    payloadBytesMax,
    connect,
  };
}

/** Waits for the first links. Why it is in vain, or null. */
async function openLinks({ parts, crew, timing }: Run): Promise<string | null> {
  const limitMs = parts.clientOptions.dialTimeoutMs + timing.windowMs + openLimitMs;
  for (const { lane, publishing } of crew.members) {
    // A client dials when it has something to carry.
    publishing?.publish(lane.client);
    if (await lane.until(() => lane.isLive, limitMs, parts.stop)) continue;
    const { state, code, reason } = lane.client.status.getSnapshot();
    return `${lane.name} has no link after ${limitMs} ms: ${[state, code === null ? reason : codeText(code, reason)].filter(Boolean).join(", ")}`;
  }
  return null;
}

/** Some links may have come about: what was begun over them is ended. Says what could not be. */
async function endBegun({ parts, crew }: Run): Promise<string[]> {
  const begun = crew.members.flatMap(({ publishing }) => publishing?.sent ?? []).filter(({ acknowledged }) => acknowledged.size > 0);
  return (await Promise.all(begun.map(({ stream }) => endByRequest(parts, stream)))).flat();
}

async function breakAndPublish(run: Run): Promise<void> {
  const { parts, crew } = run;
  const publishers = crew.members.filter(({ lane }) => lane.role === "publisher");
  let turn = 0;
  const stopFeeding = feed(parts.clock, parts.perSecond, () => {
    // Whoever has room takes it: a publisher in the dark must not hold up the others.
    for (const _ of publishers) {
      const { lane, publishing } = publishers[turn++ % publishers.length] as Member;
      if (publishing?.publish(lane.client) === true) return true;
    }
    return false;
  });
  await Promise.all(crew.members.map((member) => workOn(run, member)));
  stopFeeding();
}

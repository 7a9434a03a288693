/**
 * `holdfast publish STREAM [DATA...]`: a line an entry, from arguments or stdin, acknowledged before it ends.
 * A retry after a lost answer adds nothing twice: the client repeats an entry with the same producer number.
 */
import { type Client, connect, type Published, rawJson } from "@holdfast/client";
import { isKey, limits, streamNameFault } from "@holdfast/protocol";
import { nodeClock } from "../adapters/clock.ts";
import { whyUnreachable } from "../adapters/http.ts";
import { standardInput } from "../adapters/input.ts";
import { Notices, standardOutput, stopSignal } from "../adapters/terminal.ts";
import { tokenOf } from "../adapters/token.ts";
import { bad, type Checked, type CommandSpec, choiceFlag, countFlag, type Given, good, isOn, textFlag } from "../args.ts";
import type { Command } from "../command.ts";
import { escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { failureLine, type LinkFailure, watchLink } from "../link-watch.ts";
import type { Line } from "../publish/lines.ts";
import { formats, type LineFormat } from "../publish/payload.ts";
import { cutLines, type PumpEnd, pump, type Sendable } from "../publish/pump.ts";
import { emptyTally, exitOf, faultLine, progressLine, summaryJson, summaryLine, type Tally } from "../publish/tally.ts";
import { publishWindow, Window } from "../publish/window.ts";
import { type TokenSource, tokenFlags, tokenSource } from "../token.ts";
import { serverUrl, urlFlag } from "../url.ts";

const connectMsDefault = 10_000;
const giveUpMsDefault = 600_000;
/** How long an interrupted run still waits for the answers to what it has sent. */
const farewellMs = 5_000;
const progressAfterMs = 1_000;
const progressEveryMs = 250;
/** Room for the window and one more entry of the greatest size, so that the outbox is never what is full. */
const outboxBytesMax = publishWindow.bytesMax + 2 * limits.entryBytesMax.value;

const spec: CommandSpec = {
  name: "publish",
  summary: "Append entries to a stream, from arguments or stdin",
  operands: "STREAM [DATA...]",
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  flags: {
    url: urlFlag,
    ...tokenFlags,
    format: { value: "FORMAT", what: "text: a line becomes a JSON string; json: a line is JSON; bytes: a line is bytes (default: text)" },
    key: { value: "KEY", what: "The entries' key: what they are about" },
    "dedupe-key": { value: "KEY", what: "For one DATA: adds nothing when an entry with this key is there already" },
    producer: { value: "ID", what: "Publish as this producer from its first number on: the same input given again soon adds nothing" },
    close: { what: "End the stream after the last entry; without DATA on a terminal, end it at once" },
    json: { what: "Print the summary on stdout as one JSON object" },
    quiet: { short: "q", what: "No summary and no progress on stderr" },
    "connect-ms": { value: "MS", what: `How long the first link may take (default: ${connectMsDefault})` },
    "give-up-ms": { value: "MS", what: `How long an entry may wait for its answer, restarts of the server included (default: ${giveUpMsDefault})` },
    verbose: { short: "v", what: "Tell changes of the link on stderr" },
  },
  notes: [
    "Without DATA the lines of stdin are published until it ends: `\\n` ends a line, all else belongs to it. Reading stops while 1,000 entries or 1 MiB wait for answers.",
    `An entry may have ${limits.entryBytesMax.value} bytes. A line that cannot be an entry is told on stderr with its number and left out; the others go on.`,
  ],
  examples: ["holdfast publish rooms/42 'hello'", "tail -f app.log | holdfast publish logs/app", "holdfast publish orders --format json < orders.ndjson"],
};

interface Request {
  readonly url: string;
  readonly token: TokenSource;
  readonly stream: string;
  readonly data: readonly string[];
  readonly format: LineFormat;
  readonly key: string | undefined;
  readonly dedupeKey: string | undefined;
  readonly producer: string | undefined;
  readonly close: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly connectMs: number;
  readonly giveUpMs: number;
  readonly verbose: boolean;
}

export const publish: Command = {
  spec,
  prepare: (given, variables): Checked<() => Promise<Exit>> => {
    const request = parsePublish(given, variables);
    return request.ok ? good(() => run(request.value)) : request;
  },
};

/** What was asked for. Pure. */
export function parsePublish(given: Given, variables: Readonly<Record<string, string | undefined>>): Checked<Request> {
  const [stream = "", ...data] = given.operands;
  const fault = streamNameFault(stream);
  if (fault !== null) return bad(`${fault}, got ${JSON.stringify(stream)}`);
  const url = serverUrl(given, variables);
  if (!url.ok) return url;
  const token = tokenSource(given, variables);
  if (!token.ok) return token;
  const format = choiceFlag(given, "format", formats, "text");
  if (!format.ok) return format;
  for (const name of ["key", "dedupe-key", "producer"]) {
    const text = textFlag(given, name);
    if (text !== undefined && !isKey(text)) return bad(`expected --${name} to be 1 to ${limits.keyBytesMax.value} bytes of text`);
  }
  if (textFlag(given, "dedupe-key") !== undefined && data.length !== 1)
    return bad("--dedupe-key is for one entry: give it with one DATA; for many, see --producer");
  const connectMs = countFlag(given, "connect-ms", 1, 86_400_000, connectMsDefault);
  if (!connectMs.ok) return connectMs;
  const giveUpMs = countFlag(given, "give-up-ms", 1_000, giveUpMsDefault, giveUpMsDefault);
  if (!giveUpMs.ok) return giveUpMs;
  return good({
    url: url.value,
    token: token.value,
    stream,
    data,
    format: format.value,
    key: textFlag(given, "key"),
    dedupeKey: textFlag(given, "dedupe-key"),
    producer: textFlag(given, "producer"),
    close: isOn(given, "close"),
    json: isOn(given, "json"),
    quiet: isOn(given, "quiet"),
    connectMs: connectMs.value,
    giveUpMs: giveUpMs.value,
    verbose: isOn(given, "verbose"),
  });
}

async function run(request: Request): Promise<Exit> {
  const notices = new Notices();
  const input = standardInput();
  const interrupt = stopSignal();
  const reading = new AbortController();
  const stopReading = (): void => {
    reading.abort();
    input.end();
  };
  const client = connect(request.url, {
    name: "holdfast publish",
    token: tokenOf(request.token),
    outboxBytesMax,
    outboxAgeMs: request.giveUpMs,
    ...(request.producer === undefined ? {} : { producerId: request.producer }),
  });
  const watch = watchLink(client, nodeClock, request.url, request.connectMs, (line) => {
    if (request.verbose) notices.say(`holdfast publish: ${line}`);
  });
  watch.failed.addEventListener("abort", () => {
    stopReading();
    void client.close({ drainMs: 0 });
  });
  interrupt.addEventListener("abort", () => {
    stopReading();
    // Not waited for when all is answered before.
    setTimeout(() => void client.close({ drainMs: 0 }), farewellMs).unref();
  });
  const tally = emptyTally();
  const window = new Window(publishWindow);
  const startMs = nodeClock.monoMs();
  const progress = showProgress(request, notices, () => progressLine(tally, window.entries, nodeClock.monoMs() - startMs, client.status.getSnapshot().state));
  if (input.isTerminal && request.data.length === 0 && !request.close && !request.quiet)
    notices.say("holdfast publish: reading lines from the terminal; end with Ctrl-D");
  let end = await pump({
    lines: linesOf(request, input),
    format: request.format,
    window,
    tally,
    stop: reading.signal,
    halt: stopReading,
    send: (payload) => {
      watch.begin();
      return send(client, request, payload);
    },
    fault: (line, message) => notices.say(faultLine(request.data.length > 0 ? `DATA ${line}` : `line ${line}`, message)),
  });
  if (request.close && end.kind === "done") watch.begin();
  if (request.close && end.kind === "done") end = await closeStream(client, request, tally, notices);
  progress.stop();
  watch.stop();
  await client.close();
  if (watch.failed.aborted) notices.say(`holdfast publish: ${escapeLine(await failureLine(watch.failed.reason as LinkFailure, request.url, whyUnreachable))}`);
  await tell(request, notices, tally, nodeClock.monoMs() - startMs);
  return exitFor(end, tally, watch.failed, interrupt);
}

/** The arguments, else stdin. */
function linesOf(request: Request, input: ReturnType<typeof standardInput>): Iterable<Line> | AsyncIterable<Line> {
  if (request.data.length > 0) return request.data.map((text, i) => ({ number: i + 1, bytes: Buffer.from(text) }));
  if (request.close && input.isTerminal) return [];
  return cutLines(input.chunks(), limits.entryBytesMax.value);
}

function send(client: Client, { stream, key, dedupeKey }: Request, payload: Sendable): Promise<Published> {
  const data = payload.kind === "json" ? rawJson(payload.text) : payload.payload;
  return client.publish(stream, data, { ...(key === undefined ? {} : { key }), ...(dedupeKey === undefined ? {} : { dedupeKey }) });
}

/** Ends the stream once everything before is answered. */
async function closeStream(client: Client, { stream }: Request, tally: Tally, notices: Notices): Promise<PumpEnd> {
  return await pump({
    // Ending is one more request of the same producer; its payload is none.
    lines: [{ number: 1, bytes: new Uint8Array(0) }],
    format: "bytes",
    window: new Window(publishWindow),
    tally: emptyTally(),
    stop: new AbortController().signal,
    halt: () => {},
    send: async () => {
      const published = await client.end(stream);
      tally.closed = true;
      return published;
    },
    fault: (_, message) => notices.say(faultLine("ending the stream", message)),
  });
}

function showProgress(request: Request, notices: Notices, line: () => string): { stop(): void } {
  if (request.quiet || !notices.isTerminal) return { stop: () => {} };
  let timer = setTimeout(() => {
    timer = setInterval(() => notices.status(line()), progressEveryMs);
  }, progressAfterMs);
  return {
    stop: () => {
      clearTimeout(timer);
      notices.status("");
    },
  };
}

async function tell(request: Request, notices: Notices, tally: Tally, elapsedMs: number): Promise<void> {
  if (request.json) await standardOutput().write(`${summaryJson(request.stream, tally, elapsedMs)}\n`);
  else if (!request.quiet) notices.say(summaryLine(request.stream, tally, elapsedMs));
}

function exitFor(end: PumpEnd, tally: Tally, failed: AbortSignal, interrupt: AbortSignal): Exit {
  if (failed.aborted) return (failed.reason as LinkFailure).exit;
  if (interrupt.aborted) return interrupt.reason === "SIGTERM" ? "terminated" : "interrupted";
  const exit = exitOf(tally);
  return end.kind === "refused" && exit !== "unreachable" ? "refused" : exit;
}

/**
 * `holdfast tail STREAM...`: prints entries and stays for those that follow, across restarts of the server.
 * It must never lose its place: a position is saved only after its line has left this process.
 */
import { type Client, connect, type Gap, type StreamEntry } from "@holdfast/client";
import { type From, gapReasons, HoldfastError, streamNameFault } from "@holdfast/protocol";
import { nodeClock } from "../adapters/clock.ts";
import { whyUnreachable } from "../adapters/http.ts";
import { readPlaceFile, writePlaceFile } from "../adapters/place-file.ts";
import { Notices, type Output, standardOutput, stopSignal } from "../adapters/terminal.ts";
import { tokenOf } from "../adapters/token.ts";
import { bad, type Checked, type CommandSpec, choiceFlag, countFlag, type Given, good, isOn, textFlag } from "../args.ts";
import { errorText } from "../code-text.ts";
import type { Command } from "../command.ts";
import { escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { failureLine, type LinkFailure, watchLink } from "../link-watch.ts";
import { parseFrom } from "../tail/from.ts";
import { formatPlaces, parsePlaces } from "../tail/places.ts";
import { closedObject, entryLine, gapNotice, gapObject, outputs, type PrintOptions, type TailEntry } from "../tail/print.ts";
import { type TokenSource, tokenFlags, tokenSource } from "../token.ts";
import { serverUrl, urlFlag } from "../url.ts";

const connectMsDefault = 10_000;

const spec: CommandSpec = {
  name: "tail",
  summary: "Print a stream's entries and stay for those that follow",
  operands: "STREAM...",
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  flags: {
    url: urlFlag,
    ...tokenFlags,
    from: { value: "WHERE", what: "start, now, last:N or a position (default: now)" },
    format: { value: "FORMAT", what: "json: payloads as published; text: what JSON strings and bytes say (default: json)" },
    json: { what: "One JSON object a line: stream, position, timeMs, key, data; gaps and ends too" },
    count: { value: "N", what: "End after N entries" },
    "until-closed": { what: "End once every stream has ended" },
    "fail-on-gap": { what: "End with exit code 5 at the first gap" },
    save: { value: "FILE", what: "Keep the place after what was printed in FILE, and go on from there the next time" },
    "connect-ms": { value: "MS", what: `How long the first link may take (default: ${connectMsDefault}); later ones are tried for ever` },
    verbose: { short: "v", what: "Tell changes of the link on stderr (without it, only on a terminal)" },
  },
  notes: [
    "Each entry is printed once and in order, however often the link or the server fails; a gap is told on stderr, never passed over.",
    "With --save a killed run may print its last lines again in the next one, and leaves none out. --from holds for streams without a saved place.",
  ],
  examples: [
    "holdfast tail vitals/host",
    "holdfast tail logs/app --from last:20 --format text",
    "holdfast tail orders --from start --save orders.place --json",
  ],
};

interface Request {
  readonly url: string;
  readonly token: TokenSource;
  readonly streams: readonly string[];
  readonly from: From;
  readonly print: Omit<PrintOptions, "terminal">;
  readonly count: number;
  readonly untilClosed: boolean;
  readonly failOnGap: boolean;
  readonly save: string | undefined;
  readonly connectMs: number;
  readonly verbose: boolean;
}

export const tail: Command = {
  spec,
  prepare: (given, variables): Checked<() => Promise<Exit>> => {
    const request = parseTail(given, variables);
    return request.ok ? good(() => run(request.value)) : request;
  },
};

/** What was asked for. Pure. */
export function parseTail(given: Given, variables: Readonly<Record<string, string | undefined>>): Checked<Request> {
  const streams = [...new Set(given.operands)];
  for (const stream of streams) {
    const fault = streamNameFault(stream);
    if (fault !== null) return bad(`${fault}, got ${JSON.stringify(stream)}`);
  }
  const url = serverUrl(given, variables);
  if (!url.ok) return url;
  const token = tokenSource(given, variables);
  if (!token.ok) return token;
  const from = parseFrom(textFlag(given, "from") ?? "now", streams.length);
  if (!from.ok) return from;
  const format = choiceFlag(given, "format", outputs, "json");
  if (!format.ok) return format;
  const count = countFlag(given, "count", 1, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY);
  if (!count.ok) return count;
  const connectMs = countFlag(given, "connect-ms", 1, 86_400_000, connectMsDefault);
  if (!connectMs.ok) return connectMs;
  const json = isOn(given, "json");
  if (json && textFlag(given, "format") !== undefined) return bad("--json has its own format; leave out --format");
  return good({
    url: url.value,
    token: token.value,
    streams,
    from: from.value,
    print: { mode: json ? "objects" : "lines", format: format.value, names: streams.length > 1 },
    count: count.value,
    untilClosed: isOn(given, "until-closed"),
    failOnGap: isOn(given, "fail-on-gap"),
    save: textFlag(given, "save"),
    connectMs: connectMs.value,
    verbose: isOn(given, "verbose"),
  });
}

/** One run: what all its streams share. */
interface Tailing {
  readonly request: Request;
  readonly client: Client;
  readonly output: Output;
  readonly notices: Notices;
  readonly print: PrintOptions;
  readonly places: Places;
  /** Ends the run; the first call counts. */
  end(exit: Exit, message?: string): void;
  readonly over: AbortSignal;
  printed: number;
  ended: number;
}

async function run(request: Request): Promise<Exit> {
  const notices = new Notices();
  const places = openPlaces(request.save);
  if (!places.ok) {
    notices.say(`holdfast tail: ${escapeLine(places.message)}`);
    return "failed";
  }
  const output = standardOutput();
  const stop = stopSignal();
  const over = new AbortController();
  const outcome: { exit: Exit | null } = { exit: null };
  const end = (exit: Exit, message?: string): void => {
    // A failure to save at the very end still counts.
    if (outcome.exit === "failed" || (outcome.exit !== null && exit !== "failed")) return;
    outcome.exit = exit;
    if (message !== undefined) notices.say(`holdfast tail: ${escapeLine(message)}`);
    over.abort();
  };
  const client = connect(request.url, { name: "holdfast tail", token: tokenOf(request.token) });
  const watch = watchLink(client, nodeClock, request.url, request.connectMs, (line) => {
    if (request.verbose || notices.isTerminal) notices.say(`holdfast tail: ${line}`);
  });
  const whenAborted = (signal: AbortSignal, then: () => void): void => (signal.aborted ? then() : signal.addEventListener("abort", then, { once: true }));
  whenAborted(watch.failed, () => end((watch.failed.reason as LinkFailure).exit));
  whenAborted(stop, () => end(stop.reason === "SIGTERM" ? "terminated" : "interrupted"));
  whenAborted(output.gone, () => end("ok"));
  watch.begin();
  const print: PrintOptions = { ...request.print, terminal: output.isTerminal };
  const tailing: Tailing = { request, client, output, notices, print, places: places.value, end, over: over.signal, printed: 0, ended: 0 };
  await Promise.all(request.streams.map((stream) => follow(tailing, stream)));
  // Streams that have ended leave nothing to follow, but the command stays like any `tail -f` unless told otherwise.
  if (!over.signal.aborted) await new Promise<void>((resolve) => whenAborted(over.signal, resolve));
  watch.stop();
  await output.write("");
  savePlaces(tailing);
  await client.close();
  if (watch.failed.aborted) notices.say(`holdfast tail: ${escapeLine(await failureLine(watch.failed.reason as LinkFailure, request.url, whyUnreachable))}`);
  return outcome.exit ?? "failed";
}

/** Prints one stream until it ends or the run is over. */
async function follow(tailing: Tailing, name: string): Promise<void> {
  const { request, client, output, places, over } = tailing;
  const saved = places.after.get(name);
  const onGap = (gap: Gap): Promise<void> => tellGap(tailing, gap);
  const stream = client.stream(name, { from: saved === undefined ? request.from : { after: saved }, signal: over, onGap });
  // The place where reading begins is kept too: a run killed before its first entry must not begin later the next time.
  const unsubscribe = stream.status.subscribe(() => {
    const { delivered, gaps } = stream.counters;
    if (!places.after.has(name) && delivered + gaps === 0 && stream.position !== null) keep(tailing, name, stream.position);
  });
  try {
    for await (const entry of stream) {
      if (over.aborted || tailing.printed >= request.count) return;
      const isLast = ++tailing.printed >= request.count;
      await output.write(entryLine(asTailEntry(entry), tailing.print), () => {
        keep(tailing, name, entry.position);
        if (isLast) tailing.end("ok");
      });
      if (isLast) return;
    }
    if (stream.ended) await tellEnd(tailing, name, stream.position);
  } catch (thrown) {
    const error = HoldfastError.from(thrown);
    if (!over.aborted && error.code === "internal") throw thrown;
    if (!over.aborted) tailing.end("refused", `${name}: ${errorText(error)}`);
  } finally {
    unsubscribe();
  }
}

const asTailEntry = (entry: StreamEntry): TailEntry => ({
  stream: entry.stream,
  position: entry.position,
  timeMs: entry.timeMs,
  key: entry.key,
  payload: entry.raw === null ? { bytes: entry.bytes } : { json: entry.raw },
});

async function tellGap(tailing: Tailing, gap: Gap): Promise<void> {
  const { output, notices, request } = tailing;
  notices.say(`holdfast tail: ${gapNotice(gap, gapReasons[gap.reason] ?? "the server gave a reason that this version does not know")}`);
  const keepPlace = (): void => keep(tailing, gap.stream, gap.after);
  if (request.print.mode === "objects") await output.write(gapObject(gap), request.failOnGap ? undefined : keepPlace);
  // A run that fails here stands before the gap, so that the next one meets it again.
  else if (!request.failOnGap) keepPlace();
  if (request.failOnGap) tailing.end("gap");
}

async function tellEnd(tailing: Tailing, name: string, position: string | null): Promise<void> {
  const { output, notices, request } = tailing;
  tailing.ended++;
  if (request.print.mode === "objects") await output.write(closedObject(name, position ?? "0"));
  if (request.verbose || notices.isTerminal) notices.say(`holdfast tail: ${escapeLine(name)} has ended; no entry will follow`);
  if (request.untilClosed && tailing.ended === request.streams.length) tailing.end("ok");
}

/** The places of a --save file. */
interface Places {
  readonly after: Map<string, string>;
  readonly path: string | undefined;
  /** Whether `after` is ahead of the file. */
  isAhead: boolean;
}

function openPlaces(path: string | undefined): Checked<Places> {
  if (path === undefined) return good({ after: new Map(), path, isAhead: false });
  try {
    const places = parsePlaces(readPlaceFile(path));
    return places.ok ? good({ after: new Map(places.value), path, isAhead: false }) : bad(`${path} ${places.message}`);
  } catch (thrown) {
    return bad(`cannot read ${path}: ${(thrown as Error).message}`);
  }
}

/** Keeps a place. The file is written once for all lines of one turn of the event loop: in between it only lags behind. */
function keep(tailing: Tailing, stream: string, position: string): void {
  const { places } = tailing;
  if (places.path === undefined) return;
  places.after.set(stream, position);
  if (!places.isAhead) setImmediate(() => savePlaces(tailing));
  places.isAhead = true;
}

function savePlaces({ places, end }: Tailing): void {
  if (places.path === undefined || !places.isAhead) return;
  places.isAhead = false;
  try {
    writePlaceFile(places.path, formatPlaces(places.after));
  } catch (thrown) {
    end("failed", `cannot save the place in ${places.path}: ${(thrown as Error).message}`);
  }
}

/**
 * `holdfast streams [PREFIX]`: the streams of a server, as a table or as JSON; with --watch again each second.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { get } from "../adapters/http.ts";
import { Notices, type Output, standardOutput, stopSignal } from "../adapters/terminal.ts";
import { tokenHeaders } from "../adapters/token.ts";
import { type Checked, type CommandSpec, good, isOn } from "../args.ts";
import type { Command } from "../command.ts";
import { escapeJson, escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { parseStreamPage, type StreamRow, streamTable } from "../streams/table.ts";
import { type TokenSource, tokenFlags, tokenSource } from "../token.ts";
import { serverUrl, urlFlag } from "../url.ts";

const pageRows = 1_000;
const timeoutMs = 10_000;
/** After this a person wants to know what is being waited for. */
const slowMs = 1_000;
const watchMs = 1_000;

const spec: CommandSpec = {
  name: "streams",
  summary: "List streams: head, first, entries, bytes, readers",
  operands: "[PREFIX]",
  operandsMin: 0,
  operandsMax: 1,
  flags: {
    url: urlFlag,
    ...tokenFlags,
    json: { what: "One JSON object a stream, as the server gives it" },
    watch: { short: "w", what: "Show the list again each second, until interrupted" },
  },
  notes: ["PREFIX shows only streams whose names begin with it. `head` is the newest entry's position, `first` the place before the oldest one held."],
  examples: ["holdfast streams", "holdfast streams vitals/ --watch"],
};

interface Request {
  readonly url: string;
  readonly token: TokenSource;
  readonly prefix: string;
  readonly json: boolean;
  readonly watch: boolean;
}

/** A list, or how the command ends without one. */
type Listed = { readonly ok: true; readonly rows: readonly StreamRow[] } | { readonly ok: false; readonly exit: Exit; readonly message: string };

export const streams: Command = {
  spec,
  prepare: (given, variables): Checked<() => Promise<Exit>> => {
    const url = serverUrl(given, variables);
    if (!url.ok) return url;
    const token = tokenSource(given, variables);
    if (!token.ok) return token;
    return good(() => run({ url: url.value, token: token.value, prefix: given.operands[0] ?? "", json: isOn(given, "json"), watch: isOn(given, "watch") }));
  },
};

async function run(request: Request): Promise<Exit> {
  const output = standardOutput();
  const notices = new Notices();
  const stop = stopSignal();
  for (;;) {
    const slow = setTimeout(() => notices.status(`asking ${request.url} ...`), slowMs);
    const listed = await list(request, AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]));
    clearTimeout(slow);
    notices.status("");
    if (stop.aborted) return stop.reason === "SIGTERM" ? "terminated" : "interrupted";
    if (output.gone.aborted) return "ok";
    if (listed.ok) await show(output, request, listed.rows);
    else {
      notices.say(`holdfast streams: ${escapeLine(listed.message)}`);
      // A watch outlives the server's restarts; a refusal would only be repeated.
      if (!request.watch || listed.exit !== "unreachable") return listed.exit;
    }
    if (!request.watch) return "ok";
    await sleep(watchMs, undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) return stop.reason === "SIGTERM" ? "terminated" : "interrupted";
  }
}

async function show(output: Output, { json, watch }: Request, rows: readonly StreamRow[]): Promise<void> {
  if (json) await output.write(rows.map((row) => `${escapeJson(JSON.stringify(row))}\n`).join(""));
  else await output.write(`${watch && output.isTerminal ? "\x1b[2J\x1b[H" : ""}${streamTable(rows)}${watch && !output.isTerminal ? "\n" : ""}`);
}

/** All pages of the list. */
async function list({ url, prefix, token }: Request, signal: AbortSignal): Promise<Listed> {
  let headers: Record<string, string>;
  try {
    headers = await tokenHeaders(token);
  } catch (thrown) {
    return { ok: false, exit: "failed", message: `cannot read the token: ${(thrown as Error).message}` };
  }
  const rows: StreamRow[] = [];
  let after: string | null = "";
  while (after !== null) {
    const query = new URLSearchParams({ prefix, after, limit: String(pageRows) });
    const answer = await get(`${url}/v1/streams?${query}`, signal, headers);
    if (answer.kind === "unreachable") return { ok: false, exit: "unreachable", message: `cannot reach ${url}: ${answer.reason}` };
    if (answer.kind === "refused") return { ok: false, exit: "refused", message: `${url} answered ${answer.status}: ${errorIn(answer.body)}` };
    const page = parseStreamPage(answer.body);
    if (page === null) return { ok: false, exit: "failed", message: `${url} did not answer as a Holdfast server does` };
    rows.push(...page.rows);
    after = page.next;
  }
  return { ok: true, rows };
}

function errorIn(body: string): string {
  try {
    const { code, message } = (JSON.parse(body) as { error: { code: string; message: string } }).error;
    return `${code}, ${message}`;
  } catch {
    return body.slice(0, 200);
  }
}

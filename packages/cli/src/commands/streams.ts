/**
 * `holdfast streams [PREFIX]`: the streams of a server, as a table or as JSON; with --watch again each second.
 */
import { get } from "../adapters/http.ts";
import { type Answered, showListing } from "../adapters/listing.ts";
import { tokenHeaders } from "../adapters/token.ts";
import { type Checked, type CommandSpec, good, isOn } from "../args.ts";
import { errorIn } from "../code-text.ts";
import type { Command } from "../command.ts";
import type { Exit } from "../exit-codes.ts";
import { parseStreamPage, type StreamRow, streamTable } from "../streams/table.ts";
import { type TokenSource, tokenFlags, tokenSource } from "../token.ts";
import { serverUrl, urlFlag } from "../url.ts";

const pageRows = 1_000;

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
}

export const streams: Command = {
  spec,
  prepare: (given, variables): Checked<() => Promise<Exit>> => {
    const url = serverUrl(given, variables);
    if (!url.ok) return url;
    const token = tokenSource(given, variables);
    if (!token.ok) return token;
    const request = { url: url.value, token: token.value, prefix: given.operands[0] ?? "" };
    return good(() =>
      showListing({
        command: spec.name,
        url: url.value,
        json: isOn(given, "json"),
        watch: isOn(given, "watch"),
        ask: (signal) => list(request, signal),
        rows: (rows) => rows,
        table: streamTable,
      }),
    );
  },
};

/** All pages of the list. */
async function list({ url, prefix, token }: Request, signal: AbortSignal): Promise<Answered<readonly StreamRow[]>> {
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
  return { ok: true, value: rows };
}

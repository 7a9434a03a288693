/**
 * `holdfast connections`: the connections of a server by way of its admin listener, as a table or as JSON; with --watch again each
 * second; with --kill one of them is ended.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../adapters/http.ts";
import { Notices, type Output, standardOutput, stopSignal } from "../adapters/terminal.ts";
import { readToken } from "../adapters/token-file.ts";
import { bad, type Checked, type CommandSpec, choiceFlag, countFlag, good, isOn, textFlag } from "../args.ts";
import type { Command } from "../command.ts";
import { type ConnectionList, connectionTable, parseConnectionList } from "../connections/table.ts";
import { escapeJson, escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { adminFlag, adminUrl } from "../url.ts";

const timeoutMs = 10_000;
/** After this a person wants to know what is being waited for. */
const slowMs = 1_000;
const watchMs = 1_000;
const limitMax = 10_000;
const limitDefault = 100;
const sorts = ["idle", "age", "silent", "bytes", "queued", "requests"] as const;

const spec: CommandSpec = {
  name: "connections",
  summary: "List the connections of a server, or end one",
  operands: "",
  operandsMin: 0,
  operandsMax: 0,
  flags: {
    admin: adminFlag,
    "token-file": { value: "FILE", what: "A file with the listener's token (default: HOLDFAST_ADMIN_TOKEN_FILE)" },
    sort: { value: "BY", what: `The greatest first: ${sorts.join(", ")} (default: ${sorts[0]})` },
    limit: { value: "N", what: `At most so many (default: ${limitDefault})` },
    listener: { value: "NAME", what: "Only those of this listener" },
    subject: { value: "NAME", what: "Only those of this subject" },
    kill: { value: "ID", what: "End the connection of this id, instead of listing" },
    json: { what: "One JSON object a connection, as the listener gives it" },
    watch: { short: "w", what: "Show the list again each second, until interrupted" },
  },
  notes: [
    "`idle` is how long a connection has waited for its next request, `silent` how long nothing of its peer has been received: its proof of life is that old.",
  ],
  examples: ["holdfast connections", "holdfast connections --sort silent --limit 20 --watch", "holdfast connections --kill 7m3kq0v1c2ab"],
};

interface Request {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
  readonly kill: string | null;
  readonly json: boolean;
  readonly watch: boolean;
}

/** A list, or how the command ends without one. */
type Listed = { readonly ok: true; readonly list: ConnectionList } | { readonly ok: false; readonly exit: Exit; readonly message: string };

export const connections: Command = {
  spec,
  prepare: (given, variables): Checked<() => Promise<Exit>> => {
    const url = adminUrl(given, variables);
    if (!url.ok) return url;
    const sort = choiceFlag(given, "sort", sorts, sorts[0]);
    if (!sort.ok) return sort;
    const limit = countFlag(given, "limit", 1, limitMax, limitDefault);
    if (!limit.ok) return limit;
    const kill = textFlag(given, "kill") ?? null;
    if (kill !== null && !/^[\w-]{1,64}$/.test(kill)) return bad("expected --kill to be an id, as the first column has it");
    const [json, watch] = [isOn(given, "json"), isOn(given, "watch")];
    if (kill !== null && watch) return bad("--kill and --watch do not go together");
    const query = new URLSearchParams({ sort: sort.value, limit: String(limit.value) });
    for (const name of ["listener", "subject"]) {
      const value = textFlag(given, name);
      if (value !== undefined) query.set(name, value);
    }
    const tokenFile = textFlag(given, "token-file") ?? (variables["HOLDFAST_ADMIN_TOKEN_FILE"] || null);
    return good(() => withToken(tokenFile, (headers) => run({ url: url.value, headers, query: String(query), kill, json, watch })));
  },
};

function withToken(file: string | null, go: (headers: Readonly<Record<string, string>>) => Promise<Exit>): Promise<Exit> {
  if (file === null) return go({});
  const token = readToken(file);
  if (token.ok) return go({ Authorization: `Bearer ${token.value}` });
  new Notices().say(`holdfast connections: ${escapeLine(token.message)}`);
  return Promise.resolve("usage");
}

async function run(request: Request): Promise<Exit> {
  const output = standardOutput();
  const notices = new Notices();
  const stop = stopSignal();
  for (;;) {
    const slow = setTimeout(() => notices.status(`asking ${request.url} ...`), slowMs);
    const signal = AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]);
    const result = request.kill === null ? await list(request, signal) : await end(request, request.kill, signal);
    clearTimeout(slow);
    notices.status("");
    if (stop.aborted) return stop.reason === "SIGTERM" ? "terminated" : "interrupted";
    if (output.gone.aborted) return "ok";
    if (result === null) return "ok";
    if (result.ok) await show(output, request, result.list);
    else {
      notices.say(`holdfast connections: ${escapeLine(result.message)}`);
      // A watch outlives the server's restarts; a refusal would only be repeated.
      if (!request.watch || result.exit !== "unreachable") return result.exit;
    }
    if (!request.watch) return "ok";
    await sleep(watchMs, undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) return stop.reason === "SIGTERM" ? "terminated" : "interrupted";
  }
}

async function show(output: Output, { json, watch }: Request, list: ConnectionList): Promise<void> {
  if (json) {
    await output.write(list.connections.map((row) => `${escapeJson(JSON.stringify(row))}\n`).join(""));
    return;
  }
  const table = connectionTable(list, output.isTerminal ? process.stdout.columns : undefined);
  await output.write(`${watch && output.isTerminal ? "\x1b[2J\x1b[H" : ""}${table}${watch && !output.isTerminal ? "\n" : ""}`);
}

async function list(request: Request, signal: AbortSignal): Promise<Listed> {
  const answer = await asked(request, "GET", `/connections?${request.query}`, signal);
  if (!answer.ok) return answer;
  const list = parseConnectionList(answer.body);
  return list === null ? { ok: false, exit: "failed", message: `${request.url} did not answer as an admin listener does` } : { ok: true, list };
}

/** Null: it is ended. */
async function end(request: Request, id: string, signal: AbortSignal): Promise<Listed | null> {
  const answer = await asked(request, "DELETE", `/connections/${id}`, signal);
  return answer.ok ? null : answer;
}

type Asked = { readonly ok: true; readonly body: string } | Extract<Listed, { ok: false }>;

async function asked({ url, headers }: Request, method: string, target: string, signal: AbortSignal): Promise<Asked> {
  const answer = await ask(method, `${url}${target}`, signal, headers);
  if (answer.kind === "ok") return { ok: true, body: answer.body };
  if (answer.kind === "unreachable") {
    return { ok: false, exit: "unreachable", message: `nobody listens at ${url}: ${answer.reason}; is the server up, and is this its admin address?` };
  }
  const hint = answer.status === 401 ? "; give it with --token-file" : "";
  return { ok: false, exit: "refused", message: `${url} answered ${answer.status}: ${errorIn(answer.body)}${hint}` };
}

function errorIn(body: string): string {
  try {
    const { code, message } = (JSON.parse(body) as { error: { code: string; message: string } }).error;
    return `${code}, ${message}`;
  } catch {
    return body.slice(0, 200);
  }
}

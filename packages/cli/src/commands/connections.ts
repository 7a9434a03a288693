/**
 * `holdfast connections`: the connections of a server by way of its admin listener, as a table or as JSON; with --watch again each
 * second; with --kill one of them is ended.
 */
import { ask } from "../adapters/http.ts";
import { type Answered, showListing } from "../adapters/listing.ts";
import { Notices } from "../adapters/terminal.ts";
import { readToken } from "../adapters/token-file.ts";
import { bad, type Checked, type CommandSpec, choiceFlag, countFlag, good, isOn, textFlag } from "../args.ts";
import { errorIn } from "../code-text.ts";
import type { Command } from "../command.ts";
import { type ConnectionList, connectionTable, parseConnectionList } from "../connections/table.ts";
import { escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { adminFlag, adminUrl } from "../url.ts";

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
}

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
    return good(() =>
      withToken(tokenFile, (headers) => {
        const request = { url: url.value, headers, query: String(query) };
        return showListing<ConnectionList | null>({
          command: spec.name,
          url: url.value,
          json,
          watch,
          ask: (signal) => (kill === null ? list(request, signal) : end(request, kill, signal)),
          rows: (shown) => shown?.connections ?? [],
          table: (shown, columns) => (shown === null ? "" : connectionTable(shown, columns)),
        });
      }),
    );
  },
};

function withToken(file: string | null, go: (headers: Readonly<Record<string, string>>) => Promise<Exit>): Promise<Exit> {
  if (file === null) return go({});
  const token = readToken(file);
  if (token.ok) return go({ Authorization: `Bearer ${token.value}` });
  new Notices().say(`holdfast connections: ${escapeLine(token.message)}`);
  return Promise.resolve("usage");
}

async function list(request: Request, signal: AbortSignal): Promise<Answered<ConnectionList>> {
  const answer = await asked(request, "GET", `/connections?${request.query}`, signal);
  if (!answer.ok) return answer;
  const list = parseConnectionList(answer.value);
  return list === null ? { ok: false, exit: "failed", message: `${request.url} did not answer as an admin listener does` } : { ok: true, value: list };
}

/** Null: it is ended, and there is nothing to show. */
async function end(request: Request, id: string, signal: AbortSignal): Promise<Answered<null>> {
  const answer = await asked(request, "DELETE", `/connections/${id}`, signal);
  return answer.ok ? { ok: true, value: null } : answer;
}

async function asked({ url, headers }: Request, method: string, target: string, signal: AbortSignal): Promise<Answered<string>> {
  const answer = await ask(method, `${url}${target}`, signal, headers);
  if (answer.kind === "ok") return { ok: true, value: answer.body };
  if (answer.kind === "unreachable") {
    return { ok: false, exit: "unreachable", message: `nobody listens at ${url}: ${answer.reason}; is the server up, and is this its admin address?` };
  }
  const hint = answer.status === 401 ? "; give it with --token-file" : "";
  return { ok: false, exit: "refused", message: `${url} answered ${answer.status}: ${errorIn(answer.body)}${hint}` };
}

/**
 * Reads a stream's whole log by plain HTTP, page by page: the truth that everything else is compared with.
 */
import type { Answer } from "../adapters/http.ts";
import { bad, type Checked, good } from "../args.ts";
import type { Log, LogEntry } from "./judge.ts";
import { numberIn } from "./payload.ts";

const pageEntries = 1_000;

interface Page {
  readonly entries: readonly { readonly position: string; readonly prev: string; readonly data?: unknown }[];
  readonly next: string;
  readonly first: string;
  readonly more: boolean;
}

/** The log of a stream, or why it cannot be read. `url` is the stream's resource; `get` never rejects. */
export async function readLog(url: string, stream: string, bytesMax: number, get: (url: string) => Promise<Answer>): Promise<Checked<Log>> {
  const entries: LogEntry[] = [];
  let after = "first";
  let first: string | null = null;
  for (;;) {
    const answer = await get(`${url}?after=${encodeURIComponent(after)}&limit=${pageEntries}`);
    if (answer.kind === "unreachable") return bad(answer.reason);
    // Nothing was ever published to it.
    if (answer.kind === "refused" && answer.status === 404 && first === null) return good({ first: "0", entries });
    if (answer.kind === "refused") return bad(`HTTP ${answer.status}: ${answer.body.slice(0, 200)}`);
    const page = parsePage(answer.body);
    if (page === null) return bad("the answer is not a page of a log");
    first ??= page.first;
    for (const { position, prev, data } of page.entries) entries.push({ position, prev, n: numberIn(textOf(data), stream, bytesMax) });
    if (!page.more) return good({ first, entries });
    // A page that leads nowhere would be asked for without end.
    if (page.next === after) return bad("a page of the log leads back to itself");
    after = page.next;
  }
}

/** What is published here has no member that changes by being parsed and written again. */
const textOf = (data: unknown): string | null => (data === undefined ? null : JSON.stringify(data));

function parsePage(body: string): Page | null {
  try {
    const page = JSON.parse(body) as Page;
    const isEntry = (entry: Page["entries"][number]): boolean => typeof entry.position === "string" && typeof entry.prev === "string";
    const isPage = Array.isArray(page.entries) && page.entries.every(isEntry) && typeof page.next === "string" && typeof page.first === "string";
    return isPage && typeof page.more === "boolean" ? page : null;
  } catch {
    return null;
  }
}

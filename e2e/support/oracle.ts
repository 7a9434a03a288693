/**
 * The oracle: the full log, read by curl page by page, against what each client wrote to its own file. It knows nothing of the client's
 * code: a client's lines for a stream must be one run of the log, except where it wrote a gap, and nothing may come twice.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface LogEntry {
  readonly position: string;
  readonly prev: string;
  readonly text: string;
}
/** A log as held now: its entries, and the position before the first of them. */
export interface Log {
  readonly first: string;
  readonly entries: readonly LogEntry[];
}

/** Reads a whole stream by curl. */
export function readLog(url: string, stream: string): Log {
  const entries: LogEntry[] = [];
  let after = "first";
  let first = "0";
  for (;;) {
    const page = execFileSync("curl", ["-sS", "--fail-with-body", `${url}/v1/streams/${stream}?after=${after}&limit=1000`], {
      encoding: "utf8",
      maxBuffer: 67_108_864,
    });
    const parsed = JSON.parse(page) as { entries: { position: string; prev: string; data: unknown }[]; next: string; more: boolean; first: string };
    if (after === "first") first = parsed.first;
    for (const entry of parsed.entries) entries.push({ position: entry.position, prev: entry.prev, text: JSON.stringify(entry.data) });
    if (!parsed.more) return { first, entries };
    after = parsed.next;
  }
}

export interface Verdict {
  delivered: number;
  lost: string[];
  duplicated: string[];
  reordered: string[];
  phantom: string[];
  changed: string[];
  gaps: number;
  errors: string[];
}

export const newVerdict = (): Verdict => ({ delivered: 0, lost: [], duplicated: [], reordered: [], phantom: [], changed: [], gaps: 0, errors: [] });

/** Judges one client's file. `known` are entries that retention has removed from the log since; they cannot be checked against it, but against each other. */
export function judge(file: string, logs: ReadonlyMap<string, Log>, verdict: Verdict): void {
  const at = new Map<string, string>();
  const seen = new Set<string>();
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line === "") continue;
    const [kind, stream = "", a = "", b = ""] = line.split(" ");
    const where = `${file} ${stream} ${a}`;
    if (kind === "x") verdict.errors.push(line);
    else if (kind === "s") at.set(stream, a);
    else if (kind === "g") {
      verdict.gaps++;
      if (at.get(stream) !== a) verdict.lost.push(`${where}: a gap from elsewhere than ${at.get(stream)}`);
      at.set(stream, b);
    } else {
      verdict.delivered++;
      judgeEntry(line, where, logs.get(stream), at, seen, verdict);
    }
  }
  for (const [stream, log] of logs) {
    const last = log.entries.at(-1)?.position ?? log.first;
    if (at.has(stream) && at.get(stream) !== last) verdict.lost.push(`${file} ${stream}: ended at ${at.get(stream)}, the log at ${last}`);
  }
}

const indexes = new WeakMap<Log, Map<string, number>>();

function indexOf(log: Log): Map<string, number> {
  let index = indexes.get(log);
  if (index === undefined) {
    index = new Map(log.entries.map((entry, i) => [entry.position, i]));
    indexes.set(log, index);
  }
  return index;
}

function judgeEntry(line: string, where: string, log: Log | undefined, at: Map<string, string>, seen: Set<string>, verdict: Verdict): void {
  const [, stream = "", position = ""] = line.split(" ", 3);
  const payload = line.slice(`e ${stream} ${position} `.length);
  const before = at.get(stream);
  if (seen.has(`${stream} ${position}`)) verdict.duplicated.push(where);
  seen.add(`${stream} ${position}`);
  at.set(stream, position);
  const index = log === undefined ? undefined : indexOf(log).get(position);
  const entry = index === undefined ? undefined : log?.entries[index];
  if (entry === undefined) {
    // Only entries that retention has removed may be missing from the log now: they lie before everything it holds.
    if (log === undefined || log.first === "0") verdict.phantom.push(where);
    return;
  }
  if (entry.text !== payload) verdict.changed.push(where);
  if (entry.prev !== before) {
    const behind = before === undefined ? undefined : indexOf(log as Log).get(before);
    if (behind !== undefined && index !== undefined && behind >= index) verdict.reordered.push(where);
    else verdict.lost.push(`${where}: after ${before}, expected ${entry.prev}`);
  }
}

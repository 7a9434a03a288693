/**
 * A server that is killed again and again under load, with real clients on both sides of it: what the test runs 25 times and the script 200.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createRandom, type LabProxy, openProxy } from "@holdfast/lab";
import { Child } from "../../bench/lib/child.ts";
import type { FollowerCalls } from "../processes/followers.ts";
import type { PublisherCalls } from "../processes/publisher.ts";
import { midFrameCut } from "./mid-frame.ts";
import { judge, type Log, newVerdict, readLog, type Verdict } from "./oracle.ts";
import { type Serving, serve } from "./serve.ts";

const processFile = (name: string): string => fileURLToPath(new URL(`../processes/${name}.ts`, import.meta.url));

export interface CycleOptions {
  readonly cycles: number;
  readonly seed: number;
  readonly perSecond: number;
  /** What carries the clients' links, in turn. */
  readonly transports: readonly string[];
  /** Called after each cycle. */
  readonly progress?: (line: string) => void;
}

export interface CycleReport {
  readonly verdict: Verdict;
  readonly sent: number;
  readonly acknowledged: number;
  readonly publishFailures: readonly string[];
  /** Acknowledged publishes that the log does not hold as acknowledged, and numbers that it holds twice. */
  readonly missing: readonly string[];
  readonly doubled: readonly string[];
  readonly duplicatesOnTheWire: number;
  readonly resumes: { readonly tail: number; readonly page: number; readonly gap: number; readonly midFrame: number };
  readonly startMs: readonly number[];
  readonly reconnects: number;
}

const streamCount = 20;
/** The first streams keep so little that absent readers come back to a gap. */
const shortStreams = 2;
const processes = 5;
const clientsPerProcess = 10;
const streamsPerClient = 4;

const names = Array.from({ length: streamCount }, (_, i) => (i < shortStreams ? `short/${i}` : `chaos/${i}`));

interface Stage {
  readonly folder: string;
  readonly flags: string[];
  readonly proxy: LabProxy;
  server: Serving;
}

async function openStage(seed: number): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-cycles-"));
  mkdirSync(join(folder, "files"));
  const config = join(folder, "holdfast.json");
  writeFileSync(config, JSON.stringify({ heartbeatMs: 2_000, retentionPassMs: 100, streams: [{ pattern: "short/*", entriesMax: 10 }] }));
  const flags = ["--config", config, "--data", join(folder, "data")];
  const server = await serve([...flags, "--port", "0"]);
  flags.push("--port", String(server.port));
  return { folder, flags, proxy: await openProxy({ target: { host: "127.0.0.1", port: server.port }, seed }), server };
}

/** Fifty clients in five processes; every second one goes through the proxy, and the first of each process is often away. */
async function openFollowers(stage: Stage, transports: readonly string[]): Promise<{ children: Child<FollowerCalls>[]; files: string[] }> {
  const children: Child<FollowerCalls>[] = [];
  const files: string[] = [];
  for (let p = 0; p < processes; p++) {
    const child = new Child<FollowerCalls>(processFile("followers"));
    children.push(child);
    const setups = Array.from({ length: clientsPerProcess }, (_, c) => {
      const file = join(stage.folder, "files", `${p}-${c}.log`);
      files.push(file);
      const first = (p * clientsPerProcess + c) * streamsPerClient;
      const away = c === 0;
      return {
        url: c % 2 === 1 ? stage.proxy.url("") : stage.server.url,
        file,
        // Not in step with who goes through the proxy.
        // Links that never last make clients patient; these are to come back in each cycle.
        options: { transports: [transports[(p + (c >> 1)) % transports.length] as string], backoffCapMs: 1_000 },
        streams: away ? names.slice(0, shortStreams) : Array.from({ length: streamsPerClient }, (_, s) => names[(first + s) % streamCount] as string),
        ...(away ? { absence: { everyEntries: 10, forMs: 1_500 } } : {}),
      };
    });
    await child.call("open", setups);
  }
  return { children, files };
}

async function counted(admin: string): Promise<{ tail: number; page: number; gap: number }> {
  const text = await (await fetch(`${admin}/metrics`)).text();
  const value = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, "m").exec(text)?.[1] ?? 0);
  return { tail: value("holdfast_resumes_from_tail_total"), page: value("holdfast_resumes_from_page_total"), gap: value("holdfast_resumes_from_gap_total") };
}

/** Runs the cycles, heals everything, waits until all clients have all, and judges. */
export async function runCycles(options: CycleOptions): Promise<CycleReport> {
  const random = createRandom(options.seed);
  const stage = await openStage(options.seed);
  const publisher = new Child<PublisherCalls>(processFile("publisher"));
  const { children, files } = await openFollowers(stage, options.transports);
  const resumes = { tail: 0, page: 0, gap: 0, midFrame: 0 };
  const startMs: number[] = [];
  const collect = async (): Promise<void> => {
    const now = await counted(stage.server.admin);
    for (const kind of ["tail", "page", "gap"] as const) resumes[kind] += now[kind];
  };
  try {
    await publisher.call("start", { url: stage.server.url, streams: names, perSecond: options.perSecond });
    for (let cycle = 1; cycle <= options.cycles; cycle++) {
      // Cuts in the middle of frames while the server lives, then the kill while everything runs.
      const cuts = stage.proxy.add(midFrameCut(random.integer(3, 20)), { direction: "to-client", connections: "new", probability: 0.8 });
      await sleep(400 + random.float() * 700);
      resumes.midFrame += cuts.strikes;
      await cuts.remove();
      await collect();
      await stage.server.kill("SIGKILL");
      stage.server = await serve(stage.flags);
      startMs.push(stage.server.startMs);
      options.progress?.(`cycle ${cycle}/${options.cycles}: back after ${stage.server.startMs.toFixed(0)} ms; resumes so far ${JSON.stringify(resumes)}`);
    }
    const published = await publisher.call("finish");
    const logs = new Map(names.map((name) => [name, readLog(stage.server.url, name)]));
    await converged(children, files, logs);
    await collect();
    const verdict = newVerdict();
    for (const file of files) judge(file, logs, verdict);
    const counters = await Promise.all(children.map((child) => child.call("counters")));
    return {
      verdict,
      sent: published.sent,
      acknowledged: published.acknowledged.length,
      publishFailures: published.failed,
      ...againstLog(published.acknowledged, logs),
      duplicatesOnTheWire: counters.reduce((sum, counter) => sum + counter.duplicates, 0),
      resumes,
      startMs,
      reconnects: counters.reduce((sum, counter) => sum + counter.links, 0),
    };
  } finally {
    await Promise.all([publisher.stop(), ...children.map((child) => child.stop())]);
    await stage.server.kill("SIGKILL");
    await stage.proxy.close();
    rmSync(stage.folder, { recursive: true, force: true });
  }
}

/** Waits until every client stands at the end of each of its streams. */
async function converged(children: readonly Child<FollowerCalls>[], files: readonly string[], logs: ReadonlyMap<string, Log>): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (const child of children) await child.call("catchUp");
  for (;;) {
    const places = (await Promise.all(children.map((child) => child.call("places")))).flat();
    const behind = places
      .flatMap((place) => Object.entries(place))
      .filter(([name, position]) => position !== (logs.get(name)?.entries.at(-1)?.position ?? logs.get(name)?.first));
    if (behind.length === 0) return;
    if (performance.now() > deadline) {
      const states = (await Promise.all(children.map((child) => child.call("statuses")))).flat();
      const stuck = places.flatMap((place, at) =>
        Object.entries(place).flatMap(([name, position]) =>
          position === logs.get(name)?.entries.at(-1)?.position ? [] : [`${states[at]} ${name} ${position}`],
        ),
      );
      const [name = ""] = behind[0] ?? [];
      const errors = files.flatMap((file) =>
        readFileSync(file, "utf8")
          .split("\n")
          .filter((line) => line.startsWith("x ")),
      );
      throw new Error(
        `${behind.length} readers have not caught up within 30 s: ${stuck.slice(0, 3).join(", ")}; the log of ${name} ends at ${logs.get(name)?.entries.at(-1)?.position}; errors: ${errors.slice(0, 3).join(", ")}`,
      );
    }
    await sleep(200);
  }
}

type Acknowledged = readonly (readonly [string, number, string | null, boolean])[];

/** Every acknowledged publish is in the log under its position, and no number is there twice. */
function againstLog(acknowledged: Acknowledged, logs: ReadonlyMap<string, Log>): { missing: string[]; doubled: string[] } {
  const missing: string[] = [];
  const doubled: string[] = [];
  const texts = new Map<string, string>();
  for (const [name, log] of logs) {
    const seen = new Set<string>();
    for (const { position, text } of log.entries) {
      texts.set(`${name} ${position}`, text);
      if (seen.has(text)) doubled.push(`${name} ${text}`);
      seen.add(text);
    }
  }
  for (const [name, n, position] of acknowledged) {
    if (name.startsWith("short/")) continue; // Retention removes these on purpose.
    if (texts.get(`${name} ${position}`) !== JSON.stringify({ n })) missing.push(`${name} ${n} at ${position}`);
  }
  return { missing, doubled };
}

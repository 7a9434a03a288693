/**
 * Resident memory of a server per idle WebSocket over TLS, beside the same one over TCP: of `ws`, of `ws` under guard, and of Holdfast.
 * Taken after forced garbage collections; what the kernel holds for the sockets is printed beside it, because RSS does not show it.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { certificates, type Pair } from "../../scripts/test-support/certificates.ts";
import { Child } from "../lib/child.ts";
import { descriptorsMax, socketMemoryBytes } from "../lib/machine.ts";
import type { BenchCase, CaseResult, CaseSettings, Table } from "../lib/result.ts";
import { figure, type Summary, summarize, withSpread } from "../lib/stats.ts";
import type { TlsMemoryClientsCalls } from "../processes/tls-memory-clients.ts";
import type { CarrierName, TlsMemoryServerCalls } from "../processes/tls-memory-server.ts";

const processes = join(import.meta.dirname, "..", "processes");
const labels: Readonly<Record<CarrierName, string>> = {
  plain: "ws over TCP",
  https: "ws over `https`",
  front: "ws over `https` behind a TLS front",
  guarded: "ws over `https`, guarded",
  holdfast: "Holdfast over TCP",
  "holdfast-tls": "Holdfast over TLS",
};
const names = Object.keys(labels) as readonly CarrierName[];
/** What a process needs beside its links. */
const descriptorsSpare = 200;
const seenMsMax = 10_000;

interface Sample {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly kernelBytes: number | null;
}

type Server = Child<TlsMemoryServerCalls>;

async function linksAre(server: Server, links: number): Promise<void> {
  const deadlineMs = Date.now() + seenMsMax;
  for (;;) {
    const seen = await server.call("links");
    if (seen === links) return;
    if (Date.now() > deadlineMs) throw new Error(`expected ${links} links at the server, got ${seen}`);
    await sleep(10);
  }
}

/** One repetition with fresh processes. Links made and dropped before the first look have paid for code and pools. */
async function sample(name: CarrierName, pair: Pair, links: number, warmLinks: number): Promise<Sample> {
  const server: Server = new Child(join(processes, "tls-memory-server.ts"), { nodeFlags: ["--expose-gc"] });
  const clients = new Child<TlsMemoryClientsCalls>(join(processes, "tls-memory-clients.ts"));
  try {
    const { certFile, keyFile, cert } = pair;
    const { port } = await server.call("open", { name, certFile, keyFile });
    const how = { port, ca: name === "plain" || name === "holdfast" ? null : cert, isHoldfast: name.startsWith("holdfast") };
    await clients.call("connect", { ...how, links: warmLinks });
    await linksAre(server, warmLinks);
    await clients.call("disconnect");
    await linksAre(server, 0);
    const kernelBefore = socketMemoryBytes();
    const before = await server.call("memory");
    if (!before.collected) throw new Error("the server cannot collect garbage on demand");
    await clients.call("connect", { ...how, links });
    await linksAre(server, links);
    const after = await server.call("memory");
    const kernelAfter = socketMemoryBytes();
    const resumed = await server.call("resumed");
    if (how.ca !== null && resumed !== null && resumed < links / 2) throw new Error(`expected most of ${links} links to resume a session, got ${resumed}`);
    return {
      rssBytes: (after.rss - before.rss) / links,
      heapBytes: (after.heapUsed - before.heapUsed) / links,
      kernelBytes: kernelBefore === null || kernelAfter === null ? null : (kernelAfter - kernelBefore) / links,
    };
  } finally {
    await Promise.all([clients.stop(), server.stop()]);
  }
}

const kilobytes = (samples: readonly number[]): Summary => summarize(samples.map((bytes) => bytes / 1_000));

interface Line {
  readonly name: CarrierName;
  readonly rss: Summary;
  readonly heap: Summary;
  readonly kernel: Summary | null;
}

function lineOf(name: CarrierName, of: readonly Sample[]): Line {
  const kernel = of.flatMap(({ kernelBytes }) => (kernelBytes === null ? [] : [kernelBytes]));
  return {
    name,
    rss: kilobytes(of.map((each) => each.rssBytes)),
    heap: kilobytes(of.map((each) => each.heapBytes)),
    kernel: kernel.length === 0 ? null : kilobytes(kernel),
  };
}

function tableOf(lines: readonly Line[], count: string): Table {
  return {
    columns: [count, "RSS, KB per link", "live JavaScript objects", "kernel memory of the sockets, both ends"],
    rows: lines.map(({ name, rss, heap, kernel }) => [labels[name], withSpread(rss), figure(heap.median), kernel === null ? "unknown" : figure(kernel.median)]),
  };
}

export const tlsMemory: BenchCase = {
  name: "tls-memory",
  title: "Memory per idle WebSocket over TLS",
  run: async ({ smoke, progress }: CaseSettings): Promise<CaseResult> => {
    const wanted = smoke ? 50 : 10_000;
    const links = Math.min(wanted, descriptorsMax() - descriptorsSpare);
    const repetitions = smoke ? 1 : 3;
    const samples = new Map<CarrierName, Sample[]>();
    using made = certificates();
    const pair = made.make("bench");
    for (let i = 0; i < repetitions; i++) {
      for (const name of names) {
        progress(`repetition ${i + 1} of ${repetitions}: ${labels[name]}, ${links} links`);
        samples.set(name, [...(samples.get(name) ?? []), await sample(name, pair, links, smoke ? 5 : 200)]);
      }
    }
    const lines = [...samples].map(([name, of]) => lineOf(name, of));
    const count = `${links.toLocaleString("en-US")} links`;
    const bars = lines.map(({ name, rss }) => ({
      label: labels[name].replaceAll("`", ""),
      value: rss.median,
      low: rss.low,
      high: rss.high,
      ours: name.startsWith("holdfast"),
    }));
    return {
      name: "tls-memory",
      tables: [tableOf(lines, count)],
      charts: [{ name: "tls-memory", title: `Server RSS per idle WebSocket, ${count}`, unit: "KB", bars }],
      aims: [],
      notes: links < wanted ? [`Scaled down from ${wanted} links: a process here may open ${descriptorsMax()} descriptors.`] : [],
      figures: Object.fromEntries(lines.map(({ name, rss }) => [`${labels[name]}, KB per link`, rss.median])),
    };
  },
};

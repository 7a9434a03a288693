/**
 * Resident memory of the server per idle link: links that have said what they must, are subscribed, and wait.
 * Taken after forced garbage collections; what the kernel holds for the sockets is printed beside it, because RSS does not show it.
 */
import { type ContenderName, contenders } from "../contenders/list.ts";
import { descriptorsMax, socketMemoryBytes } from "../lib/machine.ts";
import { connectReaders, linksAre, openPair, type Pair } from "../lib/pair.ts";
import type { Aim, BenchCase, CaseResult, CaseSettings, Table } from "../lib/result.ts";
import { figure, type Summary, summarize, withSpread } from "../lib/stats.ts";

const payloadBytes = 100;
const names: readonly ContenderName[] = ["holdfast", "ws", "raw", "socketIo"];
/** What a process needs beside its links. */
const descriptorsSpare = 200;
const aimKilobytes = 8.5;

interface Sample {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly youngBytes: number;
  readonly kernelBytes: number | null;
}

/** One repetition with fresh processes. Links made and dropped before the first look have paid for code and pools. */
async function sample(pair: Pair, links: number, warmLinks: number): Promise<Sample> {
  const { server, readers } = pair;
  await connectReaders(pair, warmLinks, payloadBytes);
  await readers.call("disconnect");
  await linksAre(server, 0);
  const kernelBefore = socketMemoryBytes();
  const before = await server.call("memory");
  if (!before.collected) throw new Error("the server cannot collect garbage on demand");
  await connectReaders(pair, links, payloadBytes);
  const after = await server.call("memory");
  const kernelAfter = socketMemoryBytes();
  return {
    rssBytes: (after.rss - before.rss) / links,
    heapBytes: (after.heapUsed - before.heapUsed) / links,
    youngBytes: (after.young - before.young) / links,
    kernelBytes: kernelBefore === null || kernelAfter === null ? null : (kernelAfter - kernelBefore) / links,
  };
}

const kilobytes = (samples: readonly number[]): Summary => summarize(samples.map((bytes) => bytes / 1_000));

interface Line {
  readonly name: ContenderName;
  readonly label: string;
  readonly rss: Summary;
  readonly young: Summary;
  readonly rest: Summary;
  readonly heap: Summary;
  readonly kernel: Summary | null;
}

function lineOf(name: ContenderName, of: readonly Sample[]): Line {
  const kernel = of.flatMap(({ kernelBytes }) => (kernelBytes === null ? [] : [kernelBytes]));
  return {
    name,
    label: contenders[name].label,
    rss: kilobytes(of.map((each) => each.rssBytes)),
    young: kilobytes(of.map((each) => each.youngBytes)),
    rest: kilobytes(of.map((each) => each.rssBytes - each.youngBytes)),
    heap: kilobytes(of.map((each) => each.heapBytes)),
    kernel: kernel.length === 0 ? null : kilobytes(kernel),
  };
}

function tableOf(lines: readonly Line[], count: string): Table {
  return {
    columns: [count, "RSS, KB per link", "of it V8's young generation", "the rest", "live JavaScript objects", "kernel memory of the sockets, both ends"],
    rows: lines.map(({ label, rss, young, rest, heap, kernel }) => [
      label,
      withSpread(rss),
      figure(young.median),
      withSpread(rest),
      figure(heap.median),
      kernel === null ? "unknown" : figure(kernel.median),
    ]),
  };
}

function aimsOf(lines: readonly Line[]): Aim[] {
  return lines
    .filter(({ name }) => name === "holdfast")
    .map(({ rss }) => ({ what: "RSS per idle link, KB", aim: `at most ${aimKilobytes}`, measured: withSpread(rss), met: rss.median <= aimKilobytes }));
}

export const idleMemory: BenchCase = {
  name: "idle-memory",
  title: "Memory per idle, subscribed link",
  run: async ({ smoke, peers, progress }: CaseSettings): Promise<CaseResult> => {
    const wanted = smoke ? 50 : 10_000;
    const links = Math.min(wanted, descriptorsMax() - descriptorsSpare);
    const repetitions = smoke ? 1 : 3;
    const samples = new Map<ContenderName, Sample[]>();
    for (let i = 0; i < repetitions; i++) {
      for (const name of smoke ? (["holdfast", "ws"] as const) : names) {
        if (name === "socketIo" && !peers) continue;
        progress(`repetition ${i + 1} of ${repetitions}: ${contenders[name].label}, ${links} links`);
        const pair = await openPair(name, { links, payloadBytes, nodeFlags: ["--expose-gc"] });
        try {
          samples.set(name, [...(samples.get(name) ?? []), await sample(pair, links, smoke ? 5 : 200)]);
        } finally {
          await pair.stop();
        }
      }
    }
    const lines = [...samples].map(([name, of]) => lineOf(name, of));
    const count = `${links.toLocaleString("en-US")} links`;
    const bars = lines.map(({ name, label, rss }) => ({ label, value: rss.median, low: rss.low, high: rss.high, ours: name === "holdfast" }));
    return {
      name: "idle-memory",
      tables: [tableOf(lines, count)],
      charts: [{ name: "idle-memory", title: `Server RSS per idle link, ${count}`, unit: "KB", bars }],
      aims: aimsOf(lines),
      notes: links < wanted ? [`Scaled down from ${wanted} links: a process here may open ${descriptorsMax()} descriptors.`] : [],
      figures: Object.fromEntries(
        lines.flatMap(({ label, rss, rest }) => [
          [`${label}, KB per link`, rss.median],
          [`${label}, KB per link without the young generation`, rest.median],
        ]),
      ),
    };
  },
};

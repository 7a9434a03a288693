/**
 * Looks at a Linux host: two samples of what counts, with a pause between, and one look at everything else. It changes nothing.
 */
import { access, readdir, stat } from "node:fs/promises";
import { type Known, known, unknown } from "../../facts.ts";
import type { HostFacts, ProcessFacts, Sample } from "../facts.ts";
import { containerOf } from "../parsers/container.ts";
import { parseCounters } from "../parsers/counters.ts";
import { parseInterfaces } from "../parsers/interfaces.ts";
import { parseDescriptorLimit } from "../parsers/limits.ts";
import { parseMemory } from "../parsers/memory.ts";
import { memoryFolders, withinGroup } from "../parsers/memory-group.ts";
import { parseSockstat } from "../parsers/sockstat.ts";
import { sysctlNames, sysctlPath } from "../sysctls.ts";
import { parsed, textOf, tried } from "./files.ts";
import { type Network, outputOf } from "./namespace.ts";
import { readClosing, readSockets } from "./sockets.ts";

export interface HostAsk {
  /** Whose limits, sockets and network are meant; null: the machine, as far as whoever asks sees it. */
  readonly pid: number | null;
  /** Between the two samples. */
  readonly betweenMs: number;
  /** Ends the pause early. */
  readonly signal: AbortSignal;
}

/** Why nothing can be looked at here, in one sentence; null: it can. */
export async function hostFault(pid: number | null): Promise<string | null> {
  if (process.platform !== "linux")
    return `this reads Linux's /proc and /sys, and this is ${process.platform}: run it on the Linux host that holds the connections`;
  const there = await textOf(`/proc/${pid ?? "self"}/stat`);
  return there.known ? null : pid === null ? "/proc is not mounted here" : `there is no process ${pid} here: in a container only its own processes are seen`;
}

export async function readHost({ pid, betweenMs, signal }: HostAsk): Promise<HostFacts> {
  const view = pid ?? "self";
  const process = pid === null ? null : await readProcess(pid);
  const network: Network = pid !== null && process?.otherNetwork.known === true && process.otherNetwork.value ? { own: false, pid } : { own: true };
  const before = await readSample(view);
  const pause = passed(betweenMs, signal);
  const [sockets, sysctls, kernel, totals, memory, facts] = await Promise.all([
    readSockets(network, view, pid),
    readSysctls(network),
    textOf("/proc/sys/kernel/osrelease"),
    readTotals(view),
    readMemory(view),
    readNetwork(view),
  ]);
  const passedMs = await pause;
  return {
    kernel: parsed(kernel, (text) => text.trim()),
    process,
    network: facts,
    betweenMs: passedMs,
    before,
    after: await readSample(view),
    sockets,
    closingStill: await readClosing(network, view),
    totals,
    sysctls,
    memory,
  };
}

function passed(ms: number, signal: AbortSignal): Promise<number> {
  const fromMs = performance.now();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      resolve(Math.round(performance.now() - fromMs));
    };
    const timer = setTimeout(end, ms);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

async function readProcess(pid: number): Promise<ProcessFacts> {
  const [name, limits, descriptors, theirs, ours] = await Promise.all([
    textOf(`/proc/${pid}/comm`),
    textOf(`/proc/${pid}/limits`),
    tried(async () => (await readdir(`/proc/${pid}/fd`)).length),
    networkOf(pid),
    networkOf("self"),
  ]);
  const otherNetwork: Known<boolean> = !theirs.known ? theirs : !ours.known ? ours : known(theirs.value !== ours.value);
  return { pid, name: parsed(name, (text) => text.trim()), descriptorLimit: parsed(limits, parseDescriptorLimit), descriptors, otherNetwork };
}

/**
 * Which network a process is in, to be compared only. `/proc/PID/ns/net` says it to whoever may trace the process; the file itself is
 * another one in each network, and anybody may ask which.
 */
async function networkOf(view: number | "self"): Promise<Known<number>> {
  return await tried(async () => (await stat(`/proc/${view}/net/dev`)).ino);
}

async function readSample(view: number | "self"): Promise<Sample> {
  const [netstat, snmp, dev] = await Promise.all(["netstat", "snmp", "dev"].map((name) => textOf(`/proc/${view}/net/${name}`)));
  const texts = [netstat, snmp].flatMap((fact) => (fact?.known === true ? [fact.value] : []));
  const counters = parseCounters(...texts);
  const why = netstat?.known === false ? netstat.why : "it does not read as expected";
  return { counters: counters === null ? unknown(why) : known(counters), interfaces: dev === undefined ? unknown(why) : parsed(dev, parseInterfaces) };
}

async function readTotals(view: number | "self"): Promise<HostFacts["totals"]> {
  const [v4, v6] = await Promise.all([textOf(`/proc/${view}/net/sockstat`), textOf(`/proc/${view}/net/sockstat6`)]);
  return parsed(v4, (text) => parseSockstat(text, v6.known ? v6.value : ""));
}

async function readMemory(view: number | "self"): Promise<HostFacts["memory"]> {
  const [whole, cgroup] = await Promise.all([textOf("/proc/meminfo"), textOf(`/proc/${view}/cgroup`)]);
  const memory = parsed(whole, parseMemory);
  if (!memory.known || !cgroup.known) return memory;
  let { value } = memory;
  for (const { folder, isUnified } of memoryFolders(cgroup.value)) {
    const names = isUnified ? ["memory.max", "memory.current"] : ["memory.limit_in_bytes", "memory.usage_in_bytes"];
    const [max, current, stat] = await Promise.all([...names, "memory.stat"].map((name) => textOf(`${folder}/${name}`)));
    if (max?.known === true && current?.known === true) {
      value = withinGroup(value, { max: max.value, current: current.value, stat: stat?.known === true ? stat.value : "" });
    }
  }
  return known(value);
}

/** Settings are those of the network from which they are read. */
async function readSysctls(network: Network): Promise<Record<string, Known<string>>> {
  const found: Record<string, Known<string>> = {};
  // Those of `fs` are the machine's, wherever they are read.
  const isHere = (name: string): boolean => network.own || name.startsWith("fs.");
  for (const name of sysctlNames.filter(isHere)) found[name] = parsed(await textOf(sysctlPath(name)), (text) => text.trim());
  if (network.own) return found;
  const elsewhere = sysctlNames.filter((name) => !isHere(name));
  const all = await outputOf(network, "grep", "-s", "", ...elsewhere.map(sysctlPath));
  for (const name of elsewhere) {
    if (!all.known) found[name] = all;
    else {
      const line = all.value.split("\n").find((each) => each.startsWith(`${sysctlPath(name)}:`));
      found[name] = line === undefined ? unknown("this kernel does not have it") : known(line.slice(sysctlPath(name).length + 1).trim());
    }
  }
  return found;
}

async function readNetwork(view: number | "self"): Promise<HostFacts["network"]> {
  const [init, theirs, cgroup, marks] = await Promise.all([
    networkOf(1),
    networkOf(view),
    textOf(`/proc/${view}/cgroup`),
    Promise.all(
      ["/.dockerenv", "/run/.containerenv"].map((path) =>
        access(path).then(
          () => [path],
          () => [],
        ),
      ),
    ),
  ]);
  const likeInit: Known<boolean> = !init.known ? init : !theirs.known ? theirs : known(init.value === theirs.value);
  return { likeInit, container: containerOf(cgroup.known ? cgroup.value : "", marks.flat()) };
}

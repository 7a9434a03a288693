/**
 * `holdfast doctor host`: what this machine, and one process of it, say of their connections, and what they need to hold more.
 */
import { drawHost, hostFault, readHost, reportHost } from "@holdfast/doctor/host";
import { Notices, standardOutput, stopSignal } from "../../adapters/terminal.ts";
import { type Checked, type CommandSpec, countFlag, good, isOn } from "../../args.ts";
import type { Command } from "../../command.ts";
import { escapeLine } from "../../escape.ts";
import type { Exit } from "../../exit-codes.ts";
import { findingsExit } from "../../findings-exit.ts";

const spec: CommandSpec = {
  name: "doctor host",
  summary: "Look at this machine: descriptors, accept queues, ports, timers, losses, and what N connections need",
  operands: "",
  operandsMin: 0,
  operandsMax: 0,
  flags: {
    pid: {
      value: "N",
      short: "p",
      what: "The process that holds the connections: its limits, its sockets, its network (default: the machine's sockets, nobody's limits)",
    },
    connections: { value: "N", what: "Judge for so many connections (default: twice of what is open now)" },
    seconds: { value: "N", what: "Between the two samples of what only counts (default: 1; at most 60)" },
    strict: { what: "Warnings count as errors for the exit code" },
    json: { what: "One JSON object: rows, needs, findings" },
  },
  notes: [
    "Linux only. It reads /proc and /sys and runs `ss` where it is there; it changes nothing. Sockets of other users' processes are told apart as root only; what is not known says why.",
  ],
  examples: ["holdfast doctor host --pid $(pidof -s nginx) --connections 50000", "holdfast doctor host --seconds 10 --json"],
};

interface Wanted {
  readonly pid: number | null;
  readonly connections: number | null;
  readonly seconds: number;
  readonly strict: boolean;
  readonly json: boolean;
}

export const doctorHost: Command = {
  spec,
  prepare: (given): Checked<() => Promise<Exit>> => {
    const pid = countFlag(given, "pid", 1, 4_194_304, null);
    if (!pid.ok) return pid;
    const connections = countFlag(given, "connections", 1, 10_000_000, null);
    if (!connections.ok) return connections;
    const seconds = countFlag(given, "seconds", 1, 60, 1);
    if (!seconds.ok) return seconds;
    const wanted = { pid: pid.value, connections: connections.value, seconds: seconds.value, strict: isOn(given, "strict"), json: isOn(given, "json") };
    return good(() => run(wanted));
  },
};

async function run({ pid, connections, seconds, strict, json }: Wanted): Promise<Exit> {
  const [output, notices] = [standardOutput(), new Notices()];
  const fault = await hostFault(pid);
  if (fault !== null) {
    notices.say(`holdfast doctor host: ${escapeLine(fault)}`);
    return "failed";
  }
  const stop = stopSignal();
  notices.status(`looking, ${seconds} s ...`);
  const facts = await readHost({ pid, betweenMs: seconds * 1_000, signal: stop });
  notices.status("");
  const report = reportHost(facts, connections);
  await output.write(json ? `${JSON.stringify(report)}\n` : drawHost(report).split("\n").map(escapeLine).join("\n"));
  if (stop.aborted) return stop.reason === "SIGTERM" ? "terminated" : "interrupted";
  return findingsExit(report.findings, strict);
}

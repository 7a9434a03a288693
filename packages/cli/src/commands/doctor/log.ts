/**
 * `holdfast doctor log`: reads a log of a hop and says what its lines mean for connections.
 */
import { drawLog, readLog, reportLog } from "@holdfast/doctor/log";
import { Notices, standardOutput, stopSignal } from "../../adapters/terminal.ts";
import { formatBytes, groupDigits } from "../../amounts.ts";
import { type Checked, type CommandSpec, good, isOn } from "../../args.ts";
import type { Command } from "../../command.ts";
import { escapeLine } from "../../escape.ts";
import type { Exit } from "../../exit-codes.ts";
import { findingsExit } from "../../findings-exit.ts";

const spec: CommandSpec = {
  name: "doctor log",
  summary: "Say what the lines of a log mean: nginx, HAProxy, Envoy, ALB, Node, databases, the kernel",
  operands: "FILE",
  operandsMin: 1,
  operandsMax: 1,
  flags: {
    strict: { what: "Warnings count as errors for the exit code" },
    json: { what: "One JSON object: the tally and the findings" },
  },
  notes: [
    "FILE may be gzipped, or - for standard input. It is read once, line by line. Queries, cookies and credentials are cut from the lines that are shown.",
  ],
  examples: ["holdfast doctor log /var/log/nginx/error.log", "journalctl -u haproxy -o cat | holdfast doctor log -", "dmesg | holdfast doctor log -"],
};

export const doctorLog: Command = {
  spec,
  prepare: (given): Checked<() => Promise<Exit>> => {
    const [file = ""] = given.operands;
    return good(() => run(file, isOn(given, "strict"), isOn(given, "json")));
  },
};

async function run(file: string, strict: boolean, json: boolean): Promise<Exit> {
  const [output, notices, stop] = [standardOutput(), new Notices(), stopSignal()];
  try {
    const tally = await readLog({
      file,
      signal: AbortSignal.any([stop, output.gone]),
      progress: ({ lines, bytes, ofBytes }) =>
        notices.status(`${groupDigits(lines)} lines, ${formatBytes(bytes)}${ofBytes === null ? "" : ` of ${formatBytes(ofBytes)}`}`),
    });
    notices.status("");
    const report = reportLog(tally);
    await output.write(json ? `${JSON.stringify(report)}\n` : drawLog(report).split("\n").map(escapeLine).join("\n"));
    if (stop.aborted) return stop.reason === "SIGTERM" ? "terminated" : "interrupted";
    return findingsExit(report.findings, strict);
  } catch (thrown) {
    notices.say(`holdfast doctor log: ${escapeLine((thrown as Error).message)}`);
    return "failed";
  }
}

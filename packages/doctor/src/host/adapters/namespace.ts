/**
 * Commands in the network of another process: /proc/PID/net shows its sockets and counters to whoever may look, but settings and `ss`
 * are those of whoever asks, so they are asked from within.
 */
import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Known, known, unknown } from "../../facts.ts";
import { hostLimits } from "../limits.ts";

/** How a command is run in a network: as it is, or by `nsenter`. */
export type Network = { readonly own: true } | { readonly own: false; readonly pid: number };

function wrapped(network: Network, command: string, args: readonly string[]): [string, string[]] {
  return network.own ? [command, [...args]] : ["nsenter", [`--net=/proc/${network.pid}/ns/net`, command, ...args]];
}

const timeout = hostLimits.commandMs.value;

/** What a command wrote; unknown where it can not be run. An exit other than 0 with output is taken: `grep` says so of files that are missing. */
export function outputOf(network: Network, command: string, ...args: string[]): Promise<Known<string>> {
  const [file, words] = wrapped(network, command, args);
  return new Promise((resolve) => {
    execFile(file, words, { timeout, maxBuffer: 4_194_304, env: { ...process.env, LC_ALL: "C" } }, (fault, stdout, stderr) => {
      if (fault === null || stdout !== "") resolve(known(stdout));
      else resolve(unknown(whyOf(file, fault, stderr)));
    });
  });
}

/** Lines of a command, one at a time, so that a hundred thousand sockets do not stand in memory as text. */
export function linesOf(network: Network, command: string, args: readonly string[], line: (text: string) => void): Promise<Known<true>> {
  const [file, words] = wrapped(network, command, args);
  return new Promise((resolve) => {
    const child = spawn(file, words, { timeout, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C" } });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      if (stderr.length < 1_000) stderr += chunk.toString();
    });
    child.on("error", (fault) => resolve(unknown(whyOf(file, fault, stderr))));
    createInterface({ input: child.stdout }).on("line", line);
    child.on("close", (code) => resolve(code === 0 ? known(true) : unknown(whyOf(file, new Error(`${file} ended with ${code ?? "a signal"}`), stderr))));
  });
}

function whyOf(file: string, fault: Error, stderr: string): string {
  if ((fault as NodeJS.ErrnoException).code === "ENOENT") return `${file} is not installed`;
  const said = stderr.trim().split("\n")[0] ?? "";
  return /permission|not permitted/i.test(said) ? `no permission (${file})` : said === "" ? fault.message : said;
}

/**
 * One database server of a test: a program in a temporary folder, run as an unprivileged user when the test is root (servers refuse root).
 * It can be killed as power loss would do it, frozen, and started again on the same port. It must never outlive the test.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** `nobody`, where the test is root: what servers run as. */
const unprivileged: { readonly uid?: number; readonly gid?: number } = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** A free port of the loopback interface. Another process may take it before the server does: then the start fails, loudly. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("Expected a port");
  return address.port;
}

/** A folder that the server may write to. */
export function serverFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `holdfast-${name}-`));
  if (unprivileged.uid !== undefined && unprivileged.gid !== undefined) chownSync(folder, unprivileged.uid, unprivileged.gid);
  return folder;
}

/** Runs a program that prepares a server, as the user that the server will be; its output is in the error when it fails. */
export function prepare(program: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, { ...unprivileged, cwd, encoding: "utf8", timeout: 60_000 });
  if (status !== 0) throw new Error(`${program} failed (${status ?? error?.message}): ${stdout}${stderr}`);
}

export interface ServerCommand {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** A line of the log that says that clients are served. */
  readonly readyLine: string;
  /** What ends it at once and in order. */
  readonly stopSignal: NodeJS.Signals;
}

/** A server and its children. */
export class ServerProcess {
  readonly #command: ServerCommand;
  #child: ChildProcess | null = null;
  #exited: Promise<unknown> = Promise.resolve();
  readonly #onExit = (): void => this.#discard();

  constructor(command: ServerCommand) {
    this.#command = command;
    process.once("exit", this.#onExit);
  }

  get logFile(): string {
    return join(this.#command.folder, "server.log");
  }

  /** What the server has written since it was first started. */
  log(): string {
    return readFileSync(this.logFile, "utf8");
  }

  /** Starts it and waits until it serves. After a kill the first tries may fail, because children of the old one are still ending. */
  async start(timeoutMs = 30_000): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    while (!(await this.#tryStart(deadlineMs))) {
      if (performance.now() > deadlineMs) throw new Error(`${this.#command.name} did not start:\n${this.log().slice(-2_000)}`);
      await wait(50);
    }
  }

  async #tryStart(deadlineMs: number): Promise<boolean> {
    const { program, args, folder, readyLine } = this.#command;
    const descriptor = openSync(this.logFile, "a");
    const from = this.log().length;
    const child = spawn(program, args, { ...unprivileged, cwd: folder, stdio: ["ignore", descriptor, descriptor] });
    closeSync(descriptor);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("exit", resolve);
      child.once("error", resolve);
    });
    while (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      if (this.log().slice(from).includes(readyLine)) return true;
      if (performance.now() > deadlineMs) throw new Error(`${this.#command.name} is not ready:\n${this.log().slice(-2_000)}`);
      await wait(20);
    }
    return false;
  }

  /** kill -9 of the server and of every child: nothing is said to any client, the kernel closes the sockets. */
  async kill(): Promise<void> {
    this.#signalAll("SIGKILL");
    await this.#exited;
  }

  /** Freezes it and its children: connections stay open and nothing answers, a black hole. */
  freeze(): void {
    this.#signalAll("SIGSTOP");
  }

  thaw(): void {
    this.#signalAll("SIGCONT");
  }

  /** Ends it in order; clients are told as the server tells them. */
  async stop(): Promise<void> {
    this.thaw();
    this.#child?.kill(this.#command.stopSignal);
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    process.removeListener("exit", this.#onExit);
    this.#discard();
  }

  #discard(): void {
    this.#signalAll("SIGKILL");
    rmSync(this.#command.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #signalAll(signal: NodeJS.Signals): void {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    for (const pid of [child.pid, ...childrenOf(child.pid)]) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended since it was listed.
      }
    }
  }
}

/** PostgreSQL runs a process per connection, each in a group of its own: they are found by their parent. */
function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
        return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent;
      } catch {
        return false;
      }
    })
    .map(Number);
}

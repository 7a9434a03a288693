/**
 * Replicas of a service with a database, as processes: started, told to begin at one moment, killed, stopped and continued by their ids.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { ReplicaOrder, ReplicaReport } from "../processes/database-replica.ts";

const source = fileURLToPath(new URL("../processes/database-replica.ts", import.meta.url));

/** The replica's program as one file: dozens are started, and each would read a hundred. */
export class ReplicaProgram implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "holdfast-replica-"));
  readonly path = join(this.#folder, "replica.mjs");

  static async make(): Promise<ReplicaProgram> {
    const program = new ReplicaProgram();
    // Drivers are CommonJS, and look for what they need at run time.
    const js = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
    await build({
      ...{ entryPoints: [source], outfile: program.path, bundle: true, platform: "node", format: "esm", target: "node24" },
      ...{ conditions: ["source"], external: ["pg-native"], banner: { js }, logLevel: "warning" },
    });
    return program;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export class Replica {
  readonly #child: ChildProcess;
  readonly ready: Promise<unknown>;
  readonly exited: Promise<unknown>;
  last: ReplicaReport | null = null;
  /** Since when it could have been answered and was not; null: it does not run. */
  #quietSinceMs: number | null = null;
  /** Longest time without an answer while it ran. */
  quietMsMax = 0;
  #isStopped = false;

  constructor(program: string, order: ReplicaOrder) {
    const child = spawn(process.execPath, ["--no-warnings", program, JSON.stringify(order)], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    this.exited = once(child, "exit");
    const lines = createInterface({ input: child.stdout });
    this.ready = once(lines, "line");
    lines.on("line", (line) => {
      if (line !== "ready") this.#note(JSON.parse(line) as ReplicaReport);
    });
  }

  get runs(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** It runs, and has a share. */
  get isServed(): boolean {
    return this.runs && !this.#isStopped && this.last?.state === "holding" && this.answers > 0;
  }

  get answers(): number {
    return this.last?.answers ?? 0;
  }

  go(): void {
    this.#quietSinceMs = performance.now();
    this.#child.stdin?.write("go\n");
  }

  kill(): void {
    this.#quietSinceMs = null;
    this.#child.kill("SIGKILL");
  }

  stop(): void {
    this.#isStopped = true;
    this.#quietSinceMs = null;
    this.#child.kill("SIGSTOP");
  }

  continue(): void {
    this.#isStopped = false;
    this.#quietSinceMs = performance.now();
    this.#child.kill("SIGCONT");
  }

  /** Asks it to leave in order. */
  leave(): void {
    this.#quietSinceMs = null;
    this.#child.kill("SIGTERM");
  }

  #note(report: ReplicaReport): void {
    const nowMs = performance.now();
    if (this.#quietSinceMs !== null && !this.#isStopped) {
      this.quietMsMax = Math.max(this.quietMsMax, nowMs - this.#quietSinceMs);
      if (report.answers > this.answers) this.#quietSinceMs = nowMs;
    }
    this.last = report;
  }
}

export class Fleet implements AsyncDisposable {
  readonly all: Replica[] = [];
  readonly #program: string;
  readonly #order: ReplicaOrder;

  constructor({ path }: ReplicaProgram, order: ReplicaOrder) {
    this.#program = path;
    this.#order = order;
  }

  get running(): Replica[] {
    return this.all.filter(({ runs }) => runs);
  }

  /** Started, and waiting to be told to begin. */
  async prepare(count: number): Promise<Replica[]> {
    const started = Array.from({ length: count }, () => new Replica(this.#program, this.#order));
    this.all.push(...started);
    await Promise.all(started.map(({ ready }) => ready));
    return started;
  }

  sum(of: (report: ReplicaReport) => number): number {
    return this.all.reduce((total, { last }) => total + (last === null ? 0 : of(last)), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const replica of this.running) replica.kill();
    await Promise.all(this.all.map(({ exited }) => exited));
  }
}

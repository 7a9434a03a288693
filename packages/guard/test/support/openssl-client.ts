/**
 * `openssl s_client`: a TLS implementation that is not Node's, and that does on command what others do when they like.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { until } from "./tls-listener.ts";

export class OpensslClient implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams;
  /** Everything that it said: what the server sent, and what openssl tells of it. */
  output = "";

  /** `args` beyond the address. With `-msg`, every TLS message is named in the output. */
  constructor(port: number, args: readonly string[]) {
    this.#process = spawn("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost", ...args]);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        this.output += chunk.toString("latin1");
      });
    }
    // It may have ended before it read what it was told.
    this.#process.stdin.on("error", () => undefined);
  }

  /** Types something. A line that begins with `K`, `k` or `R` and comes alone is a command. */
  type(text: string): void {
    this.#process.stdin.write(text);
  }

  /** How often something is in the output. */
  count(pattern: RegExp): number {
    return this.output.match(new RegExp(pattern, "g"))?.length ?? 0;
  }

  async says(pattern: RegExp): Promise<void> {
    await until(`openssl says ${pattern}`, () => pattern.test(this.output)).catch((error: Error) => {
      throw new Error(`${error.message}; it said: ${this.output.slice(-2_000)}`);
    });
  }

  /** Ends its input, which ends it. */
  async end(): Promise<void> {
    this.#process.stdin.end();
    await this.ended();
  }

  async ended(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await once(this.#process, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill("SIGKILL");
    await this.ended();
  }
}

/**
 * A helper process and the calls that it answers. Everything that is measured runs in a process of its own,
 * so that load and server never share a heap or an event loop; the parent only asks and adds up.
 */
import { type ChildProcess, fork } from "node:child_process";

/** What a helper process can be asked. Each call takes one argument and may take its time. */
// biome-ignore lint/suspicious/noExplicitAny: the argument's type is the call's own business; `any` is what lets each differ.
export type Calls = Readonly<Record<string, (argument: any) => unknown>>;

type Request = { readonly id: number; readonly name: string; readonly argument: unknown };
type Answer = { readonly id: number; readonly value: unknown; readonly error?: string };

/** How long a call may take before the run is given up. */
const callMsMax = 180_000;

export interface ChildOptions {
  /** Further flags for Node, such as `--expose-gc`. */
  readonly nodeFlags?: readonly string[];
  /** Limit of open descriptors, soft and hard. Default: this process's. */
  readonly descriptorsMax?: number;
  /** Takes what it prints; without it, that goes where ours goes. */
  readonly output?: (text: string) => void;
}

export class Child<C extends Calls> {
  readonly #process: ChildProcess;
  readonly #file: string;
  readonly #waiting = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }>();
  #lastId = 0;
  #exited = false;

  constructor(file: string, options: ChildOptions = {}) {
    this.#file = file;
    const flags = [...process.execArgv, ...(options.nodeFlags ?? [])];
    const limited = ["-c", `ulimit -n ${options.descriptorsMax} && exec "$0" "$@"`, process.execPath];
    this.#process = fork(file, [], {
      ...(options.descriptorsMax === undefined ? { execArgv: flags } : { execPath: "/bin/sh", execArgv: [...limited, ...flags] }),
      serialization: "advanced",
      stdio: options.output === undefined ? ["ignore", "inherit", "inherit", "ipc"] : ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) stream?.setEncoding("utf8").on("data", (text: string) => options.output?.(text));
    this.#process.on("message", (message) => this.#take(message as Answer));
    this.#process.on("exit", (code, signal) => {
      this.#exited = true;
      const error = new Error(`${this.#file} ended (${signal ?? code})`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  /** Asks the process; rejects with its error, when it ends, or after three minutes. */
  call<K extends keyof C & string>(name: K, ...[argument]: Parameters<C[K]>): Promise<Awaited<ReturnType<C[K]>>> {
    if (this.#exited) return Promise.reject(new Error(`${this.#file} has ended`));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`${this.#file} did not answer ${name} in ${callMsMax / 1000} s`));
      }, callMsMax);
      this.#waiting.set(id, {
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value as Awaited<ReturnType<C[K]>>);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#process.send({ id, name, argument } satisfies Request);
    });
  }

  /** Ends the process and waits for it. Its profile, when one is taken, is written on the way. */
  async stop(): Promise<void> {
    if (this.#exited) return;
    const exited = new Promise<void>((resolve) => this.#process.once("exit", () => resolve()));
    this.#process.disconnect();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 10_000);
    await exited;
    clearTimeout(timer);
  }

  #take(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.error === undefined) waiting?.resolve(answer.value);
    else waiting?.reject(new Error(answer.error));
  }
}

/** Answers the parent's calls in a helper process until the parent lets go of it; then `stop` runs and the process ends. */
export function answerCalls(calls: Calls, stop: () => unknown = () => undefined): void {
  const answer = async ({ id, name, argument }: Request): Promise<Answer> => {
    try {
      const call = calls[name];
      if (call === undefined) throw new Error(`no call ${name}`);
      return { id, value: await call(argument) };
    } catch (error) {
      return { id, value: null, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
  process.on("message", (message) => {
    void answer(message as Request).then((result) => {
      if (process.connected) process.send?.(result);
    });
  });
  process.on("disconnect", () => {
    // A stop that hangs must not leave a process behind: the parent has gone.
    void Promise.race([Promise.resolve(stop()), new Promise((resolve) => setTimeout(resolve, 3_000))]).finally(() => process.exit(0));
  });
}

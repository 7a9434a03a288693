/**
 * The memory engine: the contract in its plainest form, for tests, the simulator and streams that may be lost.
 * Everything is decided at the moment of the call, by memory-logs.ts, and told at once. It must never wait for anything.
 */
import type {
  AppendRequest,
  AppendResult,
  Engine,
  EngineCapabilities,
  EngineHealth,
  Head,
  Interest,
  ListOptions,
  LiveEvent,
  ReadOptions,
  ReadResult,
  StreamInfo,
} from "../engine.ts";
import { Interests } from "./interests.ts";
import type { Applied } from "./memory-logs.ts";
import { type MemoryEngineSetup, MemoryRunner } from "./memory-runner.ts";
import { assertReadOptions, assertRequest, refuse } from "./requests.ts";

/** An engine that keeps logs in this process. Throws a TypeError for a bad option or policy. */
export function memoryEngine(setup: MemoryEngineSetup): Engine {
  return new MemoryEngine(setup);
}

const capabilities: EngineCapabilities = Object.freeze({ contiguousSeq: true, durability: "none", staleMsMax: 0 });

class MemoryEngine implements Engine {
  readonly name = "memory";
  readonly caps = capabilities;
  readonly #runner: MemoryRunner;
  readonly #interests = new Interests();
  #sink: (event: LiveEvent) => void = () => {};

  constructor(setup: MemoryEngineSetup) {
    this.#runner = new MemoryRunner(setup, (last) => last + 1);
  }

  async start(): Promise<void> {
    this.#runner.start();
  }

  async stop(): Promise<void> {
    this.#runner.stop();
    this.#interests.clear();
  }

  async append(batch: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    for (const request of batch) assertRequest(request);
    return batch.map((request) => {
      const applied = this.#runner.append(request);
      if (applied === null) return refuse("storage_failed");
      this.#emit(request.stream, applied);
      return applied.result;
    });
  }

  async read(stream: string, options: ReadOptions): Promise<ReadResult> {
    assertReadOptions(options);
    return this.#runner.readable.read(stream, options);
  }

  async head(stream: string): Promise<Head | null> {
    return this.#runner.readable.head(stream);
  }

  async list(options: ListOptions): Promise<readonly StreamInfo[]> {
    return this.#runner.readable.list(options);
  }

  attach(sink: (event: LiveEvent) => void): void {
    this.#sink = sink;
  }

  async listen(stream: string): Promise<Interest> {
    return this.#interests.add(stream);
  }

  health(): EngineHealth {
    return this.#runner.health();
  }

  #emit(stream: string, { entries, closed, result }: Applied): void {
    if (!this.#interests.has(stream)) return;
    if (entries.length > 0) this.#sink({ type: "appended", stream, entries });
    if (closed && result.ok) this.#sink({ type: "closed", stream, last: result.head });
  }
}

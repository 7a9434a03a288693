/**
 * The weak engine: a memory engine that gives no more than the contract promises, to keep everything above it honest.
 * Seqs have gaps; appends and reads take time; live events are dropped, doubled, late, out of order, split, or replaced by hints and suspicion.
 * Every commit is still covered within `staleMsMax`. All chance comes from `Env`, so a seed replays a run.
 */
import assert from "node:assert/strict";
import { type Env, randomFraction, type Timer } from "@holdfast/protocol";
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

/** How weak: chances are fractions in [0, 1], drawn for each commit. */
export interface Weakness {
  /** A seq skips some numbers. Default 0.3. */
  readonly seqGap: number;
  /** Nothing is told but a hint, in time. Default 0.15. */
  readonly hintOnly: number;
  /** Nothing is told but that something may be missing, of one stream or all, in time. Default 0.1. */
  readonly suspectOnly: number;
  /** The event comes later, and so perhaps after newer ones. Default 0.2. */
  readonly late: number;
  /** The event comes a second time, later. Default 0.15. */
  readonly doubled: number;
  /** The entries of one append come in several events. Default 0.3. */
  readonly split: number;
  /** A suspicion or an old hint without cause. Default 0.05. */
  readonly noise: number;
  /** The append is refused with `engine_busy`. Default 0. */
  readonly busy: number;
  /** The append is answered with `unknown_outcome`; it is in the log in half of these cases. Default 0. */
  readonly unknown: number;
  /** The longest that an append, its answer, a read or a `listen` takes, each. Default 5 ms. */
  readonly delayMsMax: number;
  /** The longest from a commit to what covers it, 1 or more. Default 200 ms. */
  readonly staleMsMax: number;
}

const defaults: Weakness = Object.freeze({
  seqGap: 0.3,
  hintOnly: 0.15,
  suspectOnly: 0.1,
  late: 0.2,
  doubled: 0.15,
  split: 0.3,
  noise: 0.05,
  busy: 0,
  unknown: 0,
  delayMsMax: 5,
  staleMsMax: 200,
});

/** What a weak engine is made of. */
export interface WeakEngineSetup extends MemoryEngineSetup {
  readonly weakness?: Partial<Weakness>;
}

/** An engine in memory that is as bad as an engine may be. Throws a TypeError for a bad option, policy or weakness. */
export function weakEngine(setup: WeakEngineSetup): Engine {
  return new WeakEngine(setup);
}

class WeakEngine implements Engine {
  readonly name = "weak";
  readonly caps: EngineCapabilities;
  readonly #env: Env;
  readonly #weakness: Weakness;
  readonly #runner: MemoryRunner;
  readonly #interests = new Interests();
  readonly #timers = new Set<Timer>();
  /** Appends happen one batch after the other, whatever their delays. */
  #commits: Promise<void> = Promise.resolve();
  #sink: (event: LiveEvent) => void = () => {};

  constructor(setup: WeakEngineSetup) {
    this.#env = setup.env;
    this.#weakness = resolveWeakness(setup.weakness);
    this.caps = Object.freeze({ contiguousSeq: false, durability: "none", staleMsMax: this.#weakness.staleMsMax });
    this.#runner = new MemoryRunner(setup, (last) => last + 1 + (this.#happens("seqGap") ? setup.env.rng.u32() % 5 : 0));
  }

  async start(): Promise<void> {
    await this.#pause();
    this.#runner.start();
  }

  async stop(): Promise<void> {
    await this.#commits;
    this.#runner.stop();
    this.#interests.clear();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  async append(batch: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    for (const request of batch) assertRequest(request);
    if (this.#runner.logs === null) return batch.map(() => refuse("storage_failed"));
    const commit = this.#commits.then(async () => {
      await this.#pause();
      return batch.map((request) => this.#commit(request));
    });
    this.#commits = commit.then(() => {});
    const results = await commit;
    // Between the commit and its answer a crash leaves an append that is in the log and that nobody was told of.
    await this.#pause();
    return results;
  }

  async read(stream: string, options: ReadOptions): Promise<ReadResult> {
    assertReadOptions(options);
    await this.#pause();
    const result = this.#runner.readable.read(stream, options);
    await this.#pause();
    return result;
  }

  async head(stream: string): Promise<Head | null> {
    await this.#pause();
    return this.#runner.readable.head(stream);
  }

  async list(options: ListOptions): Promise<readonly StreamInfo[]> {
    await this.#pause();
    return this.#runner.readable.list(options);
  }

  attach(sink: (event: LiveEvent) => void): void {
    this.#sink = sink;
  }

  async listen(stream: string): Promise<Interest> {
    await this.#pause();
    const interest = this.#interests.add(stream);
    await this.#pause();
    return interest;
  }

  health(): EngineHealth {
    return this.#runner.health();
  }

  #commit(request: AppendRequest): AppendResult {
    if (this.#happens("busy")) return refuse("engine_busy", { afterMs: this.#randomMs(100) });
    const isUnknown = this.#happens("unknown");
    if (isUnknown && this.#env.rng.u32() % 2 === 0) return refuse("unknown_outcome");
    const applied = this.#runner.append(request);
    if (applied === null) return refuse("storage_failed");
    if (this.#interests.has(request.stream)) this.#tell(request.stream, applied);
    return isUnknown ? refuse("unknown_outcome") : applied.result;
  }

  /** Makes known what was committed: well or badly, but always in time. */
  #tell(stream: string, applied: Applied): void {
    const events = this.#eventsOf(stream, applied);
    if (events.length === 0) return;
    const { staleMsMax } = this.#weakness;
    const dice = randomFraction(this.#env.rng);
    const { hintOnly, suspectOnly, late } = this.#weakness;
    // A hint says how far a log reaches and not that it has ended, so it cannot stand in for that.
    if (dice < hintOnly && !applied.closed) this.#later(staleMsMax, { type: "hint", stream, last: lastOf(applied) });
    else if (dice < hintOnly + suspectOnly) this.#later(staleMsMax, this.#suspicion(stream));
    else for (const event of events) this.#later(dice < hintOnly + suspectOnly + late ? staleMsMax : 0, event);
    if (this.#happens("doubled")) for (const event of events) this.#later(2 * staleMsMax, event);
    if (this.#happens("noise")) this.#later(2 * staleMsMax, this.#env.rng.u32() % 2 === 0 ? this.#suspicion(stream) : { type: "hint", stream, last: 1 });
  }

  #eventsOf(stream: string, { entries, closed, result }: Applied): LiveEvent[] {
    const groups = entries.length > 1 && this.#happens("split") ? entries.map((entry) => [entry]) : [entries];
    const events: LiveEvent[] = groups.filter((group) => group.length > 0).map((group) => ({ type: "appended", stream, entries: group }));
    if (closed && result.ok) events.push({ type: "closed", stream, last: result.head });
    return events;
  }

  #suspicion(stream: string): LiveEvent {
    return { type: "suspect", stream: this.#env.rng.u32() % 2 === 0 ? stream : null };
  }

  /** Emits within `withinMs`; at once when that is 0. */
  #later(withinMs: number, event: LiveEvent): void {
    if (withinMs === 0) {
      this.#sink(event);
      return;
    }
    this.#after(this.#randomMs(withinMs), () => {
      if (this.#runner.logs !== null) this.#sink(event);
    });
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      // Not kept among the timers that `stop` cancels: whoever waits for it has been accepted and is answered.
      this.#env.clock.after(this.#randomMs(this.#weakness.delayMsMax), resolve);
    });
  }

  #after(delayMs: number, call: () => void): void {
    const timer = this.#env.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      call();
    });
    this.#timers.add(timer);
  }

  #randomMs(maxMs: number): number {
    return this.#env.rng.u32() % (maxMs + 1);
  }

  #happens(chance: Exclude<keyof Weakness, "delayMsMax" | "staleMsMax">): boolean {
    return randomFraction(this.#env.rng) < this.#weakness[chance];
  }
}

function lastOf({ result }: Applied): number {
  assert(result.ok, "only what was committed is told");
  return result.head;
}

function resolveWeakness(given: Partial<Weakness> = {}): Weakness {
  const weakness = { ...defaults, ...given };
  for (const [name, value] of Object.entries(weakness)) {
    if (!Object.hasOwn(defaults, name)) throw new TypeError(`Expected a known weakness, got \`${name}\``);
    const isMs = name.endsWith("MsMax");
    if (isMs ? !Number.isSafeInteger(value) || value < (name === "staleMsMax" ? 1 : 0) : !(value >= 0 && value <= 1)) {
      throw new TypeError(`Expected \`${name}\` to be ${isMs ? "a whole number of ms" : "a fraction from 0 to 1"}, got ${JSON.stringify(value)}`);
    }
  }
  return Object.freeze(weakness);
}

/**
 * The main thread's side of the SQLite writer: the bounded queue before it, natural group commit, and the timing of passes.
 * While one commit syncs, appends queue; the next takes all that fit. There is no timer in this: an append that finds the writer idle goes at once.
 *
 *   append --> queue --> [commit in flight] --> live events --> results
 */
import type { Env, Timer } from "@holdfast/protocol";
import type { AppendRequest, AppendResult } from "../engine.ts";
import type { WriterCommand, WriterReply } from "./adapters/sqlite-messages.ts";
import type { Thread } from "./adapters/sqlite-threads.ts";
import type { EngineOptions } from "./options.ts";
import { payloadBytes, refuse } from "./requests.ts";
import { decodeOutcomes, encodeBatch } from "./sqlite-wire.ts";

/** One call of `append`. */
interface Call {
  readonly requests: readonly AppendRequest[];
  readonly bytes: number;
  readonly resolve: (results: readonly AppendResult[]) => void;
}

type InFlight =
  | { readonly type: "commit"; readonly calls: readonly Call[]; readonly wallMs: number; readonly sentMs: number }
  | { readonly type: "pass"; readonly sentMs: number };

type State =
  | { readonly name: "open" }
  /** Takes no more appends; ends when the queue is empty. */
  | { readonly name: "draining" }
  | { readonly name: "ended" };

/** What the writes need from the engine around them. */
export interface WritesSetup {
  readonly env: Env;
  readonly options: EngineOptions;
  readonly thread: Thread<WriterCommand, WriterReply>;
  /** Makes known what was committed, request by request, before any caller learns of it. */
  readonly tell: (request: AppendRequest, result: AppendResult, timeMs: number) => void;
}

/** A pass may take this part of the writer's time at most, where very many streams are held. */
const passShare = 1 / 20;

export class SqliteWrites {
  readonly #env: Env;
  readonly #options: EngineOptions;
  readonly #thread: Thread<WriterCommand, WriterReply>;
  readonly #tell: WritesSetup["tell"];
  readonly #ended: Promise<void>;
  #state: State = { name: "open" };
  #queue: Call[] = [];
  #queuedRequests = 0;
  #queuedBytes = 0;
  #inFlight: InFlight | null = null;
  #pumpPlanned = false;
  #commitMs = 0;
  #pass: { readonly atMs: number; readonly timer: Timer | null } | null = null;
  #passSpentMs = 0;
  /** When something that was added during a pass is due: the pass may have been past it already. */
  #dueAfterPassMs = Number.POSITIVE_INFINITY;
  #failure: string | null = null;
  #full = false;

  constructor(setup: WritesSetup) {
    this.#env = setup.env;
    this.#options = setup.options;
    this.#thread = setup.thread;
    this.#tell = setup.tell;
    this.#ended = new Promise((resolve) => {
      this.#thread.onEnd((error) => {
        this.#onEnd(error);
        resolve();
      });
    });
    this.#thread.onReply((reply) => this.#onReply(reply));
    this.#planPass(0);
  }

  /** Why nothing can be written until a restart; null while writes go on. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Whether the last commit found no space. */
  get full(): boolean {
    return this.#full;
  }

  append(requests: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    if (requests.length === 0) return Promise.resolve([]);
    if (this.#state.name !== "open" || this.#failure !== null) return Promise.resolve(requests.map(() => this.#refuseFailed()));
    let bytes = 0;
    for (const request of requests) bytes += payloadBytes(request);
    if (this.#queue.length > 0 && this.#isTooMuch(requests.length, bytes)) {
      const busy = refuse("engine_busy", { afterMs: Math.min(1_000, Math.max(10, Math.ceil(2 * this.#commitMs))) });
      return Promise.resolve(requests.map(() => busy));
    }
    return new Promise((resolve) => {
      this.#queue.push({ requests, bytes, resolve });
      this.#queuedRequests += requests.length;
      this.#queuedBytes += bytes;
      this.#planPump();
    });
  }

  /** Finishes what was accepted and ends the thread. */
  async stop(): Promise<void> {
    if (this.#state.name === "open") {
      this.#state = { name: "draining" };
      this.#pass?.timer?.cancel();
      this.#pass = null;
      this.#planPump();
    }
    await this.#ended;
  }

  #isTooMuch(requests: number, bytes: number): boolean {
    return this.#queuedRequests + requests > this.#options.writeQueueRequestsMax || this.#queuedBytes + bytes > this.#options.writeQueueBytesMax;
  }

  /** At the end of the current job, so that appends of one burst share a commit. */
  #planPump(): void {
    if (this.#pumpPlanned) return;
    this.#pumpPlanned = true;
    void Promise.resolve().then(() => {
      this.#pumpPlanned = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#inFlight !== null || this.#state.name === "ended") return;
    const isPassDue = this.#pass !== null && this.#pass.timer === null;
    if (this.#failure === null && this.#queue.length > 0) {
      this.#sendCommit();
      return;
    }
    if (this.#failure === null && isPassDue) {
      this.#sendPass();
      return;
    }
    if (this.#state.name === "draining") {
      this.#state = { name: "ended" };
      this.#thread.post({ type: "stop" });
    }
  }

  #sendCommit(): void {
    let requests = 0;
    let bytes = 0;
    let calls = 0;
    for (const call of this.#queue) {
      if (calls > 0 && (requests + call.requests.length > this.#options.commitRequestsMax || bytes + call.bytes > this.#options.commitBytesMax)) break;
      calls++;
      requests += call.requests.length;
      bytes += call.bytes;
    }
    const taken = this.#queue.splice(0, calls);
    this.#queuedRequests -= requests;
    this.#queuedBytes -= bytes;
    const block = encodeBatch(taken.flatMap((call) => call.requests));
    const sentMs = this.#env.clock.monoMs();
    const wallMs = Math.floor(this.#env.clock.wallMs());
    this.#inFlight = { type: "commit", calls: taken, wallMs, sentMs };
    this.#thread.post({ type: "commit", block, wallMs, monoMs: sentMs }, [block]);
  }

  #sendPass(): void {
    const sentMs = this.#env.clock.monoMs();
    this.#inFlight = { type: "pass", sentMs };
    this.#thread.post({ type: "pass", wallMs: Math.floor(this.#env.clock.wallMs()), monoMs: sentMs });
  }

  #onReply(reply: WriterReply): void {
    switch (reply.type) {
      case "started":
      case "refused":
        return;
      case "failed":
        this.#fail(reply.detail);
        return;
      case "committed":
        this.#onCommitted(reply);
        return;
      case "passed":
        this.#onPassed(reply.again, reply.dueMs);
        return;
      default:
        reply satisfies never;
        return;
    }
  }

  #onCommitted({ outcomes, dueMs }: Extract<WriterReply, { type: "committed" }>): void {
    const flight = this.#inFlight;
    if (flight?.type !== "commit") return;
    this.#inFlight = null;
    this.#commitMs = this.#env.clock.monoMs() - flight.sentMs;
    const results = decodeOutcomes(outcomes);
    this.#full = results.some((result) => !result.ok && result.code === "storage_full");
    if (dueMs !== null) this.#planPass(dueMs);
    // The next commit starts before this one's results are handed out: the writer has no reason to wait for that.
    this.#pump();
    let at = 0;
    for (const { requests } of flight.calls) {
      for (const request of requests) this.#tell(request, results[at++] as AppendResult, flight.wallMs);
    }
    at = 0;
    for (const { requests, resolve } of flight.calls) {
      resolve(results.slice(at, at + requests.length));
      at += requests.length;
    }
  }

  #onPassed(again: boolean, dueMs: number | null): void {
    const flight = this.#inFlight;
    if (flight?.type !== "pass") return;
    this.#inFlight = null;
    this.#passSpentMs += this.#env.clock.monoMs() - flight.sentMs;
    if (!again) {
      this.#pass = null;
      const nextMs = Math.min(dueMs ?? Number.POSITIVE_INFINITY, this.#dueAfterPassMs);
      if (nextMs !== Number.POSITIVE_INFINITY) this.#planPass(Math.max(nextMs, this.#passSpentMs / passShare));
      this.#passSpentMs = 0;
      this.#dueAfterPassMs = Number.POSITIVE_INFINITY;
    }
    this.#pump();
  }

  /** Arms the pass, unless one comes earlier or is under way. */
  #planPass(delayMs: number): void {
    if (this.#state.name !== "open") return;
    if (this.#pass?.timer === null) {
      this.#dueAfterPassMs = Math.min(this.#dueAfterPassMs, delayMs);
      return;
    }
    const nowMs = this.#env.clock.monoMs();
    const atMs = nowMs + Math.max(delayMs, this.#options.retentionPassMs);
    if (this.#pass !== null && this.#pass.atMs <= atMs) return;
    this.#pass?.timer.cancel();
    const timer = this.#env.clock.after(Math.min(atMs - nowMs, timerMsMax), () => {
      this.#pass = { atMs, timer: null };
      this.#planPump();
    });
    this.#pass = { atMs, timer };
  }

  /** Writing is over: whatever waits is refused, because none of it was begun. */
  #fail(detail: string): void {
    this.#failure ??= detail;
    this.#pass?.timer?.cancel();
    this.#pass = null;
    const waiting = this.#queue;
    this.#queue = [];
    this.#queuedRequests = 0;
    this.#queuedBytes = 0;
    for (const { requests, resolve } of waiting) resolve(requests.map(() => this.#refuseFailed()));
    this.#planPump();
  }

  #onEnd(error: Error | null): void {
    const isExpected = this.#state.name === "ended";
    this.#state = { name: "ended" };
    if (!isExpected || error !== null) this.#fail(`The writer ended: ${error?.message ?? "without a reason"}`);
    const flight = this.#inFlight;
    this.#inFlight = null;
    if (flight?.type !== "commit") return;
    for (const { requests, resolve } of flight.calls) resolve(requests.map(() => refuse("unknown_outcome", { message: "The writer ended during the commit" })));
  }

  #refuseFailed(): AppendResult {
    return refuse("storage_failed", this.#failure === null ? { message: "The engine does not run" } : { message: this.#failure });
  }
}

/** Timers of the platform hold no more than 31 bits of ms; a pass too early finds nothing and plans the next. */
const timerMsMax = 2_147_483_647;

/**
 * An application that reads one stream through the client, at its own pace, and remembers its place as an application should:
 * after it has dealt with an entry. It may leave and come back, and survives its process with what it has stored.
 */
import { type Client, HoldfastError, type Stream } from "@holdfast/client";
import { ReaderCheck } from "../checker/reader-check.ts";
import type { Violations } from "../checker/violations.ts";
import type { ReaderPlan } from "../plan.ts";
import type { Points } from "../points.ts";
import type { SimProcess } from "../sim-process.ts";
import type { Trace } from "../trace.ts";
import type { Payloads } from "./payloads.ts";
import type { StoreWatch } from "./store-watch.ts";

/** What readers and publishers share of their world. */
export interface Ground {
  readonly payloads: Payloads;
  readonly watch: StoreWatch;
  readonly violations: Violations;
  readonly points: Points;
  readonly trace: Trace;
  readonly nowMs: () => number;
  /** Takes in what the store has got since the last event. */
  readonly look: () => void;
}

export class SimReader {
  readonly name: string;
  readonly plan: ReaderPlan;
  readonly #ground: Ground;
  #check: ReaderCheck | null = null;
  #handle: Stream | null = null;
  #controller: AbortController | null = null;
  /** The latest call of `open`: what an earlier one still does is nobody's business. */
  #opening = 0;
  #hurried = false;
  /** Since when it has asked this client where to begin, and has not heard. What it asked before it left may still be answered. */
  #asking: { readonly client: Client; readonly sinceMs: number } | null = null;

  constructor(name: string, plan: ReaderPlan, ground: Ground) {
    this.name = name;
    this.plan = plan;
    this.#ground = ground;
  }

  get check(): ReaderCheck | null {
    return this.#check;
  }
  get isOpen(): boolean {
    return this.#handle !== null;
  }
  get handle(): Stream | null {
    return this.#handle;
  }

  /** From now on entries take no time. */
  hurry(): void {
    this.#hurried = true;
  }

  /** Reads on from the stored place, or begins. `hasSibling`: the client has another reader of the stream. */
  open(client: Client, process: SimProcess, hasSibling: boolean): void {
    if (this.#handle !== null || this.#check?.ended === true) return;
    const { watch, violations, nowMs } = this.#ground;
    const { stream } = this.plan;
    const stored = this.#check?.resumeFrom ?? null;
    const from = stored === null ? this.plan.from : { after: stored };
    if (this.#check === null || stored === null) {
      const before = this.#asking?.client === client ? this.#asking : null;
      this.#asking = before ?? { client, sinceMs: nowMs() };
      const when = { nowMs: this.#asking.sinceMs, hasSibling: hasSibling || before !== null };
      this.#check = new ReaderCheck(`${this.name} of ${stream}`, watch.log(stream), from, when, violations);
    }
    const check = this.#check;
    const controller = new AbortController();
    const opening = ++this.#opening;
    const handle = client.stream(stream, {
      from,
      signal: controller.signal,
      onGap: async (gap) => {
        if (opening !== this.#opening) return;
        this.#ground.trace.note(nowMs(), "gap", `${this.name} ${gap.reason} ${gap.from} ${gap.after}`);
        this.#ground.points.hit(`gap ${gap.reason}`);
        check.gap(gap);
        await this.#pause(process, this.plan.gapMs);
      },
    });
    this.#handle = handle;
    this.#controller = controller;
    this.#ground.trace.note(nowMs(), "open", `${this.name} ${JSON.stringify(from)}`);
    void this.#consume(handle, check, process, opening);
  }

  async #consume(handle: Stream, check: ReaderCheck, process: SimProcess, opening: number): Promise<void> {
    const { payloads, trace, nowMs, violations } = this.#ground;
    try {
      for await (const entry of handle) {
        if (opening !== this.#opening) return;
        const token = payloads.identify(entry.format, entry.bytes);
        trace.note(nowMs(), "deliver", `${this.name} ${entry.position} ${token}`);
        check.deliver(entry.position, token);
        await this.#pause(process, this.plan.delayMs);
        if (opening !== this.#opening) return;
      }
      if (opening === this.#opening) this.#over(handle.ended, check);
    } catch (thrown) {
      const { code, message } = HoldfastError.from(thrown);
      if (opening !== this.#opening || code === "aborted" || code === "closed_by_user") return;
      this.#handle = null;
      violations.add("liveness", `${this.name}: reading failed: ${message}`);
    }
  }

  #over(ended: boolean, check: ReaderCheck): void {
    this.#handle = null;
    if (!ended) return;
    check.end();
    this.#ground.points.hit("stream ended");
    this.#ground.trace.note(this.#ground.nowMs(), "end", this.name);
  }

  /** Looks whether the client has learned where reading begins. */
  look(): void {
    const position = this.#handle?.position ?? null;
    if (position !== null && this.#check !== null && this.#check.resumeFrom === null) this.#check.began(position);
  }

  leave(by: "abort" | "close"): void {
    const handle = this.#handle;
    if (handle === null) return;
    this.look();
    this.#forget();
    if (by === "close") handle.close();
    else this.#controller?.abort(new Error("the application has lost interest"));
  }

  /** The process is gone, and with it everything but what was stored. */
  lose(): void {
    if (this.#handle !== null) this.look();
    this.#forget();
  }

  #forget(): void {
    this.#opening++;
    this.#handle = null;
  }

  #pause(process: SimProcess, ms: number): Promise<void> {
    if (ms === 0 || this.#hurried) return Promise.resolve();
    return new Promise((resolve) => process.env.clock.after(ms, resolve));
  }
}

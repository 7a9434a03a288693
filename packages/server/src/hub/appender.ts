/**
 * Gathers the appends of one turn into one call of the engine, whose own group commit does the rest.
 * It never feeds readers: they get what the engine reports as committed.
 */
import { HoldfastError } from "@holdfast/protocol";
import type { AppendRequest, AppendResult, Engine } from "../engine.ts";
import type { Counters } from "./counters.ts";

interface Waiting {
  readonly request: AppendRequest;
  readonly resolve: (result: AppendResult) => void;
}

export class Appender {
  readonly #engine: Engine;
  readonly #counters: Counters;
  #batch: Waiting[] = [];

  constructor(engine: Engine, counters: Counters) {
    this.#engine = engine;
    this.#counters = counters;
  }

  /** Appends, in the order of the calls. Never rejects. */
  append(request: AppendRequest): Promise<AppendResult> {
    return new Promise((resolve) => {
      this.#batch.push({ request, resolve });
      if (this.#batch.length === 1) void Promise.resolve().then(() => this.#flush());
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    let results: readonly AppendResult[];
    try {
      results = await this.#engine.append(batch.map((waiting) => waiting.request));
    } catch (thrown) {
      // An engine that throws has told us nothing about the outcome.
      const message = HoldfastError.from(thrown).detail;
      results = batch.map(() => ({ ok: false, code: "unknown_outcome", message }));
    }
    for (const [i, waiting] of batch.entries()) {
      const result = results[i] as AppendResult;
      this.#count(waiting.request, result);
      waiting.resolve(result);
    }
  }

  #count(request: AppendRequest, result: AppendResult): void {
    if (!result.ok) this.#counters.refuse(result.code);
    else if (result.duplicate) this.#counters.publishedDuplicates++;
    else this.#counters.published += request.entries.length;
  }
}

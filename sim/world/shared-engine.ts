/**
 * One engine under several hubs of one process, as a networked engine would be under several nodes: every hub gets every live event.
 * The engine behind it can be replaced by another one while the hubs go on, as in a failover: what was under way is then unanswered,
 * and the hubs are told that anything may have been missed.
 */
import { HoldfastError } from "@holdfast/protocol";
import type { AppendRequest, AppendResult, Engine, Head, Interest, ListOptions, LiveEvent, ReadOptions, ReadResult, StreamInfo } from "@holdfast/server";

type Sink = (event: LiveEvent) => void;

/** A hub's interest in a stream, and the present engine's. */
interface Listening {
  readonly stream: string;
  inner: Interest | null;
}

const unknown: AppendResult = { ok: false, code: "unknown_outcome", message: "The engine was replaced" };

export class SharedEngine implements Engine {
  #engine: Engine;
  readonly #sinks = new Set<Sink>();
  readonly #listening = new Set<Listening>();
  /** Rejects what waits for an engine that is replaced. */
  #lose: (error: HoldfastError) => void = () => {};
  #lost: Promise<never> = this.#newLoss();
  /** Live events that said only that something may have been missed. */
  hints = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#attach(engine);
  }

  #newLoss(): Promise<never> {
    const lost = new Promise<never>((_, reject) => {
      this.#lose = reject;
    });
    lost.catch(() => {}); // Nobody may be waiting.
    return lost;
  }

  #attach(engine: Engine): void {
    engine.attach((event) => {
      if (engine !== this.#engine) return;
      if (event.type === "hint" || event.type === "suspect") this.hints++;
      this.#emit(event);
    });
  }

  #emit(event: LiveEvent): void {
    for (const sink of this.#sinks) sink(event);
  }

  /** Puts another engine, not started yet, in the place of this one. Resolves when it serves; `suspect` must follow within its `staleMsMax`. */
  async replace(engine: Engine): Promise<void> {
    const lose = this.#lose;
    this.#lost = this.#newLoss();
    this.#engine = engine;
    lose(new HoldfastError("storage_failed", "The engine was replaced"));
    this.#attach(engine);
    await engine.start();
    for (const listening of [...this.#listening]) listening.inner = await engine.listen(listening.stream);
  }

  /** Tells the hubs that anything may have been missed. */
  suspect(): void {
    this.#emit({ type: "suspect", stream: null });
  }

  #orLost<T>(answer: Promise<T>): Promise<T> {
    return Promise.race([answer, this.#lost]);
  }

  get name(): string {
    return this.#engine.name;
  }
  get caps(): Engine["caps"] {
    return this.#engine.caps;
  }
  start(): Promise<void> {
    return this.#engine.start();
  }
  stop(): Promise<void> {
    return this.#engine.stop();
  }
  append(batch: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    return this.#orLost(this.#engine.append(batch)).catch(() => batch.map(() => unknown));
  }
  read(stream: string, options: ReadOptions): Promise<ReadResult> {
    return this.#orLost(this.#engine.read(stream, options));
  }
  head(stream: string): Promise<Head | null> {
    return this.#orLost(this.#engine.head(stream));
  }
  list(options: ListOptions): Promise<readonly StreamInfo[]> {
    return this.#orLost(this.#engine.list(options));
  }
  attach(sink: Sink): void {
    this.#sinks.add(sink);
  }
  async listen(stream: string): Promise<Interest> {
    const listening: Listening = { stream, inner: null };
    this.#listening.add(listening);
    listening.inner = await this.#orLost(this.#engine.listen(stream)).catch(() => listening.inner);
    return {
      close: () => {
        this.#listening.delete(listening);
        listening.inner?.close();
      },
    };
  }
  health(): ReturnType<Engine["health"]> {
    return this.#engine.health();
  }
}

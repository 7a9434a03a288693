/**
 * Sends the requests of a run through a pool and writes down what the pool says of each, and of the connections that end in between.
 * It judges nothing, and never lets the pool itself end a connection while the run goes on: what ends one is then somebody else.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type HttpPool, httpPool, PoolError, type RequestTrace } from "@holdfast/pool";
import type { Ask } from "../ask.ts";
import type { Exchange, TimedRun, Unanswered } from "../run.ts";
import { ConnectionWatch } from "./connection-watch.ts";
import { warmUp } from "./warm-up.ts";

type Handler = Parameters<HttpPool["dispatch"]>[1];
type Controller = Parameters<NonNullable<Handler["onResponseData"]>>[0];

/** How often connections are looked at in a pause: a silence is known as exactly as that. */
const lookMs = 20;

export type Progress = (done: number) => void;

/** Runs to the end, until the time is over or until `stop`. What fails is in the run; rejects only before it, when a file can not be read. */
export async function timeRequests(ask: Ask, stop: AbortSignal, progress: Progress): Promise<TimedRun> {
  await warmUp();
  const run = new Run(ask, stop, progress);
  try {
    return await run.all();
  } finally {
    await run.close();
  }
}

class Run {
  readonly #ask: Ask;
  readonly #progress: Progress;
  readonly #stop: AbortSignal;
  readonly #pool: HttpPool;
  readonly #watch: ConnectionWatch;
  readonly #traces = new Pairs<RequestTrace>();
  readonly #startMs = performance.now();
  readonly #exchanges: Exchange[] = [];
  #sent = 0;

  constructor(ask: Ask, stop: AbortSignal, progress: Progress) {
    this.#ask = ask;
    this.#progress = progress;
    this.#stop = AbortSignal.any([stop, AbortSignal.timeout(ask.maxMs)]);
    this.#pool = httpPool({
      max: ask.concurrency,
      http2: ask.http2,
      idleMs: "never",
      ageMs: "never",
      requestsMax: "never",
      dnsRecheckMs: "never",
      onTrace: (trace) => this.#traces.first(trace),
      ...(ask.insecure ? { tls: { rejectUnauthorized: false } } : {}),
      ...(ask.caFile === null ? {} : { tls: { ca: readFileSync(ask.caFile) } }),
    });
    this.#watch = new ConnectionWatch(this.#pool);
  }

  async all(): Promise<TimedRun> {
    const { url, method, concurrency, pauseMs, requests } = this.#ask;
    await Promise.all(Array.from({ length: concurrency }, () => this.#lane()));
    this.#watch.look(this.#nowMs());
    const exchanges = this.#exchanges.toSorted((a, b) => a.number - b.number);
    return { url: String(url), method, concurrency, pauseMs, exchanges, ends: this.#watch.ends, cutShort: exchanges.length < requests };
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  #nowMs(): number {
    return performance.now() - this.#startMs;
  }

  /** Requests one after the other, with the pause before each but the first. */
  async #lane(): Promise<void> {
    for (let isFirst = true; this.#sent < this.#ask.requests && !this.#stop.aborted; isFirst = false) {
      if (!isFirst) await this.#pause();
      if (this.#sent >= this.#ask.requests || this.#stop.aborted) return;
      const number = ++this.#sent;
      const exchange = await this.#exchange(number);
      if (exchange === null) return;
      this.#exchanges.push(exchange);
      this.#watch.look(this.#nowMs());
      this.#progress(this.#exchanges.length);
    }
  }

  async #pause(): Promise<void> {
    const untilMs = this.#nowMs() + this.#ask.pauseMs;
    for (let leftMs = this.#ask.pauseMs; leftMs > 0 && !this.#stop.aborted; leftMs = untilMs - this.#nowMs()) {
      await sleep(Math.min(leftMs, lookMs), undefined, { signal: this.#stop }).catch(() => {});
      this.#watch.look(this.#nowMs());
    }
  }

  /** Null: it was given up, because the run is over. */
  async #exchange(number: number): Promise<Exchange | null> {
    const startMs = this.#nowMs();
    const answer = await this.#send();
    if (this.#stop.aborted && !answer.ok) return null;
    if (!answer.ok) return { number, startMs, endMs: this.#nowMs(), result: answer };
    const endMs = this.#nowMs();
    const { status, bytes, headers } = answer;
    const trace = await answer.trace;
    this.#watch.traced(trace);
    return { number, startMs, endMs, result: { ok: true, status, bytes, headers, trace } };
  }

  #send(): Promise<Reply | Unanswered> {
    const { url, method, headers } = this.#ask;
    return new Promise((resolve) => {
      let given: Controller | null = null;
      const leave = (): void => given?.abort(new Error("the run is over"));
      this.#stop.addEventListener("abort", leave, { once: true });
      const reply = { status: 0, bytes: 0, headers: {} as Record<string, string> };
      const done = (result: Reply | Unanswered): void => {
        this.#stop.removeEventListener("abort", leave);
        resolve(result);
      };
      const handler: Handler = {
        onRequestStart: (controller) => {
          given = controller;
          if (this.#stop.aborted) leave();
        },
        onResponseStart: (_, status, received) => {
          if (status < 200) return;
          reply.status = status;
          for (const [name, value] of Object.entries(received)) if (value !== undefined) reply.headers[name.toLowerCase()] = String(value);
        },
        onResponseData: (_, chunk) => {
          reply.bytes += chunk.length;
        },
        onResponseEnd: () => done({ ok: true, ...reply, trace: this.#traces.second() }),
        onResponseError: (_, error) => done(unanswered(error)),
      };
      this.#pool.dispatch({ origin: url.origin, path: `${url.pathname}${url.search}`, method: method as "GET", headers: headers.flat() }, handler);
    });
  }
}

interface Reply {
  readonly ok: true;
  readonly status: number;
  readonly bytes: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly trace: Promise<RequestTrace>;
}

function unanswered(error: Error): Unanswered {
  const { code } = error as { readonly code?: unknown };
  const cause = error.cause instanceof Error && !error.message.includes(error.cause.message) ? ` (${error.cause.message})` : "";
  return {
    ok: false,
    code: typeof code === "string" ? code : error.name,
    message: `${error.message.replace(/^\[\w+\] /, "")}${cause}`,
    unsent: error instanceof PoolError && error.outcome === "not_sent",
  };
}

/** Answers and traces come in the same order, each answer with one trace, either of them first: the nth belongs to the nth. */
class Pairs<T> {
  readonly #values: T[] = [];
  readonly #waiting: ((value: T) => void)[] = [];

  first(value: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#values.push(value);
    else waiting(value);
  }

  second(): Promise<T> {
    return new Promise((resolve) => {
      const value = this.#values.shift();
      if (value === undefined) this.#waiting.push(resolve);
      else resolve(value);
    });
  }
}

/**
 * The examination: opens what was asked for, in parallel where one does not need another's result, and gathers the facts. It judges nothing.
 */
import type { Clock } from "@holdfast/protocol";
import { type Ask, isAsked } from "../ask.ts";
import {
  type Facts,
  type HttpFact,
  type KeepAliveFact,
  type Known,
  known,
  type NameFact,
  type NotMeasured,
  type TcpFact,
  type TlsFact,
  unknown,
} from "../facts.ts";
import { hopHints } from "../probes/hop-hints.ts";
import { pause } from "../probes/pause.ts";
import { Dialler } from "./dial.ts";
import { nodeDoctorClock } from "./env.ts";
import type { RequestHead } from "./http1.ts";
import { firstAnswerMsMax, type KeepAliveSeen, seeKeepAlive } from "./keep-alive.ts";
import { lookAtTls, seeResumption } from "./tls.ts";

export interface Progress {
  readonly doneMs: number;
  /** At most so long to go. */
  readonly leftMs: number;
  readonly what: string;
}

export interface ExamineOptions {
  readonly clock?: Clock;
  /** Ends the examination early: what is known by then is returned. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** How often progress is told. */
const progressMs = 500;

/** Never rejects for what a target does; it resolves within `ask.maxMs`, and leaves no connection behind. */
export async function examine(ask: Ask, options: ExamineOptions = {}): Promise<Facts> {
  return await new Examination(ask, options).run();
}

class Examination {
  readonly #ask: Ask;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #startedWallMs: number;
  readonly #over = new AbortController();
  readonly #dialler: Dialler;
  readonly #request: RequestHead;
  readonly #notMeasured: NotMeasured[] = [];
  readonly #onProgress: (progress: Progress) => void;
  #what = "";

  constructor(ask: Ask, { clock = nodeDoctorClock, signal, onProgress }: ExamineOptions) {
    this.#ask = ask;
    this.#clock = clock;
    this.#startMs = clock.monoMs();
    this.#startedWallMs = clock.wallMs();
    this.#dialler = new Dialler(ask, clock, this.#over.signal);
    this.#onProgress = onProgress ?? (() => {});
    this.#request = requestOf(ask);
    if (signal?.aborted === true) this.#over.abort();
    signal?.addEventListener("abort", () => this.#over.abort(), { once: true });
  }

  async run(): Promise<Facts> {
    const timer = this.#clock.after(this.#ask.maxMs, () => this.#over.abort());
    const ticker = this.#tick();
    try {
      return await this.#gather();
    } finally {
      timer.cancel();
      this.#over.abort();
      await ticker;
      this.#dialler.closeAll();
    }
  }

  async #gather(): Promise<Facts> {
    const { name, tcp, tls } = await this.#reach();
    const distrust = tls.known && !this.#ask.insecure ? (tls.value.trustFault ?? tls.value.nameFault) : null;
    const why = !name.known
      ? name.why
      : !tls.known && this.#dialler.isSecure
        ? tls.why
        : distrust === null
          ? null
          : `the certificate is not good (${distrust}), and nothing is sent to a stranger`;
    const seen = why === null ? await this.#seen() : unknown(why);
    const [resumption] = await Promise.all([
      this.#dialler.isSecure && why === null
        ? this.#part("tls", "resumption", () => seeResumption(this.#dialler, this.#clock, this.#over.signal))
        : unknown(why ?? "no TLS"),
    ]);
    const untried = unknown("not tried");
    return {
      url: this.#ask.url.href,
      startedWallMs: this.#startedWallMs,
      tookMs: this.#doneMs(),
      maxMs: this.#ask.maxMs,
      name,
      tcp,
      tls,
      resumption,
      http: seen.known ? known<HttpFact>({ ...seen.value.http, http2: tls.known ? known(tls.value.alpn === "h2") : untried }) : seen,
      keepAlive: seen.known ? known<KeepAliveFact>(seen.value.keepAlive) : seen,
      hops: seen.known ? hopHints(seen.value.http.headers) : [],
      webSocket: untried,
      eventStream: untried,
      helper: untried,
      idle: [],
      controls: [],
      notMeasured: this.#notMeasured,
      cost: { connections: this.#dialler.opened, openMax: this.#dialler.openMax },
    };
  }

  /** The name, a first connection, a first handshake. */
  async #reach(): Promise<{ name: Known<NameFact>; tcp: Known<TcpFact>; tls: Known<TlsFact> }> {
    this.#what = "reaching it";
    const reached = await this.#try(() => this.#dialler.reach());
    if (!reached.known) return { name: reached, tcp: reached, tls: reached };
    const { name, connectMs } = reached.value;
    const tls = this.#dialler.isSecure ? await this.#try(() => lookAtTls(this.#dialler)) : unknown("no TLS");
    return { name: known(name), tcp: known({ address: name.used, port: this.#dialler.port, connectMs }), tls };
  }

  #seen(): Promise<Known<KeepAliveSeen>> {
    this.#what = "keep-alive";
    const waitMs = Math.min(firstAnswerMsMax, this.#leftMs());
    return this.#try(() => seeKeepAlive(this.#dialler, this.#request, waitMs, this.#clock));
  }

  #part<T>(probe: Parameters<typeof isAsked>[1], what: string, run: () => Promise<T>): Promise<Known<T>> | Known<T> {
    if (!isAsked(this.#ask, probe)) return unknown("not asked for");
    this.#what = what;
    return this.#try(run);
  }

  async #try<T>(run: () => Promise<T>): Promise<Known<T>> {
    try {
      return known(await run());
    } catch (thrown) {
      return unknown(this.#over.signal.aborted ? "the time was over" : whyOf(thrown));
    }
  }

  #doneMs(): number {
    return this.#clock.monoMs() - this.#startMs;
  }

  #leftMs(): number {
    return Math.max(0, this.#ask.maxMs - this.#doneMs());
  }

  async #tick(): Promise<void> {
    while (!this.#over.signal.aborted) {
      this.#onProgress({ doneMs: this.#doneMs(), leftMs: this.#leftMs(), what: this.#what });
      await pause(this.#clock, progressMs, this.#over.signal);
    }
  }
}

const whyOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message || ((thrown as NodeJS.ErrnoException).code ?? thrown.name) : String(thrown);

/** How the doctor asks for the URL. */
export function requestOf({ url, headers, token }: Ask): RequestHead {
  return {
    method: "GET",
    path: `${url.pathname}${url.search}`,
    host: url.host,
    headers: [["accept", "*/*"], ["user-agent", "holdfast-doctor"], ...(token === "" ? [] : [["authorization", `Bearer ${token}`] as const]), ...headers],
  };
}

/**
 * HTTP/2 to one origin, behind the calls of an undici dispatcher: one session, replaced before it is left; more of them only while every one
 * is full; a bounded queue before them. It never opens a session for nobody, and never fails a request for the sake of a replacement.
 *
 *   dispatch ─▶ waiting ─▶ session with room ─▶ stream ─▶ handler
 *                  ▲                              │
 *                  └──── not processed: again ────┘
 */
import type { Timer } from "@holdfast/protocol";
import type { Dispatcher } from "undici";
import type { Connected } from "../connect/connector.ts";
import type { PoolEnd } from "../ends.ts";
import type { RequestTrace } from "../phases.ts";
import type { PoolEnv } from "../pool-env.ts";
import { PoolError } from "../pool-error.ts";
import { openSession } from "./adapters/open-session.ts";
import { handlerErrors } from "./adapters/undici.ts";
import { makeAsk } from "./ask.ts";
import { Exchange, type ExchangeHost } from "./exchange.ts";
import { type Http2Options, resolveHttp2Options } from "./options.ts";
import { PingPace } from "./ping-clock.ts";
import { Session } from "./session.ts";
import type { SessionHost } from "./session-parts.ts";
import { sharedWindowBudget } from "./shared-budget.ts";
import type { Http2Stats } from "./stats.ts";
import { Waiting } from "./waiting.ts";
import type { WindowBudget } from "./window-budget.ts";

/** Pause before a request that was refused more than once is sent again, doubling. */
const againMs = { first: 50, most: 1_000 };
/** Pause before another session is tried to be made, while there is one that works, doubling. */
const connectAgainMs = { first: 100, most: 30_000 };

export class Http2Origin {
  readonly #connect: () => Promise<Connected>;
  readonly #options: Http2Options;
  readonly #env: PoolEnv;
  readonly #budget: WindowBudget;
  readonly #unlimit: () => void;
  readonly #pace = new PingPace();
  readonly #exchangeHost: ExchangeHost;
  readonly #sessionHost: SessionHost<Session>;
  readonly #waiting: Waiting<Exchange>;
  /** Of those that wait: for a stream, or until they are sent again. */
  readonly #timers = new Map<Exchange, Timer>();
  /** All whose handlers have not been told the end. */
  readonly #exchanges = new Set<Exchange>();
  /** Those that take requests, the one to be used first in front; and all that are not gone. */
  #active: Session[] = [];
  readonly #sessions = new Set<Session>();
  /** Those that are left as soon as there is a newer one. */
  readonly #due = new Map<Session, PoolEnd>();
  readonly #counts = { opened: 0, answered: 0, failed: 0, resent: 0 };
  readonly #ended: Partial<Record<PoolEnd, number>> = {};
  #isConnecting = false;
  #connectFailures = 0;
  #connectTimer: Timer | null = null;
  /** What the last session that was left had come to. */
  #streamBytes: number;
  #peerStreamsMax: number | null = null;
  #isPumping = false;
  #isClosed = false;
  #closing: PromiseWithResolvers<void> | null = null;

  constructor(connect: () => Promise<Connected>, options: Partial<Http2Options>, env: PoolEnv, budget: WindowBudget = sharedWindowBudget) {
    this.#connect = connect;
    this.#options = resolveHttp2Options(options);
    this.#env = env;
    this.#budget = budget;
    this.#unlimit = budget.limit(this.#options.windowBytesTotalMax);
    this.#waiting = new Waiting(this.#options.queueMax);
    this.#streamBytes = this.#options.windowBytesMin;
    this.#exchangeHost = {
      env,
      errors: handlerErrors,
      resendsMax: this.#options.resendsMax,
      again: (exchange) => this.#again(exchange),
      settled: (exchange, outcome) => this.#settled(exchange, outcome),
    };
    this.#sessionHost = {
      room: () => this.#pump(),
      due: (session, code) => this.#replace(session, code),
      left: (session) => this.#left(session),
      gone: (session, code) => this.#gone(session, code),
    };
  }

  /** As undici's: false when requests wait, so that a caller who cares can wait too. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, onTrace?: (trace: RequestTrace) => void): boolean {
    let exchange: Exchange;
    try {
      if (this.#isClosed) throw new PoolError("closed", "the pool was closed");
      exchange = new Exchange(makeAsk(options, this.#options), handler, this.#exchangeHost, onTrace);
    } catch (error) {
      // As undici tells it: there is no request yet that could be steered.
      handler.onResponseError?.(null as unknown as Dispatcher.DispatchController, error as Error);
      return false;
    }
    this.#exchanges.add(exchange);
    exchange.begin();
    if (exchange.isSettled) return this.#waiting.size === 0;
    if (!this.#waiting.add(exchange)) exchange.fail(new PoolError("queue_full", `${this.#options.queueMax} requests wait for a stream already`));
    else {
      this.#pump();
      this.#awaitStream(exchange);
    }
    return this.#waiting.size === 0;
  }

  stats(): Http2Stats {
    const { sessionsMax, streamsMax, windowBytesMax } = this.#options;
    const sessions = [...this.#sessions].map((session) => session.stats());
    const allowed = sessions.length === 0 ? streamsMax : Math.max(...sessions.map((session) => session.streamsMax));
    const worst = sessionsMax * allowed * windowBytesMax;
    return {
      ...{ sessions, connecting: this.#isConnecting ? 1 : 0, waiting: this.#waiting.size, ended: { ...this.#ended }, pingFactor: this.#pace.factor },
      ...this.#counts,
      windows: {
        pinnableBytes: sessions.reduce((sum, { pinnableBytes }) => sum + pinnableBytes, 0),
        worstBytes: Math.min(worst, this.#budget.bytesMax),
        processBytes: this.#budget.usedBytes,
        processBytesMax: this.#budget.bytesMax,
      },
    };
  }

  /** Takes nothing new, answers what it has taken, closes. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#closing ??= Promise.withResolvers<void>();
    this.#finishClosing();
    return this.#closing.promise;
  }

  /** Fails everything with this error. */
  destroy(error: Error): void {
    this.#isClosed = true;
    for (const exchange of [...this.#exchanges]) exchange.fail(error);
    for (const session of [...this.#sessions]) session.destroy("pool_closed");
    this.#finishClosing();
  }

  #awaitStream(exchange: Exchange): void {
    if (!this.#waiting.has(exchange)) return;
    const { acquireTimeoutMs } = this.#options;
    this.#setTimer(exchange, acquireTimeoutMs, () => {
      exchange.fail(new PoolError("acquire_timeout", `no stream came free within ${acquireTimeoutMs} ms (${this.#why()})`));
    });
  }

  /** What those that wait are waiting for. */
  #why(): string {
    const streams = this.#active.map((session) => `${session.openStreams} of ${session.streamsMax} streams`).join(", ");
    return this.#active.length === 0 ? "no session" : `sessions: ${streams}; windows: ${this.#budget.usedBytes} of ${this.#budget.bytesMax} bytes`;
  }

  #again(exchange: Exchange): void {
    this.#counts.resent++;
    const queue = (): void => {
      this.#timers.delete(exchange);
      this.#waiting.addAgain(exchange);
      this.#pump();
      this.#awaitStream(exchange);
    };
    if (exchange.refusals <= 1) queue();
    else this.#setTimer(exchange, Math.min(againMs.first * 2 ** (exchange.refusals - 2), againMs.most), queue);
  }

  #settled(exchange: Exchange, outcome: "answered" | "failed"): void {
    this.#counts[outcome]++;
    this.#exchanges.delete(exchange);
    this.#waiting.remove(exchange);
    this.#clearTimer(exchange);
    this.#finishClosing();
  }

  /** Gives streams to those that wait, and sees to it that there is a session for the rest. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    let verdict: "yes" | "full" | "wait" = "full";
    while (this.#waiting.size > 0) {
      const picked = this.#pick();
      verdict = picked.verdict;
      if (picked.session === null) break;
      const exchange = this.#waiting.take() as Exchange;
      this.#clearTimer(exchange);
      picked.session.send(exchange);
    }
    this.#isPumping = false;
    if (this.#waiting.size > 0 && verdict === "full" && this.#active.length < this.#options.sessionsMax) this.#open();
  }

  #pick(): { readonly session: Session | null; readonly verdict: "yes" | "full" | "wait" } {
    let verdict: "full" | "wait" = "full";
    for (const session of this.#active) {
      const admits = session.admits();
      if (admits === "yes") return { session, verdict: "yes" };
      // Where an answer or the budget is waited for, another session would not help.
      if (admits !== "full") verdict = "wait";
    }
    return { session: null, verdict };
  }

  /** Makes a session, one at a time. Where none works at all a request does not wait for the pause after a failure: it is told. */
  #open(): void {
    if (this.#isConnecting || (this.#connectTimer !== null && this.#active.length > 0)) return;
    this.#isConnecting = true;
    const fromMs = this.#env.clock.monoMs();
    this.#begin(fromMs).then(
      (session) => this.#opened(session),
      (error: Error) => this.#notOpened(error),
    );
  }

  async #begin(fromMs: number): Promise<Session> {
    const connected = await this.#connect();
    const { headerListBytesMax, headersCountMax } = this.#options;
    const streamBytes = this.#streamBytes;
    const peerStreamsMax = [...this.#sessions].at(-1)?.peerStreamsMax ?? this.#peerStreamsMax;
    const wire = await openSession(connected, { streamBytes, headerListBytesMax, headersCountMax });
    const number = ++this.#counts.opened;
    const parts = {
      wire,
      connected,
      number,
      fromMs,
      streamBytes,
      peerStreamsMax,
      env: this.#env,
      options: this.#options,
      budget: this.#budget,
      pace: this.#pace,
    };
    return new Session(parts, this.#sessionHost);
  }

  #opened(session: Session): void {
    this.#isConnecting = false;
    this.#connectFailures = 0;
    this.#sessions.add(session);
    const isWanted = !this.#isClosed || this.#exchanges.size > 0;
    if (!isWanted) return session.leave("pool_closed");
    // A replacement takes over; one more session only takes what the others can not.
    if (this.#due.size > 0) this.#active.unshift(session);
    else this.#active.push(session);
    for (const [old, code] of [...this.#due]) old.leave(code);
    this.#pump();
  }

  #notOpened(error: Error): void {
    this.#isConnecting = false;
    const delayMs = Math.min(connectAgainMs.first * 2 ** this.#connectFailures++, connectAgainMs.most);
    this.#connectTimer?.cancel();
    this.#connectTimer = (this.#env.background ?? this.#env.clock).after(delayMs, () => {
      this.#connectTimer = null;
      if (this.#due.size > 0) this.#open();
      this.#pump();
    });
    if (this.#active.length === 0) for (const exchange of this.#waiting.clear()) exchange.fail(error);
    this.#finishClosing();
  }

  /** Who has nothing to do is not replaced: the next request makes the next session. */
  #replace(session: Session, code: PoolEnd): void {
    if (session.openStreams === 0 && this.#waiting.size === 0) return session.leave(code);
    this.#due.set(session, code);
    this.#open();
  }

  #left(session: Session): void {
    this.#streamBytes = session.streamBytes;
    this.#peerStreamsMax = session.peerStreamsMax;
    this.#due.delete(session);
    this.#active = this.#active.filter((each) => each !== session);
    if (session.openStreams > 0 && this.#active.length === 0 && !this.#isClosed) this.#open();
    this.#pump();
  }

  #gone(session: Session, code: PoolEnd): void {
    this.#ended[code] = (this.#ended[code] ?? 0) + 1;
    this.#sessions.delete(session);
    this.#pump();
    this.#finishClosing();
  }

  #finishClosing(): void {
    if (!this.#isClosed || this.#exchanges.size > 0) return;
    this.#connectTimer?.cancel();
    for (const session of [...this.#sessions]) session.leave("pool_closed");
    if (this.#sessions.size > 0 || this.#isConnecting) return;
    this.#unlimit();
    this.#closing?.resolve();
  }

  #setTimer(exchange: Exchange, delayMs: number, call: () => void): void {
    this.#clearTimer(exchange);
    this.#timers.set(exchange, this.#env.clock.after(delayMs, call));
  }

  #clearTimer(exchange: Exchange): void {
    this.#timers.get(exchange)?.cancel();
    this.#timers.delete(exchange);
  }
}

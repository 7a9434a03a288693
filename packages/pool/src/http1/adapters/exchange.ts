/**
 * One request on its way: the handler that undici talks to and the controller that the caller has, in one object, whichever connection it
 * stands on. It stamps the moments, decides nothing about connections, and never tells its caller anything twice.
 */
import { AsyncResource } from "node:async_hooks";
import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { type Dispatcher, errors } from "undici";
import type { Asker, Lease, Pool, Waiting } from "../../core/index.ts";
import type { PoolEnd } from "../../ends.ts";
import { keepMsOf } from "../../expiry.ts";
import type { DispatchHandler, DispatchOptions } from "../../http/origin-pool.ts";
import { PoolError } from "../../pool-error.ts";
import { endOfError, isLoss } from "../failure.ts";
import { afterLoss, isIdempotent, isReplayable } from "../repeat-rules.ts";
import { type Carried, gone, type Http1Connection, type Slot } from "./connection.ts";

type Controller = Dispatcher.DispatchController;

/** What an exchange needs of its origin. */
export interface ExchangeHost {
  now(): number;
  /** The connection's last answer is so young that an end right behind it may not have been read. */
  hasJustAnswered(connection: Http1Connection): boolean;
  /** Calls when everything that had arrived by now has been read. */
  afterReading(call: () => void): void;
  /** Nothing of it was sent, and its lease was given back: it wants another connection. */
  move(exchange: Exchange): void;
  /** It may be sent again: it wants a new connection in the place that it has. */
  repeat(exchange: Exchange, slot: Slot, lost: PoolEnd): void;
  /** The answer has come to its end; undici has not finished with the connection. */
  answered(connection: Http1Connection): void;
  /** The answer has come to its end: called as soon as undici has finished with the connection, on which it was number `carried`. */
  finished(exchange: Exchange, connection: Http1Connection, carried: number, end: PoolEnd | null): void;
  /** The wait for a connection has ended without one. */
  refused(exchange: Exchange, error: unknown): void;
  failed(exchange: Exchange): void;
  upgraded(exchange: Exchange): void;
}

/** Why the slower of two hedged requests was aborted. Whoever aborts with it wants no answer. */
export class HedgeLost extends Error {
  override readonly name = "HedgeLost";
}

/** RFC 9110, section 15.5.9: the server did not receive a whole request in time. On an idle connection it was not waiting for this one. */
const requestTimeout = 408;

export class Exchange implements DispatchHandler, Controller, Carried, Asker<Slot> {
  readonly #host: ExchangeHost;
  readonly options: DispatchOptions;
  readonly handler: DispatchHandler;
  readonly startMs: number;
  sentMs = 0;
  answerMs = 0;
  endMs = 0;
  repeats = 0;
  /** Set while it waits for a connection; aborting it takes the wait back. */
  waiting: Waiting | null = null;
  /** Whoever waits is sent from another request's end: what its caller keeps by AsyncLocalStorage is kept here meanwhile. */
  #scope: AsyncResource | null = null;
  #lease: Lease<Slot> | null = null;
  #connection: Http1Connection | null = null;
  #inner: Controller | null = null;
  /** What the caller wants, on whichever connection it is sent. */
  #isPaused = false;
  #hasBegun = false;
  #isOver = false;
  /** The answer that comes is not the caller's. */
  #isStale = false;
  #reason: Error | null = null;

  constructor(host: ExchangeHost, options: DispatchOptions, handler: DispatchHandler) {
    this.#host = host;
    this.options = options;
    this.handler = handler;
    this.startMs = host.now();
  }

  /** It was aborted, answered or failed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Tells the caller that it can be aborted, and waits. */
  waitFor(pool: Pool<Slot>): void {
    try {
      this.#begin();
    } catch (error) {
      this.giveUp(error);
    }
    if (this.#isOver) return;
    this.#scope = new AsyncResource("HoldfastWait");
    this.waiting = pool.ask(this);
  }

  lent(lease: Lease<Slot>): void {
    (this.#scope as AsyncResource).runInAsyncScope(this.send, this, lease);
  }

  refused(error: unknown): void {
    (this.#scope as AsyncResource).runInAsyncScope(this.#host.refused, this.#host, this, error);
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.handler.onRequestStart?.(this, null);
  }

  /** Has a connection: sends on it. */
  send(lease: Lease<Slot>): void {
    this.#lease = lease;
    const { connection } = lease.value;
    this.#connection = connection;
    this.waiting = null;
    if (this.#isOver) return this.#release(null);
    connection.exchange = this;
    connection.carried++;
    // A server that closes after an answer without having said so is a few packets behind it. What could not be repeated lets them be read first.
    if (!isIdempotent(this.options.method, this.options.idempotent) && this.#host.hasJustAnswered(connection)) {
      this.#host.afterReading(() => connection.client.dispatch(this.options, this));
    } else connection.client.dispatch(this.options, this);
  }

  /** A new connection stands where the lost one was. */
  sendAgain(): void {
    if (this.#lease !== null) this.send(this.#lease);
  }

  /** The server speaks another protocol: the request goes there as it is, nothing was sent. */
  leaveFor(dispatch: (options: DispatchOptions, handler: DispatchHandler) => void): void {
    this.waiting = null;
    if (this.#isOver) return;
    this.#isOver = true;
    this.#release("server_closed");
    this.#host.upgraded(this);
    dispatch(this.options, this.handler);
  }

  /** No connection could be had. */
  giveUp(error: unknown): void {
    this.waiting = null;
    this.#release("caller_broke_it");
    this.#fail(error instanceof Error ? error : new Error(String(error)));
  }

  /** Undici has finished with the connection of an answered request. */
  settle(): void {
    const connection = this.#connection as Http1Connection;
    let { end } = connection;
    if (end === null && (connection.isLast || connection.isGone)) end = "connection_close";
    if (end === null && connection.isRetired) end = "address_gone";
    // Whoever waits is sent on it from within: then it has carried one more.
    const { carried } = connection;
    this.#release(end);
    this.#host.finished(this, connection, carried, end);
  }

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  get paused(): boolean {
    return this.#isPaused;
  }

  get rawHeaders(): Buffer[] | string[] | IncomingHttpHeaders | null {
    return this.#inner?.rawHeaders ?? null;
  }

  get rawTrailers(): Buffer[] | string[] | IncomingHttpHeaders | null {
    return this.#inner?.rawTrailers ?? null;
  }

  pause(): void {
    this.#isPaused = true;
    this.#inner?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#inner?.resume();
  }

  abort(reason?: Error): void {
    if (this.#isOver || this.#reason !== null) return;
    this.#reason = reason ?? new errors.RequestAbortedError();
    if (this.#inner !== null) this.#inner.abort(this.#reason);
    else if (this.waiting !== null) this.waiting.abort(this.#reason);
    else if (this.#connection === null) this.#fail(this.#reason);
    // Between the two it is undici's, and is aborted the moment before it would be sent.
  }

  onRequestStart(controller: Controller): void {
    this.sentMs = this.#host.now();
    this.#inner = controller;
    if (this.#reason !== null) controller.abort(this.#reason);
    else {
      if (this.#isPaused) controller.pause();
      this.#begin();
    }
  }

  onBodySent(chunk: Buffer): void {
    this.handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.handler.onRequestSent?.();
  }

  onResponseStarted(): void {
    this.answerMs = this.#host.now();
    this.handler.onResponseStarted?.();
  }

  onResponseStart(_: Controller, status: number, headers: IncomingHttpHeaders, statusMessage?: string): void {
    const connection = this.#connection as Http1Connection;
    if (connection.hinted(headers["keep-alive"])) this.#keepAsHinted(connection);
    if (status === requestTimeout && this.#isReused(connection) && this.#mayRepeat) this.#isStale = true;
    else this.handler.onResponseStart?.(this, status, headers, statusMessage);
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    if (!this.#isStale) this.handler.onResponseData?.(this, chunk);
  }

  onResponseEnd(_: Controller, trailers: IncomingHttpHeaders): void {
    if (this.#isStale) return this.#repeat("server_closed");
    this.endMs = this.#host.now();
    this.#isOver = true;
    this.#host.answered(this.#connection as Http1Connection);
    try {
      this.handler.onResponseEnd?.(this, trailers);
    } catch (error) {
      // Undici would hand it back to this exchange, which is over; its caller's own failure is its caller's to know.
      this.handler.onResponseError?.(this, error as Error);
    }
  }

  onRequestUpgrade(_: Controller, status: number, headers: IncomingHttpHeaders, socket: Duplex): void {
    this.#isOver = true;
    this.#release("upgraded");
    this.#host.upgraded(this);
    this.handler.onRequestUpgrade?.(this, status, headers, socket);
  }

  onResponseError(_: Controller | null, error: Error): void {
    const connection = this.#connection;
    if (connection === null || this.#isOver) return this.#fail(error);
    if (this.#inner === null && !connection.isGone) {
      // Undici would not send it as it is: the connection has not been touched.
      connection.carried--;
      this.#release(null);
      return this.#fail(error);
    }
    const end = connection.end ?? this.#endOf(error);
    const next = this.#reason === null && isLoss(end) ? this.#afterLoss(connection) : "fail";
    if (next === "repeat") return this.#repeat(end);
    if (next === "fail") return this.#broken(end, error);
    this.#release(end);
    this.#connection = null;
    this.#host.move(this);
  }

  #endOf(error: Error): PoolEnd {
    if (this.#reason === null) return error === gone ? "server_closed" : this.#bodyFailed ? "caller_broke_it" : endOfError(error);
    return this.#reason instanceof HedgeLost ? "hedge_lost" : "caller_broke_it";
  }

  #afterLoss(connection: Http1Connection): "move" | "repeat" | "fail" {
    return afterLoss({
      unsent: this.#inner === null,
      reused: this.#isReused(connection),
      answered: this.answerMs > 0 && !this.#isStale,
      idempotent: isIdempotent(this.options.method, this.options.idempotent),
      replayable: isReplayable(this.options.body),
      repeats: this.repeats,
    });
  }

  /** It had carried a request, or lain idle before this one came: its end may be older than this request. */
  #isReused(connection: Http1Connection): boolean {
    return connection.carried > 1 || connection.openedMs < this.startMs;
  }

  get #mayRepeat(): boolean {
    return this.repeats === 0 && isIdempotent(this.options.method, this.options.idempotent) && isReplayable(this.options.body);
  }

  /** The caller's own stream broke, whatever code it says. */
  get #bodyFailed(): boolean {
    return ((this.options.body as { readonly errored?: unknown } | null | undefined)?.errored ?? null) !== null;
  }

  /** The connection has died under it. */
  #broken(end: PoolEnd, error: Error): void {
    const unsent = this.#inner === null;
    this.#release(end);
    if (this.#reason !== null) return this.#fail(this.#reason);
    if (end === "pool_closed") return this.#fail(new PoolError("closed", "The pool was closed", { cause: error, outcome: unsent ? "not_sent" : "unknown" }));
    if (!isLoss(end)) return this.#fail(error);
    const when = unsent ? "before the request was sent" : this.answerMs > 0 ? "in the middle of the answer" : "before it answered";
    this.#fail(new PoolError("connection_lost", `The connection ended ${when}: ${error.message}`, { cause: error, outcome: unsent ? "not_sent" : "unknown" }));
  }

  #repeat(lost: PoolEnd): void {
    const { slot } = this.#connection as Http1Connection;
    this.repeats++;
    this.#inner = null;
    this.#connection = null;
    this.#isStale = false;
    this.answerMs = 0;
    this.#host.repeat(this, slot as Slot, lost);
  }

  #keepAsHinted({ hintMs, made }: Http1Connection): void {
    if (hintMs !== null) this.#lease?.keepFor(keepMsOf(hintMs, made.phases.tcpMs));
  }

  /** Gives the place back; with an end, its connection has none any more. */
  #release(end: PoolEnd | null): void {
    const lease = this.#lease;
    if (lease === null) return;
    this.#lease = null;
    const connection = this.#connection;
    if (connection !== null) {
      if (end !== null) connection.ended(end);
      connection.exchange = null;
    }
    lease.release(end ?? undefined);
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#host.failed(this);
    this.handler.onResponseError?.(this, error);
  }
}

/**
 * One request sent twice when the first is silent for long: the first answer is the caller's, the other request is cancelled. Only for what
 * may arrive twice; its caller sees one request.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock, Timer } from "@holdfast/protocol";
import type { Dispatcher } from "undici";
import type { DispatchHandler } from "../../http/origin-pool.ts";
import { type Exchange, HedgeLost } from "./exchange.ts";

type Controller = Dispatcher.DispatchController;

const lostReason = new HedgeLost("the other of two requests was answered first");

/** One of the two. */
class Leg implements DispatchHandler {
  readonly #hedge: Hedge;
  exchange: Exchange | null = null;

  constructor(hedge: Hedge) {
    this.#hedge = hedge;
  }

  onRequestStart(): void {
    this.#hedge.started();
  }

  onRequestUpgrade(controller: Controller, status: number, headers: IncomingHttpHeaders, socket: Duplex): void {
    this.#hedge.won(this, controller);
    this.#hedge.handler.onRequestUpgrade?.(this.#hedge, status, headers, socket);
  }

  onResponseStart(controller: Controller, status: number, headers: IncomingHttpHeaders, statusMessage?: string): void {
    // What is said before an answer decides nothing.
    if (status < 200) return;
    this.#hedge.won(this, controller);
    this.#hedge.handler.onResponseStart?.(this.#hedge, status, headers, statusMessage);
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    this.#hedge.handler.onResponseData?.(this.#hedge, chunk);
  }

  onResponseEnd(_: Controller, trailers: IncomingHttpHeaders): void {
    this.#hedge.handler.onResponseEnd?.(this.#hedge, trailers);
  }

  onResponseError(_: Controller, error: Error): void {
    this.#hedge.lost(this, error);
  }
}

export class Hedge implements Controller {
  readonly handler: DispatchHandler;
  readonly #afterMs: number;
  readonly #clock: Clock;
  readonly #send: (handler: DispatchHandler) => Exchange;
  readonly #may: () => boolean;
  readonly #legs: Leg[] = [];
  #timer: Timer | null = null;
  #winner: Controller | null = null;
  #hasStarted = false;
  #isOver = false;
  #reason: Error | null = null;

  /** `may` is asked when it is time, and counts. */
  constructor(afterMs: number, clock: Clock, send: (handler: DispatchHandler) => Exchange, may: () => boolean, handler: DispatchHandler) {
    this.#afterMs = afterMs;
    this.#clock = clock;
    this.#send = send;
    this.#may = may;
    this.handler = handler;
  }

  start(): void {
    this.#timer = this.#clock.after(this.#afterMs, () => {
      this.#timer = null;
      if (this.#may()) this.#addLeg();
    });
    this.#addLeg();
  }

  started(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.handler.onRequestStart?.(this, null);
  }

  won(leg: Leg, controller: Controller): void {
    this.#winner = controller;
    this.#timer?.cancel();
    for (const other of this.#legs) if (other !== leg) other.exchange?.abort(lostReason);
  }

  /** The last one that fails before any answer speaks for both. */
  lost(leg: Leg, error: Error): void {
    this.#legs.splice(this.#legs.indexOf(leg), 1);
    if (this.#isOver || error === lostReason || (this.#winner === null && this.#legs.length > 0)) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.handler.onResponseError?.(this, error);
  }

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  get paused(): boolean {
    return this.#winner?.paused ?? false;
  }

  get rawHeaders(): Buffer[] | string[] | IncomingHttpHeaders | null {
    return this.#winner?.rawHeaders ?? null;
  }

  get rawTrailers(): Buffer[] | string[] | IncomingHttpHeaders | null {
    return this.#winner?.rawTrailers ?? null;
  }

  abort(reason: Error): void {
    this.#reason ??= reason;
    for (const { exchange } of [...this.#legs]) exchange?.abort(reason);
  }

  pause(): void {
    this.#winner?.pause();
  }

  resume(): void {
    this.#winner?.resume();
  }

  #addLeg(): void {
    const leg = new Leg(this);
    this.#legs.push(leg);
    leg.exchange = this.#send(leg);
    if (this.#reason !== null) leg.exchange.abort(this.#reason);
  }
}

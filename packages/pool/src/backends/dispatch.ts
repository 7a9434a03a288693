/**
 * Sends requests over several backends of one origin: asks the balancer for a turn, passes the answer on, and says what became of the turn.
 * While a backend can not be reached and nothing was sent, the next one is tried. It never repeats a request of which anything was sent.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "@holdfast/protocol";
import type { Dispatcher } from "undici";
import { PoolError } from "../pool-error.ts";
import type { Balancer, Turn } from "./balancer.ts";
import type { BackendOutcome } from "./health.ts";
import type { BackendOptions } from "./options.ts";
import { outcomeOfError } from "./outcomes.ts";

type Options = Dispatcher.DispatchOptions;
type Handler = Dispatcher.DispatchHandler;
type Controller = Dispatcher.DispatchController;

export interface BalancedSettings {
  readonly balancer: Balancer;
  readonly options: BackendOptions;
  readonly clock: Clock;
  /** Sends one request to one backend, whose origin is in the options; it tells everything through the handler and does not throw. */
  send(options: Options & { readonly origin: string }, handler: Handler): boolean;
}

/** RFC 9110, section 9.2.2: these mean the same when they come twice. */
const repeatableMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"]);

/** Sends one request, to the backend whose turn it is. False, as of any dispatcher: that one is busy, better wait with the next. */
export function dispatchBalanced(settings: BalancedSettings, options: Options, handler: Handler): boolean {
  const request = new BalancedRequest(settings, options, handler);
  request.send();
  return !request.isBusy;
}

/** One request on its way: what it has tried, and the controller that its caller has, whichever backend it stands at. */
class BalancedRequest implements Handler, Controller {
  readonly #settings: BalancedSettings;
  readonly #options: Options;
  readonly #handler: Handler;
  readonly #tried = new Set<string>();
  #turn: Turn | null = null;
  #controller: Controller | null = null;
  #isStarted = false;
  #failureStatus = false;
  isBusy = false;

  constructor(settings: BalancedSettings, options: Options, handler: Handler) {
    this.#settings = settings;
    this.#options = options;
    this.#handler = handler;
  }

  /** False when no backend is left to try. */
  send(): boolean {
    const { balancer, clock, send } = this.#settings;
    const repeatable = this.#options.idempotent ?? repeatableMethods.has(this.#options.method);
    const turn = balancer.pick(clock.monoMs(), { except: this.#tried, repeatable });
    if (turn === null) return false;
    this.#turn = turn;
    this.#tried.add(turn.origin);
    this.isBusy = !send({ ...this.#options, origin: turn.origin }, this);
    return true;
  }

  get aborted(): boolean {
    return this.#controller?.aborted ?? false;
  }

  get paused(): boolean {
    return this.#controller?.paused ?? false;
  }

  get reason(): Error | null {
    return this.#controller?.reason ?? null;
  }

  get rawHeaders(): Buffer[] | string[] | IncomingHttpHeaders | null {
    return this.#controller?.rawHeaders ?? null;
  }

  get rawTrailers(): Buffer[] | string[] | IncomingHttpHeaders | null {
    return this.#controller?.rawTrailers ?? null;
  }

  abort(reason: Error): void {
    this.#controller?.abort(reason);
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#controller = controller;
    // A second backend is the same request to its caller, who may have left meanwhile.
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#handler.onRequestStart?.(this, context);
  }

  onRequestUpgrade(_: Controller, status: number, headers: IncomingHttpHeaders, socket: Duplex): void {
    // The backend carries it until it ends, however long that is.
    const turn = this.#turn;
    this.#turn = null;
    socket.once("close", () => this.#over(turn, "ok"));
    this.#handler.onRequestUpgrade?.(this, status, headers, socket);
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onBodySent(chunk: Buffer): void {
    this.#handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }

  onResponseStart(_: Controller, status: number, headers: IncomingHttpHeaders, statusMessage?: string): void {
    this.#failureStatus = this.#settings.options.failureStatuses.includes(status);
    this.#handler.onResponseStart?.(this, status, headers, statusMessage);
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    this.#handler.onResponseData?.(this, chunk);
  }

  onResponseEnd(_: Controller, trailers: IncomingHttpHeaders): void {
    this.#finish(this.#failureStatus ? "failed" : "ok");
    this.#handler.onResponseEnd?.(this, trailers);
  }

  /** Without a controller when it ends before it began, as where no connection could be made. */
  onResponseError(controller: Controller | null | undefined, error: Error): void {
    this.#controller = controller ?? this.#controller;
    const outcome = outcomeOfError(error, this.aborted);
    this.#finish(outcome);
    const isUnsent = outcome === "not_reached" && (!(error instanceof PoolError) || error.outcome === "not_sent");
    if (isUnsent && this.#tried.size < this.#settings.options.triesMax && this.send()) return;
    this.#handler.onResponseError?.(this, error);
  }

  #finish(outcome: BackendOutcome): void {
    const turn = this.#turn;
    this.#turn = null;
    this.#over(turn, outcome);
  }

  #over(turn: Turn | null, outcome: BackendOutcome): void {
    if (turn !== null) this.#settings.balancer.finished(turn, outcome, this.#settings.clock.monoMs());
  }
}

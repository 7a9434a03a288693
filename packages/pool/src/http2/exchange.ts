/**
 * One request from `dispatch` to its end: what the handler is told, whatever happened on the way. It lives through several streams when the
 * first ones were not processed, and the handler never learns of those. It never tells a handler anything after the end, and never
 * passes half an answer for a whole one.
 */
import type { ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import type { Timer } from "@holdfast/protocol";
import type { Dispatcher } from "undici";
import type { Connected } from "../connect/connector.ts";
import type { PoolEnd } from "../ends.ts";
import type { RequestTrace } from "../phases.ts";
import type { PoolEnv } from "../pool-env.ts";
import { type Loss, maySendAgain } from "./again.ts";
import { answerHeaders, rawLines } from "./answer-headers.ts";
import { Controller } from "./controller.ts";
import { lossError, tooLarge } from "./loss-error.ts";
import type { Upload } from "./upload.ts";
import { newMeter } from "./window-estimator.ts";

/** Errors that handlers of undici know by class: made by an adapter. */
export interface HandlerErrors {
  readonly headersTimeout: () => Error;
  readonly bodyTimeout: () => Error;
  readonly aborted: () => Error;
}

/** What is asked, ready to be sent. */
export interface Ask {
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  /** As RFC 9113 counts a header list. */
  readonly listBytes: number;
  readonly upload: Upload | null;
  readonly idempotent: boolean;
  readonly expectContinue: boolean;
  /** Null: no limit. */
  readonly headersTimeoutMs: number | null;
  readonly bodyTimeoutMs: number | null;
}

/** What a session is for the request that is on it. */
export interface Carrier {
  readonly number: number;
  readonly connected: Connected;
  /** When its connection began to be made. */
  readonly fromMs: number;
  open(headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream;
  /** The answer has begun. */
  heard(): void;
  /** Bytes of its body have arrived. */
  received(exchange: Exchange, bytes: number): void;
  /** The stream is over for good. */
  over(exchange: Exchange): void;
  /** What became of a stream that ended without an answer. */
  lossOf(stream: ClientHttp2Stream): Loss;
  /** Why the connection ended, if it has. */
  readonly end: PoolEnd | null;
  readonly requests: number;
  /** What the server takes as the header list of a request. */
  readonly headerListBytesMax: number;
}

export interface ExchangeHost {
  readonly env: PoolEnv;
  readonly errors: HandlerErrors;
  readonly resendsMax: number;
  /** It wants to be sent again. */
  readonly again: (exchange: Exchange) => void;
  /** The handler has been told the end. */
  readonly settled: (exchange: Exchange, outcome: "answered" | "failed") => void;
}

const cancel = 8;
/** How long a body waits for `100 Continue` (RFC 9110, section 10.1.1: not for ever). */
const continueMs = 1_000;

/** One stream of an exchange. */
interface Attempt {
  readonly carrier: Carrier;
  readonly stream: ClientHttp2Stream;
  readonly requestOnConnection: number;
  readonly sentMs: number;
  /** END_STREAM has arrived: what follows is only the end of reading. */
  complete: boolean;
  /** HEADERS could not leave. */
  unsent: boolean;
}

export class Exchange {
  readonly ask: Ask;
  readonly controller: Controller;
  readonly meter = newMeter();
  /** Bytes for which the budget is charged beyond the window. */
  keptBytes = 0;
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #host: ExchangeHost;
  readonly #onTrace: ((trace: RequestTrace) => void) | undefined;
  readonly #dispatchedMs: number;
  #attempt: Attempt | null = null;
  #answeredMs: number | null = null;
  #lastDataMs = 0;
  #trailers: IncomingHttpHeaders = {};
  #timer: Timer | null = null;
  #unprocessed = 0;
  #unknown = 0;
  #settled = false;
  #isSentTold = false;

  constructor(ask: Ask, handler: Dispatcher.DispatchHandler, host: ExchangeHost, onTrace: ((trace: RequestTrace) => void) | undefined) {
    this.ask = ask;
    this.#handler = handler;
    this.#host = host;
    this.#onTrace = onTrace;
    this.#dispatchedMs = host.env.clock.monoMs();
    this.controller = new Controller({
      abort: (reason) => this.fail(reason),
      aborted: host.errors.aborted,
      pause: () => this.#pause(),
      resume: () => this.#resume(),
    });
  }

  get isSettled(): boolean {
    return this.#settled;
  }

  /** How often it was sent again so far because it was not processed. */
  get refusals(): number {
    return this.#unprocessed;
  }

  /** Bytes that have arrived and were not read, because the handler paused. */
  get heldBytes(): number {
    return this.#attempt?.stream.readableLength ?? 0;
  }

  /** Tells the handler that the request exists, so that it can be aborted from now on. */
  begin(): void {
    this.#tell(() => this.#handler.onRequestStart?.(this.controller, {}));
  }

  /** Sends it on this session. */
  send(carrier: Carrier): void {
    const { headers, upload, headersTimeoutMs, expectContinue } = this.ask;
    this.keptBytes = 0;
    const stream = this.#open(carrier, expectContinue ? { ...headers, expect: "100-continue" } : headers);
    if (stream === null) return;
    const sentMs = this.#nowMs();
    const attempt: Attempt = { carrier, stream, requestOnConnection: carrier.requests, sentMs, complete: false, unsent: false };
    this.#attempt = attempt;
    this.#listen(attempt);
    if (headersTimeoutMs !== null) this.#arm(headersTimeoutMs, () => this.fail(this.#host.errors.headersTimeout()));
    if (upload === null) this.#sent();
    else if (expectContinue) this.#awaitContinue(attempt, upload);
    else this.#upload(attempt, upload);
  }

  /** Ends it with an error; its stream is cancelled. */
  fail(error: Error): void {
    if (this.#settled) return;
    this.#settle("failed");
    const stream = this.#attempt?.stream;
    if (stream !== undefined && !stream.destroyed) stream.close(cancel);
    this.ask.upload?.cancel();
    try {
      this.#handler.onResponseError?.(this.controller, error);
    } catch (thrown) {
      // A handler that fails at being told of a failure has nobody left to tell; an application must still hear of it.
      this.#host.env.soon(() => {
        throw thrown;
      });
    }
  }

  /** Node checks headers once more, and throws at once. */
  #open(carrier: Carrier, headers: OutgoingHttpHeaders): ClientHttp2Stream | null {
    try {
      if (this.ask.listBytes > carrier.headerListBytesMax) throw tooLarge(this.ask.listBytes, carrier);
      return carrier.open(headers, this.ask.upload === null);
    } catch (error) {
      carrier.over(this);
      this.fail(error as Error);
      return null;
    }
  }

  #listen(attempt: Attempt): void {
    const { stream } = attempt;
    // Node ends the reading side in the same way whether END_STREAM came or the stream was reset without an error; only at this moment do
    // they differ: a stream that was reset is closed already.
    const push = stream.push;
    stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      if (chunk === null && !stream.closed) attempt.complete = true;
      return push.call(stream, chunk, encoding);
    };
    stream.on("headers", (headers) => this.#informed(attempt, headers));
    stream.on("response", (headers, _flags, raw?: unknown) => this.#responded(attempt, headers, raw));
    stream.on("trailers", (trailers) => {
      this.#trailers = trailers;
    });
    stream.on("end", () => this.#ended(attempt));
    stream.on("frameError", (type) => {
      attempt.unsent ||= type === 1;
    });
    // What went wrong is judged when the stream has closed.
    stream.on("error", () => undefined);
    stream.on("close", () => this.#closed(attempt));
  }

  #upload(attempt: Attempt, upload: Upload): void {
    const handler = this.#handler;
    void upload.into(attempt.stream, {
      sent: (chunk) => !this.#settled && this.#tell(() => handler.onBodySent?.(chunk)),
      finished: () => this.#sent(),
      failed: (error) => {
        // A handler that has its answer is not told that the rest of its body went wrong, but the server is.
        if (this.#settled) attempt.stream.close(cancel);
        else this.fail(error instanceof Error ? error : new Error(String(error)));
      },
    });
  }

  /** Once, however often it is sent. */
  #sent(): void {
    if (this.#settled || this.#isSentTold) return;
    this.#isSentTold = true;
    this.#tell(() => this.#handler.onRequestSent?.());
  }

  #awaitContinue(attempt: Attempt, upload: Upload): void {
    let begun = false;
    const go = (): void => {
      if (!begun) this.#upload(attempt, upload);
      begun = true;
    };
    const timer = this.#host.env.clock.after(continueMs, go);
    attempt.stream.once("continue", go);
    attempt.stream.once("response", () => timer.cancel());
    attempt.stream.once("close", () => timer.cancel());
  }

  #informed(attempt: Attempt, headers: IncomingHttpHeaders): void {
    if (this.#settled || attempt !== this.#attempt) return;
    const status = Number(headers[":status"]);
    // Whoever asked for it has it already; HTTP/1.1 handlers are not told of it either.
    if (status === 100) return;
    this.#tell(() => this.#handler.onResponseStart?.(this.controller, status, answerHeaders(headers), ""));
  }

  #responded(attempt: Attempt, headers: IncomingHttpHeaders, raw: unknown): void {
    if (this.#settled || attempt !== this.#attempt) return;
    this.#answeredMs = this.#lastDataMs = this.#nowMs();
    this.#timer?.cancel();
    attempt.carrier.heard();
    this.ask.upload?.forget();
    const { controller } = this;
    controller.rawHeaders = rawLines(raw);
    this.#tell(() => this.#handler.onResponseStarted?.());
    this.#tell(() => this.#handler.onResponseStart?.(controller, Number(headers[":status"]), answerHeaders(headers), ""));
    if (this.#settled) return;
    attempt.stream.on("data", (chunk: Buffer) => this.#received(attempt, chunk));
    if (controller.paused) attempt.stream.pause();
    this.#watchBody();
  }

  #received(attempt: Attempt, chunk: Buffer): void {
    if (this.#settled) return;
    this.#lastDataMs = this.#nowMs();
    attempt.carrier.received(this, chunk.length);
    this.#tell(() => this.#handler.onResponseData?.(this.controller, chunk));
  }

  #ended(attempt: Attempt): void {
    if (this.#settled || attempt !== this.#attempt || !attempt.complete) return;
    this.#settle("answered");
    const trailers = answerHeaders(this.#trailers);
    this.controller.rawTrailers = trailers;
    try {
      this.#handler.onResponseEnd?.(this.controller, trailers);
    } catch (error) {
      this.#handler.onResponseError?.(this.controller, error as Error);
    }
    this.#trace(attempt);
    this.#boundUpload(attempt);
  }

  /** A server may answer before it has the whole body, and still want the rest; but it must not keep the stream for ever by not taking it. */
  #boundUpload({ stream }: Attempt): void {
    const { bodyTimeoutMs } = this.ask;
    if (stream.writableEnded || bodyTimeoutMs === null) return;
    const timer = (this.#host.env.background ?? this.#host.env.clock).after(bodyTimeoutMs, () => stream.close(cancel));
    stream.once("close", () => timer.cancel());
  }

  #closed(attempt: Attempt): void {
    attempt.carrier.over(this);
    if (this.#settled || attempt !== this.#attempt) return;
    const answered = this.#answeredMs !== null;
    const loss = this.#lossOf(attempt, answered);
    const { idempotent, upload } = this.ask;
    const tried = {
      ...{ answered, idempotent, replayable: upload?.replayable ?? true },
      ...{ unprocessed: this.#unprocessed, unknown: this.#unknown },
    };
    if (!maySendAgain(loss, tried, this.#host.resendsMax)) return this.fail(lossError(loss, attempt.carrier, attempt.stream.rstCode));
    if (loss === "unprocessed") this.#unprocessed++;
    else this.#unknown++;
    this.#attempt = null;
    this.#timer?.cancel();
    this.#host.again(this);
  }

  #lossOf(attempt: Attempt, answered: boolean): Loss {
    if (attempt.unsent) return "unprocessed";
    const loss = attempt.carrier.lossOf(attempt.stream);
    // Who has begun to answer has processed, whatever it says afterwards.
    return answered && loss === "unprocessed" ? "reset" : loss;
  }

  /** A handler that throws has failed its request. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** Before the answer nothing flows, and a stream that was paused then would not begin by itself. */
  #pause(): void {
    if (this.#answeredMs !== null) this.#attempt?.stream.pause();
  }

  #resume(): void {
    if (this.#answeredMs === null || this.#settled) return;
    this.#lastDataMs = this.#nowMs();
    this.#attempt?.stream.resume();
  }

  /** Not one timer for each piece: one that looks how long ago the last one came. */
  #watchBody(): void {
    const { bodyTimeoutMs } = this.ask;
    if (bodyTimeoutMs === null) return;
    if (this.controller.paused) this.#lastDataMs = this.#nowMs();
    const leftMs = this.#lastDataMs + bodyTimeoutMs - this.#nowMs();
    if (leftMs <= 0) return this.fail(this.#host.errors.bodyTimeout());
    this.#arm(leftMs, () => this.#watchBody());
  }

  #arm(delayMs: number, call: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#host.env.clock.after(delayMs, call);
  }

  #settle(outcome: "answered" | "failed"): void {
    this.#settled = true;
    this.#timer?.cancel();
    this.#host.settled(this, outcome);
  }

  #trace({ carrier, requestOnConnection, sentMs }: Attempt): void {
    if (this.#onTrace === undefined) return;
    const { connected } = carrier;
    const reused = requestOnConnection > 1;
    const { dnsMs, tcpMs, tlsMs } = connected.phases;
    // What had begun before the request came, to replace an older session, is no phase of this request.
    const madeForIt = !reused && carrier.fromMs >= this.#dispatchedMs;
    const madeMs = madeForIt ? (dnsMs ?? 0) + tcpMs + (tlsMs ?? 0) : 0;
    const answeredMs = this.#answeredMs as number;
    this.#onTrace({
      phases: {
        queueMs: Math.max(0, sentMs - this.#dispatchedMs - madeMs),
        ...(madeForIt ? { dnsMs, tcpMs, tlsMs } : { dnsMs: null, tcpMs: null, tlsMs: null }),
        waitMs: answeredMs - sentMs,
        bodyMs: this.#nowMs() - answeredMs,
      },
      ...{ reused, connection: carrier.number, requestOnConnection, protocol: "h2", peer: connected.peer, tls: connected.tls },
      ...{ retries: this.#unprocessed + this.#unknown, ended: carrier.end },
    });
  }

  #nowMs(): number {
    return this.#host.env.clock.monoMs();
  }
}

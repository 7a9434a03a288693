/**
 * One HTTP/2 session to an origin: how many streams it takes, whether its peer lives, how large its windows are, and when it is left. It
 * knows requests only as what opens a stream, and never decides whether one is sent again.
 */
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders, Settings } from "node:http2";
import { randomFraction, type Timer } from "@holdfast/protocol";
import type { Connected } from "../connect/connector.ts";
import type { PoolEnd } from "../ends.ts";
import type { PoolEnv } from "../pool-env.ts";
import { endOfSocket } from "../socket-end.ts";
import type { Loss } from "./again.ts";
import type { Carrier, Exchange } from "./exchange.ts";
import type { Http2Options } from "./options.ts";
import { PingClock, type PingPace } from "./ping-clock.ts";
import { type Life, type LifeAction, type LifeEvent, stepLife } from "./session-life.ts";
import type { SessionHost, SessionParts } from "./session-parts.ts";
import type { SessionStats } from "./stats.ts";
import type { WindowAccount } from "./window-budget.ts";
import { WindowEstimator, type Windows } from "./window-estimator.ts";

/** RFC 9113, section 7. */
const noError = 0;
const refusedStream = 7;
const enhanceYourCalm = 11;
/** What a session may assume before the peer's SETTINGS are there; what is too much is refused, and sent again. */
const streamsBeforeSettings = 100;
/** Node sends no larger header block, whatever the peer takes; and ends the session when it is asked to. */
const nodeHeaderListBytesMax = 65_536;
/** Timers of Node hold no more. */
const longestTimerMs = 2 ** 31 - 1;
/** How much younger than `ageMs` a session may be replaced. */
const ageJitter = 0.1;

export class Session implements Carrier {
  readonly number: number;
  readonly connected: Connected;
  readonly fromMs: number;
  readonly #wire: ClientHttp2Session;
  readonly #env: PoolEnv;
  readonly #options: Http2Options;
  readonly #pace: PingPace;
  readonly #host: SessionHost<Session>;
  readonly #clock: PingClock;
  readonly #estimator: WindowEstimator;
  readonly #account: WindowAccount;
  readonly #streams = new Set<Exchange>();
  readonly #openedMs: number;
  readonly #dueMs: number;
  #life: Life = { name: "open" };
  #requests = 0;
  #isDue = false;
  #isProving = false;
  #pings = { sent: 0, answered: 0 };
  #peerStreamsMax: number | null;
  #peerHeaderListBytesMax = nodeHeaderListBytesMax;
  #goaway: { readonly code: number; readonly lastStream: number } | null = null;
  #error: (Error & { readonly code?: string }) | null = null;
  #idleSinceMs: number;
  #bytesReceived = 0;
  #timer: Timer | null = null;
  #timerMs = Number.POSITIVE_INFINITY;

  constructor(parts: SessionParts, host: SessionHost<Session>) {
    const { wire, env, options } = parts;
    this.number = parts.number;
    this.connected = parts.connected;
    this.fromMs = parts.fromMs;
    this.#wire = wire;
    this.#env = env;
    this.#options = options;
    this.#pace = parts.pace;
    this.#host = host;
    this.#peerStreamsMax = parts.peerStreamsMax;
    const nowMs = env.clock.monoMs();
    this.#openedMs = this.#idleSinceMs = nowMs;
    this.#dueMs = options.ageMs === "never" ? Number.POSITIVE_INFINITY : nowMs + options.ageMs * (1 - ageJitter * randomFraction(env.rng));
    this.#clock = new PingClock(options, parts.pace, nowMs);
    this.#estimator = new WindowEstimator(options, parts.streamBytes, nowMs);
    this.#account = parts.budget.open(parts.streamBytes, { pressed: () => this.#pressed(), room: () => host.room() });
    this.#listen();
    wire.setLocalWindowSize(this.#estimator.windows.sessionBytes);
    wire.unref();
    this.#arm();
  }

  get end(): PoolEnd | null {
    return this.#life.name === "open" ? null : this.#life.code;
  }

  get requests(): number {
    return this.#requests;
  }

  get streamBytes(): number {
    return this.#estimator.windows.streamBytes;
  }

  /** What the peer allows; null while it has not said so. */
  get peerStreamsMax(): number | null {
    return this.#peerStreamsMax;
  }

  /** How many streams may be open at once. */
  get streamsMax(): number {
    return Math.min(this.#options.streamsMax, this.#peerStreamsMax ?? streamsBeforeSettings);
  }

  get headerListBytesMax(): number {
    return this.#peerHeaderListBytesMax;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Takes one more request, if it can: then `send` has to follow. After a silence it first asks whether its peer is there. */
  admits(): "yes" | "full" | "proving" | "no_window" {
    if (this.#isProving) return "proving";
    if (this.#streams.size >= this.streamsMax) return "full";
    if (this.#streams.size === 0 && this.#clock.mustProve(this.#nowMs())) {
      this.#isProving = true;
      this.#wire.ref();
      this.#ask();
      return "proving";
    }
    return this.#account.admit() ? "yes" : "no_window";
  }

  /** Opens the stream of an exchange that was admitted. */
  send(exchange: Exchange): void {
    const wasIdle = this.#streams.size === 0;
    this.#streams.add(exchange);
    exchange.send(this);
    if (wasIdle && !this.#isOver()) {
      this.#wire.ref();
      this.#arm();
    }
    if (this.#requests >= this.#options.requestsMax) this.#due("requests_limit");
  }

  open(headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream {
    this.#requests++;
    return this.#wire.request(headers, { endStream });
  }

  /** Something has arrived: the peer lives, and what was to happen when it did not is far away again. */
  heard(): void {
    const wasAsking = this.#clock.isAsking;
    this.#clock.proved(this.#nowMs());
    if (wasAsking) this.#arm();
  }

  received(exchange: Exchange, bytes: number): void {
    const nowMs = this.#nowMs();
    this.#bytesReceived += bytes;
    this.heard();
    if (this.#estimator.received(exchange.meter, bytes, nowMs)) this.#measure();
  }

  over(exchange: Exchange): void {
    if (!this.#streams.delete(exchange)) return;
    const kept = exchange.keptBytes;
    exchange.keptBytes = 0;
    this.#account.leave(kept);
    if (this.#streams.size === 0) {
      this.#idleSinceMs = this.#nowMs();
      if (this.#isIdle && !this.#wire.destroyed) this.#wire.unref();
      this.#step({ type: "emptied" });
      this.#arm();
    }
    this.#host.room();
  }

  lossOf(stream: ClientHttp2Stream): Loss {
    const goaway = this.#goaway;
    if (stream.id === undefined || (goaway !== null && stream.id > goaway.lastStream)) return "unprocessed";
    // A GOAWAY with an error gives its own code to all streams.
    if (stream.rstCode === refusedStream && (goaway === null || goaway.code === noError)) return "unprocessed";
    return this.#wire.destroyed || this.#life.name === "gone" ? "unknown" : "reset";
  }

  /** Takes nothing more, finishes what it has, closes. */
  leave(code: PoolEnd): void {
    this.#step({ type: "leave", code, streams: this.#streams.size });
  }

  /** Ends it now; what is under way is lost. */
  destroy(code: PoolEnd): void {
    this.#step({ type: "dead", code });
  }

  stats(): SessionStats {
    const nowMs = this.#nowMs();
    const { streamBytes, sessionBytes } = this.#estimator.windows;
    return {
      ...{ connection: this.number, peer: this.connected.peer, life: this.#life.name, end: this.end, ageMs: nowMs - this.#openedMs },
      ...{ streams: this.#streams.size, streamsMax: this.streamsMax, requests: this.#requests, bytesReceived: this.#bytesReceived },
      ...{ silentMs: nowMs - this.#clock.provedMs, roundTripMs: this.#estimator.roundTripMs, pings: this.#pings.sent, pingsAnswered: this.#pings.answered },
      ...{ streamWindowBytes: streamBytes, sessionWindowBytes: sessionBytes, pinnableBytes: this.#account.chargedBytes },
    };
  }

  #listen(): void {
    const wire = this.#wire;
    wire.on("remoteSettings", (settings: Settings) => {
      this.#peerStreamsMax = settings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
      this.#peerHeaderListBytesMax = Math.min(settings.maxHeaderListSize ?? Number.POSITIVE_INFINITY, nodeHeaderListBytesMax);
      this.heard();
      this.#host.room();
    });
    wire.on("goaway", (code: number, lastStream: number) => this.#toldToGo(code, lastStream));
    wire.on("error", (error: Error) => {
      this.#error = error;
    });
    wire.on("close", () => this.#step({ type: "closed", code: this.#whyClosed() }));
  }

  /** The first of two says 2^31-1: nothing is lost, nothing new is taken. The second says what was processed. */
  #toldToGo(code: number, lastStream: number): void {
    this.#goaway = { code, lastStream };
    this.#clock.proved(this.#nowMs());
    if (code === enhanceYourCalm) this.#pace.complained();
    if (code === noError) this.leave("goaway");
    else this.#step({ type: "dead", code: "goaway_error" });
  }

  #whyClosed(): PoolEnd {
    const code = this.#error?.code;
    return code?.startsWith("ERR_HTTP2") === true ? "protocol_error" : endOfSocket(code);
  }

  /** One timer for all that has to happen later. It may fire early, since most of that moves away while a session is used; never late. */
  #arm(): void {
    const dueMs = this.#nextMs();
    if (this.#timerMs <= dueMs) return;
    this.#timer?.cancel();
    this.#timerMs = dueMs;
    const delayMs = Math.min(Math.max(1, dueMs - this.#nowMs()), longestTimerMs);
    this.#timer = dueMs === Number.POSITIVE_INFINITY ? null : (this.#env.background ?? this.#env.clock).after(delayMs, () => this.#tick());
  }

  #nextMs(): number {
    const life = this.#life;
    if (life.name === "gone") return Number.POSITIVE_INFINITY;
    const { idleMs, windowBytesMin, shrinkAfterMs } = this.#options;
    const dues: number[] = [];
    if (!this.#wire.closed) {
      dues.push(this.#clock.dueMs(this.#streams.size));
      if (this.#estimator.windows.streamBytes > windowBytesMin) dues.push(this.#nowMs() + shrinkAfterMs);
    }
    if (life.name !== "open") return Math.min(...dues, life.deadlineMs);
    if (!this.#isDue) dues.push(this.#dueMs);
    if (this.#isIdle && idleMs !== "never") dues.push(this.#idleSinceMs + idleMs);
    return Math.min(...dues, Number.POSITIVE_INFINITY);
  }

  #tick(): void {
    const nowMs = this.#nowMs();
    const { idleMs } = this.#options;
    this.#timer = null;
    this.#timerMs = Number.POSITIVE_INFINITY;
    this.#step({ type: "tick" });
    if (this.#isOver()) return;
    if (!this.#wire.closed) this.#look(nowMs);
    if (this.#isOver()) return;
    this.#apply(this.#estimator.idle(nowMs));
    if (this.#isIdle && idleMs !== "never" && nowMs - this.#idleSinceMs >= idleMs) this.leave("idle_limit");
    if (nowMs >= this.#dueMs) this.#due("age_limit");
    this.#arm();
  }

  #due(code: PoolEnd): void {
    if (this.#isDue || this.#life.name !== "open") return;
    this.#isDue = true;
    this.#host.due(this, code);
  }

  #look(nowMs: number): void {
    const verdict = this.#clock.look(nowMs, this.#streams.size, this.connected.socket.bytesRead);
    if (verdict === "dead") this.destroy("liveness_failed");
    else if (verdict === "ask") this.#ask();
    // What has arrived meanwhile is read before this runs.
    else if (verdict === "look_again") this.#env.soon(() => this.#isOver() || this.#look(this.#nowMs()));
    if (this.#isProving && !this.#clock.isAsking) this.#provedAgain();
  }

  /** Asks whether the peer is there. Where as many PINGs are unanswered as may be, those ask as well. */
  #ask(): void {
    this.#ping(() => undefined);
    this.#clock.asked(this.#nowMs(), this.connected.socket.bytesRead);
    this.#arm();
  }

  #provedAgain(): void {
    this.#isProving = false;
    if (this.#streams.size === 0 && !this.#wire.destroyed) this.#wire.unref();
    this.#host.room();
  }

  /** Measures a round trip and what arrives meanwhile. A server that finds PINGs too many is spared these altogether. */
  #measure(): void {
    const measured = (): void => this.#apply(this.#estimator.answered(this.#nowMs()));
    if (this.#pace.factor > 1 || !this.#ping(measured)) this.#estimator.abandoned(this.#nowMs());
  }

  /** False when none can be sent: Node sends no PING on a session that is being left. */
  #ping(answered: () => void): boolean {
    if (this.#isOver() || this.#wire.closed) return false;
    const sent = this.#wire.ping((error) => {
      if (error !== null || this.#life.name === "gone") return;
      this.#pings.answered++;
      this.heard();
      answered();
      if (this.#isProving) this.#provedAgain();
    });
    if (sent) this.#pings.sent++;
    return sent;
  }

  #pressed(): void {
    const { streamBytes, sessionBytes } = this.#estimator.windows;
    this.#apply({ streamBytes: Math.max(Math.floor(streamBytes / 2), this.#options.windowBytesMin), sessionBytes });
  }

  /** Makes the windows so, as far as the budget grants it. */
  #apply(wanted: Windows): void {
    if (this.#isOver() || this.#wire.closed) return;
    const { streamBytes, sessionBytes } = this.#estimator.windows;
    if (wanted.sessionBytes !== sessionBytes) this.#wire.setLocalWindowSize(wanted.sessionBytes);
    const changes = wanted.streamBytes !== streamBytes && this.#account.change(wanted.streamBytes);
    this.#estimator.set({ sessionBytes: wanted.sessionBytes, streamBytes: changes ? wanted.streamBytes : streamBytes });
    if (!changes) return;
    this.#wire.settings({ initialWindowSize: wanted.streamBytes }, (error) => {
      if (error === null && this.#life.name !== "gone") this.#acknowledged(streamBytes, wanted.streamBytes);
    });
    this.#arm();
  }

  #acknowledged(before: number, now: number): void {
    let kept = 0;
    for (const exchange of this.#streams) {
      const beyond = Math.min(Math.max(exchange.heldBytes - now, 0), Math.max(before - now, 0));
      exchange.keptBytes += beyond;
      kept += beyond;
    }
    this.#account.acknowledged(kept);
    this.#host.room();
  }

  get #isIdle(): boolean {
    return this.#streams.size === 0 && !this.#isProving;
  }

  #isOver(): boolean {
    return this.#life.name === "gone" || this.#wire.destroyed;
  }

  #step(event: LifeEvent): void {
    const before = this.#life;
    const { life, actions } = stepLife(before, event, this.#nowMs(), this.#options.leaveMs);
    this.#life = life;
    if (life.name !== before.name && before.name === "open") this.#host.left(this);
    for (const action of actions) this.#act(action);
    if (life.name === "gone" && before.name !== "gone") this.#gone(life.code);
    else if (life !== before) this.#arm();
  }

  #act(action: LifeAction): void {
    if (action === "close") return this.#wire.close();
    this.#wire.destroy();
    // Node waits until what it has written has left, which a dead peer never takes.
    this.connected.socket.destroy();
  }

  #gone(code: PoolEnd): void {
    this.#timer?.cancel();
    this.#account.close();
    this.#host.gone(this, code);
  }

  #nowMs(): number {
    return this.#env.clock.monoMs();
  }
}

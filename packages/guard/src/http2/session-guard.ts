/**
 * Watches one HTTP/2 session of any server: budgets for what is legal but odd, proof of life by PING, progress of what waits,
 * idleness, age, and an end that really ends the connection. It looks only through the public face of a session, changes
 * nothing of how the host answers, and must never depend on how the server was created.
 */
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream, Settings } from "node:http2";
import type { ConnectionPart, LeaveTimes, Watched } from "../connection.ts";
import { type EndCode, ends } from "../ends.ts";
import { Budget } from "./budget.ts";
import type { Http2Counters } from "./counters.ts";
import { PingBudget } from "./ping-budget.ts";
import { Prober } from "./prober.ts";
import { Progress, type ProgressSample, type StreamSample } from "./progress.ts";
import { type SessionAction, type SessionEvent, type SessionPhase, stepSession } from "./session-state.ts";
import { type Http2SessionLimits, http2Settings } from "./settings.ts";
import { announcement, debugDataOf, destroyWith, errorOf, http2Errors, wireBytes } from "./wire.ts";

/** The guard's part for one session. */
export interface Http2Part extends ConnectionPart {
  /** Ends the session without losing a request: GOAWAY in two steps, then its streams, then the connection. Again shortens the time. */
  drain(code: EndCode, drainMs?: number): void;
  /** The server is being left: now if nothing is open, else at this session's slot in the window. */
  leave(times: LeaveTimes): void;
  /** Ends the session now, with a GOAWAY that carries an error. */
  endFor(code: EndCode): void;
  readonly phase: SessionPhase["name"];
  /** Requests begun so far. */
  readonly requests: number;
  /** Requests that are open now. */
  readonly openStreams: number;
  /** Since when no request has been open; null while one is, or the session is being left. */
  readonly idleSinceMs: number | null;
}

/** What lies under a session. */
export interface SessionWire {
  /** Bytes that the kernel has taken so far. */
  takenBytes(): number;
  /** Bytes that the socket holds because the kernel does not take them. */
  queuedBytes(): number;
  /**
   * Sends a frame past Node, between two of its own; false when the socket is closed. Null with TLS, where a session is left in one step:
   * writes on a TCP socket queue one after the other, and Node hands whole frames to it, but two at once on a TLS socket abort the process.
   */
  readonly announce: ((frame: Uint8Array) => boolean) | null;
}

/** What a session asks of whoever watches it. */
export interface SessionHost {
  /** Runs `call` when whatever runs now is over. */
  readonly soon: (call: () => void) => void;
  /** It takes no more requests from now on; what is open then has this time to end. */
  readonly left: (remainingMs: number) => void;
}

/** Begins to watch a session; call it in the server's `session` event. */
export function guardHttp2Session(
  session: ServerHttp2Session,
  limits: Http2SessionLimits,
  watched: Watched,
  counters: Http2Counters,
  wire: SessionWire,
  host: SessionHost,
): Http2Part {
  return new SessionGuard(session, limits, watched, counters, wire, host);
}

/** Whether the rest of a request is what everybody waits for; not so where the host does not read, or has begun to answer. */
function isOwed(stream: ServerHttp2Stream): boolean {
  if (stream.destroyed || stream.closed || stream.headersSent || stream.state.remoteClose === 1) return false;
  return stream.readableFlowing !== null && stream.readableLength === 0;
}

/** Not by stream.close(): Node ends a response before it resets it, and half of one, or none at all, would pass for a whole one. */
function cutOff(stream: ServerHttp2Stream, message: string): void {
  stream.destroy(new Error(message));
}

class SessionGuard implements Http2Part {
  readonly #session: ServerHttp2Session;
  readonly #limits: Http2SessionLimits;
  readonly #watched: Watched;
  readonly #counters: Http2Counters;
  readonly #wire: SessionWire;
  readonly #host: SessionHost;
  readonly #budgets: { readonly pings: PingBudget; readonly settings: Budget; readonly resets: Budget; readonly strayBytes: Budget };
  readonly #progress: Progress<ServerHttp2Stream>;
  readonly #prober: Prober;
  /** The streams that are open, with the time by which each request has to be complete. */
  readonly #open = new Map<ServerHttp2Stream, number>();
  readonly #beganMs: number;
  #phase: SessionPhase = { name: "open" };
  #requests = 0;
  #idleSinceMs: number;
  readonly #wanted: Readonly<Settings>;
  #told = false;
  #greeted = false;
  #settled = false;
  /** Bytes that we sent only because the peer asked: they prove nothing about what it takes. */
  #answerBytes = 0;
  #strayFrom = 0;
  #requestsAtCheck = 0;
  /** When it is left because the server is, and what its streams then have. */
  #leaveMs = Number.POSITIVE_INFINITY;
  #leaveDrainMs = 0;
  /** What the peer's GOAWAY said. */
  #peerLeft: EndCode | null = null;

  constructor(session: ServerHttp2Session, limits: Http2SessionLimits, watched: Watched, counters: Http2Counters, wire: SessionWire, host: SessionHost) {
    this.#session = session;
    this.#limits = limits;
    this.#watched = watched;
    this.#counters = counters;
    this.#wire = wire;
    this.#host = host;
    this.#beganMs = watched.nowMs();
    this.#idleSinceMs = this.#beganMs;
    const { pingsMax, settingsFramesMax, resetsMax, strayBytesMax } = limits;
    this.#budgets = {
      pings: new PingBudget(pingsMax, wire.announce === null ? wireBytes.pingInTls : wireBytes.ping),
      settings: new Budget(settingsFramesMax),
      resets: new Budget(resetsMax),
      strayBytes: new Budget(strayBytesMax),
    };
    this.#progress = new Progress(limits);
    this.#prober = new Prober(limits, this.#beganMs);
    counters.sessions++;
    this.#wanted = http2Settings(limits);
    this.#listen();
    session.setLocalWindowSize(limits.connectionWindowBytes);
  }

  get phase(): SessionPhase["name"] {
    return this.#phase.name;
  }

  get requests(): number {
    return this.#requests;
  }

  get openStreams(): number {
    return this.#open.size;
  }

  get idleSinceMs(): number | null {
    return this.#open.size === 0 && this.#phase.name === "open" ? this.#idleSinceMs : null;
  }

  drain(code: EndCode, drainMs: number = this.#limits.drainMs): void {
    this.#step({ type: "drain", code, drainMs, inTwo: this.#wire.announce !== null });
  }

  leave({ windowMs, drainMs }: LeaveTimes): void {
    const delayMs = this.#open.size === 0 ? 0 : Math.floor(windowMs * this.#limits.slot);
    this.#leaveMs = this.#watched.nowMs() + delayMs;
    // What is cut off has to say so before everything is reset.
    this.#leaveDrainMs = Math.max(1, drainMs - delayMs - 2 * this.#limits.errorEndMs);
    if (delayMs === 0) this.drain("draining", this.#leaveDrainMs);
  }

  endFor(code: EndCode): void {
    this.#step({ type: "cause", code });
  }

  check(nowMs: number): void {
    if (this.#phase.name === "gone") return;
    if (this.#session.destroyed) this.#step({ type: "destroyed", code: this.#whoDestroyed() });
    else this.#judge(nowMs);
    this.#step({ type: "tick" });
  }

  #listen(): void {
    const session = this.#session;
    session.on("stream", (stream, headers) => this.#began(stream, headers));
    session.on("ping", () => this.#spend("pings", "ping_flood"));
    session.on("remoteSettings", () => {
      this.#greeted = true;
      this.#spend("settings", "settings_flood");
    });
    session.on("localSettings", (settings) => this.#acknowledged(settings));
    session.on("goaway", (code) => {
      this.#peerLeft = code === http2Errors.NO_ERROR ? "peer_closed" : "protocol_error";
    });
    // Node tells of an error only when the connection is closed already, in the same turn.
    session.on("error", (error: Error & { readonly code?: string }) => {
      this.#step({ type: "destroyed", code: error.code?.startsWith("ERR_HTTP2") ? "protocol_error" : "peer_reset" });
    });
    session.on("close", () => {
      // Who only left is not said to have been ended.
      if (this.#phase.name !== "open") this.#step({ type: "destroyed", code: "host_closed" });
      this.#step({ type: "closed" });
    });
  }

  /** The peer knows our settings. A server that was made without the guard's options says its own first, and the limits only then. */
  #acknowledged(settings: Settings): void {
    this.#proved();
    const looser = Object.entries(this.#wanted).filter(([name, value]) => Number(settings[name as keyof Settings] ?? Number.POSITIVE_INFINITY) > Number(value));
    if (looser.length === 0) this.#settled = true;
    else if (!this.#told) this.#session.settings(Object.fromEntries(looser));
    this.#told = true;
  }

  #spend(kind: "pings" | "settings", code: EndCode): void {
    this.#counters[kind]++;
    this.#answerBytes += kind === "pings" ? wireBytes.ping : wireBytes.settingsAck;
    this.#proved();
    const nowMs = this.#watched.nowMs();
    const { pings, settings } = this.#budgets;
    if (!(kind === "pings" ? pings.spend(nowMs, this.#wire.takenBytes()) : settings.spend(nowMs))) this.endFor(code);
  }

  #proved(): void {
    this.#prober.explained(this.#watched.nowMs(), this.#bytesRead());
    this.#watched.proof();
  }

  #began(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    this.#requests++;
    this.#counters.streams++;
    // A call of gRPC may listen for hours before it answers.
    const isCall = headers["content-type"]?.startsWith("application/grpc") === true;
    this.#open.set(stream, isCall ? Number.POSITIVE_INFINITY : this.#watched.nowMs() + this.#limits.requestMs);
    this.#proved();
    // A peer may reset a stream with any code; that must not be what ends a process whose host listens to no error.
    stream.on("error", () => {
      this.#counters.streamErrors++;
    });
    stream.once("close", () => this.#ended(stream));
    stream.on("drain", () => this.#progress.moved(stream));
    if (this.#requests >= this.#limits.requestsMax) this.drain("requests_limit");
  }

  #ended(stream: ServerHttp2Stream): void {
    const nowMs = this.#watched.nowMs();
    this.#open.delete(stream);
    if (this.#open.size === 0) this.#idleSinceMs = nowMs;
    if ((stream.rstCode === http2Errors.NO_ERROR && !stream.aborted) || this.#session.destroyed) return;
    this.#counters.resets++;
    if (!this.#budgets.resets.spend(nowMs)) this.endFor("reset_flood");
  }

  #judge(nowMs: number): void {
    const limits = this.#limits;
    if (!(this.#greeted && this.#settled) && nowMs - this.#beganMs >= limits.prefaceMs) return this.endFor("handshake_timeout");
    if (!this.#staysWithin(nowMs)) return this.endFor("stray_flood");
    const stalled = this.#progress.judge(nowMs, this.#sample());
    if (stalled === "stalled") return this.endFor("slow_reader");
    for (const stream of stalled) {
      this.#counters.streamsStalled++;
      stream.close(http2Errors.ENHANCE_YOUR_CALM);
    }
    for (const [stream, dueMs] of this.#open) {
      if (nowMs < dueMs || !isOwed(stream)) continue;
      this.#counters.streamsTimedOut++;
      cutOff(stream, "The request was not complete within requestMs");
    }
    this.#probe(nowMs);
    if (this.#phase.name !== "open") return;
    if (nowMs >= this.#leaveMs) this.drain("draining", this.#leaveDrainMs);
    else if (this.idleSinceMs !== null && nowMs - this.idleSinceMs >= limits.keepAliveMs) this.drain("idle_timeout");
    else if (nowMs - this.#beganMs >= limits.ageMs) this.drain("age_limit");
  }

  /** Whoever has no stream open and opens none has little to say. */
  #staysWithin(nowMs: number): boolean {
    const bytesRead = this.#bytesRead();
    const quiet = this.#open.size === 0 && this.#requests === this.#requestsAtCheck;
    const stray = bytesRead - this.#strayFrom;
    this.#requestsAtCheck = this.#requests;
    this.#strayFrom = bytesRead;
    return !quiet || stray === 0 || this.#budgets.strayBytes.spend(nowMs, stray);
  }

  #sample(): ProgressSample<ServerHttp2Stream> {
    const waiting: StreamSample<ServerHttp2Stream>[] = [];
    for (const stream of this.#open.keys()) {
      const waitingBytes = stream.bufferSize;
      if (waitingBytes > 0) waiting.push({ stream, waitingBytes, full: waitingBytes >= stream.writableHighWaterMark });
    }
    return { waiting, queuedBytes: this.#wire.queuedBytes(), takenBytes: this.#wire.takenBytes() - this.#answerBytes };
  }

  #probe(nowMs: number): void {
    if (this.#session.closed) return; // Node sends no PING any more.
    const verdict = this.#prober.check(nowMs, this.#open.size > 0, this.#bytesRead());
    if (verdict === "dead") return this.endFor("zombie");
    if (verdict === "ask") this.#ping(() => {});
  }

  /** Node sends none while too many of the host's own are unanswered; those prove as much. */
  #ping(answered: () => void): void {
    this.#counters.probes++;
    this.#answerBytes += wireBytes.ping;
    this.#session.ping((error) => {
      if (error) return;
      this.#counters.probesAnswered++;
      this.#proved();
      answered();
    });
  }

  #bytesRead(): number {
    return this.#session.destroyed ? 0 : this.#session.socket.bytesRead;
  }

  /** The best guess while Node keeps its reason to itself: only who closes in good order marks a session as closed first. */
  #whoDestroyed(): EndCode {
    return this.#peerLeft ?? (this.#session.closed ? "host_closed" : "protocol_error");
  }

  #step(event: SessionEvent): void {
    const { phase, actions } = stepSession(this.#phase, event, this.#watched.nowMs(), this.#limits);
    const before = this.#phase;
    this.#phase = phase;
    // A phase that has ended names no code any more; the one before it does, and there is no action without one of them.
    const code = "code" in phase ? phase.code : "code" in before ? before.code : null;
    if (code === null) return;
    if (phase.name === "ending" && before.name !== "ending" && ends[code].side === "guard") this.#counters.ended[code] = (this.#counters.ended[code] ?? 0) + 1;
    for (const action of actions) this.#act(action, code);
  }

  #act(action: SessionAction, code: EndCode): void {
    const session = this.#session;
    switch (action) {
      case "announce":
        // Not session.goaway(): after any GOAWAY that Node sends it ignores new streams without a word, this one's promise or not.
        if (session.destroyed || session.closed || this.#wire.announce?.(announcement()) !== true) return;
        this.#counters.announced++;
        return this.#ping(() => this.#step({ type: "answered" }));
      case "leave":
        session.close();
        return this.#host.left("deadlineMs" in this.#phase ? Math.max(0, this.#phase.deadlineMs - this.#watched.nowMs()) : 0);
      case "cancel":
        for (const stream of this.#open.keys()) cutOff(stream, `The session ended (${code}) before this stream did`);
        return session.close();
      case "destroy":
        return destroyWith(session, errorOf(code), debugDataOf(code));
      case "end":
        this.#watched.closing(code);
        // Within an event of the session Node holds back what it has to say, GOAWAY too, until the event is over: nothing may be shut before.
        return this.#host.soon(() => this.#watched.end(code));
      case "reset":
        return this.#watched.reset(code);
    }
  }
}

/**
 * One link: a connection, its greeting, and the proof that the peer is there (PROTOCOL.md, section 8). It ends itself when there is none.
 * It must never judge by a timer that was held up, nor decide what comes after it: which links there are is connection.ts's business.
 */
import {
  type Code,
  decodeServerFrame,
  type Env,
  encodeClientFrame,
  protocolVersion,
  randomFraction,
  type ServerFrame,
  subprotocol,
  type WelcomeFrame,
} from "@holdfast/protocol";
import { Alarm, type Due, lateMs } from "./alarm.ts";
import type { ClientCounters } from "./counters.ts";
import { closeReason, type Ending, localEnding, remoteEnding } from "./endings.ts";
import { Assembly } from "./entry.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Conn, Transport } from "./transport.ts";

/** Who holds links. */
export interface LinkOwner {
  /** The server has welcomed it. */
  up(link: Link): void;
  /** It is over, and not because it was closed. */
  ended(link: Link, ending: Ending): void;
  /** The server will end it: another is to be dialled after `afterMs`. */
  goaway(link: Link, afterMs: number): void;
  /** `isStale` changed. */
  changed(): void;
}

/** Who uses what links carry. */
export interface LinkUser {
  /** A message about streams or publishes. */
  frame(link: Link, frame: ServerFrame): void;
  /** Where the subscription to a stream stands on the wire. */
  cursor(stream: string): string | null;
}

/** What a heartbeat may be, whatever the server announces. */
const heartbeatMsMin = 500;
const heartbeatMsMax = 300_000;
/** A probe for an answer may be prolonged this many times while other bytes come in. */
const prolongedMax = 2;
/** A change of the wall clock against the other that is more than drift: the machine slept, or somebody set it. */
const clockJumpMs = 2_000;
/** What leaves in one go on any path that is worth keeping. */
const smallQueueBytes = 16_384;

export class Link {
  /** The index of what carries it. */
  readonly transport: number;
  /** The parts of the entry that is under way. */
  readonly assembly = new Assembly();
  readonly #env: Env;
  readonly #options: ResolvedOptions;
  readonly #counters: ClientCounters;
  readonly #owner: LinkOwner;
  readonly #user: LinkUser;
  readonly #alarm: Alarm;
  /** Unanswered requests: publishes by their id, and the newest subscribe of a stream by the stream's name. */
  readonly #requests = new Map<number | string, number>();
  #nextId = 1;
  #conn: Conn | null = null;
  /** When it is given up unless it is open, or welcomed, or brings any byte by then; Infinity while nothing is doubtful. */
  #deadMs = Infinity;
  #deadCode: Code = "connect_timeout";
  #heartbeatMs = Infinity;
  #beatMs = Infinity;
  #sentMs = 0;
  #queuedSeen = 0;
  #movedMs = -Infinity;
  /** When an answer last came, or the first of the requests was sent. */
  #answerMs = 0;
  /** When it was last asked for an answer; null when none is overdue. */
  #askedMs: number | null = null;
  #prolonged = 0;
  #clockOffsetMs: number;
  /** Whether it is over; nothing that it reports counts any more. */
  isOver = false;
  linkId = "";
  /** When the server welcomed it; null before. */
  upMs: number | null = null;
  heardMs = 0;
  /** The server's advice over how long to spread, when it ends unannounced. */
  windowMs = 0;
  entryBytesMax = 0;

  constructor(transport: number, env: Env, options: ResolvedOptions, counters: ClientCounters, owner: LinkOwner, user: LinkUser) {
    this.transport = transport;
    this.#env = env;
    this.#options = options;
    this.#counters = counters;
    this.#owner = owner;
    this.#user = user;
    this.#clockOffsetMs = this.#offsetMs;
    this.#alarm = new Alarm(env.clock, () => this.#dues());
  }

  get queuedBytes(): number {
    return this.#conn?.queuedBytes ?? 0;
  }

  /** Whether bytes are overdue, so that nothing is proved. */
  get isStale(): boolean {
    return this.upMs !== null && this.#deadMs < Infinity;
  }

  get #nowMs(): number {
    return this.#env.clock.monoMs();
  }
  get #offsetMs(): number {
    return this.#env.clock.wallMs() - this.#nowMs;
  }

  /** Dials. `replaces` is the id of the link that it is to replace, which works on meanwhile. */
  dial(transport: Transport, url: string, timeoutMs: number, replaces?: string): void {
    const { handshakeTimeoutMs, name } = this.#options;
    this.#deadMs = this.#nowMs + timeoutMs;
    this.#alarm.arm();
    try {
      this.#conn = transport.dial(
        { url, subprotocol },
        {
          onOpen: () => {
            if (this.isOver) return;
            this.heardMs = this.#nowMs;
            this.#deadCode = "handshake_timeout";
            if (replaces === undefined) this.#deadMs = this.heardMs + handshakeTimeoutMs;
            this.#alarm.arm();
            this.sendFrame({ type: "hello", protocol: protocolVersion, client: name, replaces });
          },
          onText: (text) => this.isOver || this.#onText(text),
          onActivity: () => this.isOver || this.#heard(),
          onClose: ({ closeCode, reason }) => this.#end(remoteEnding(closeCode, reason)),
          onError: (code, message) => this.#end(localEnding(code, message)),
          cursor: (stream) => this.#user.cursor(stream),
        },
      );
    } catch (error) {
      // A platform may refuse an address outright, as pages over https refuse ws.
      this.#end(localEnding("connect_failed", String(error)));
    }
  }

  send(text: string): void {
    if (this.isOver) return;
    this.#sentMs = this.#nowMs;
    this.#conn?.send(text);
  }

  sendFrame(frame: Parameters<typeof encodeClientFrame>[0]): void {
    this.send(encodeClientFrame(frame));
  }

  /** The id for a request that is sent now and has to be answered. */
  request(stream?: string): number {
    const id = this.#nextId++;
    this.#requests.set(stream ?? id, id);
    if (this.#requests.size === 1) {
      this.#answerMs = this.#nowMs;
      this.#alarm.arm();
    }
    return id;
  }

  /** A request was answered, or no answer to it matters any more. */
  answered(id: number, stream?: string): void {
    if (this.#requests.get(stream ?? id) === id) this.#requests.delete(stream ?? id);
  }

  /** Nothing is asked about a stream any more. */
  unasked(stream: string): void {
    this.#requests.delete(stream);
  }

  /** Something makes it doubtful that the peer is there: any byte will prove it. */
  wake(): void {
    if (!this.isStale) this.#doubt();
  }

  /** It brought what cannot be: what else was lost is unknown, so its streams are resumed on another. */
  fault(): void {
    if (this.isOver) return;
    this.#counters.faults++;
    this.#conn?.close(4500, closeReason("protocol_error"));
    this.#end(localEnding("protocol_error", "the server sent what the protocol does not allow", "remote", "backoff"));
  }

  /** Lets it go: in order when it was welcomed, else at once. */
  close(): void {
    this.#over();
    if (this.upMs === null) this.#conn?.destroy();
    else this.#conn?.close(1000, closeReason("closed_by_user"));
  }

  #over(): void {
    this.isOver = true;
    this.#alarm.arm();
  }

  #end(ending: Ending): void {
    if (this.isOver) return;
    this.#over();
    this.#owner.ended(this, ending);
  }

  #lost(): void {
    if (this.upMs !== null) this.#counters.lost++;
    this.#conn?.destroy();
    this.#end(localEnding(this.#deadCode, "no answer in time"));
  }

  #ping(): void {
    this.#counters.probes++;
    this.sendFrame({ type: "ping", id: this.#nextId++ });
  }

  #doubt(): void {
    this.#clockOffsetMs = this.#offsetMs;
    this.#ping();
    this.#deadMs = this.#nowMs + this.#options.probeTimeoutMs;
    this.#alarm.arm();
    this.#owner.changed();
  }

  #heard(): void {
    this.heardMs = this.#nowMs;
    this.#beat(this.#beatMs);
    if (!this.isStale) return;
    this.#deadMs = Infinity;
    this.#owner.changed();
  }

  /** Beats now if nothing was sent for so long. Timers of a hidden page are held back for up to a minute: then only what it hears lets it speak. */
  #beat(quietMs: number): void {
    if (this.#nowMs - this.#sentMs >= quietMs) this.sendFrame({ type: "beat" });
  }

  #onText(text: string): void {
    this.#heard();
    const frame = decodeServerFrame(text);
    if (frame === null) this.#counters.unknown++;
    else if (frame === "fault") this.fault();
    else if (frame.type === "welcome") this.#welcomed(frame);
    else if (frame.type === "ping") this.sendFrame({ type: "pong", id: frame.id });
    else if (this.upMs !== null) this.#take(frame);
  }

  #take(frame: ServerFrame): void {
    if ("id" in frame) {
      this.#answerMs = this.heardMs;
      this.#askedMs = null;
    }
    if (frame.type === "goaway") this.#owner.goaway(this, frame.afterMs);
    if (frame.type === "error") this.#counters.errors++;
    if (frame.type === "beat") {
      this.#beat(this.#heartbeatMs / 2);
      this.windowMs = frame.reconnect?.windowMs ?? this.windowMs;
    }
    this.#user.frame(this, frame);
  }

  #welcomed({ link, entryBytesMax, heartbeatMs, reconnect }: WelcomeFrame): void {
    if (this.upMs !== null) return;
    this.upMs = this.#nowMs;
    this.#deadMs = Infinity;
    this.#deadCode = "heartbeat_lost";
    this.linkId = link;
    this.entryBytesMax = entryBytesMax;
    this.windowMs = reconnect.windowMs;
    this.#heartbeatMs = Math.min(Math.max(heartbeatMs, heartbeatMsMin), heartbeatMsMax);
    this.#beatMs = this.#heartbeatMs * (0.9 + 0.1 * randomFraction(this.#env.rng));
    this.#alarm.arm();
    this.#owner.up(this);
  }

  #dues(): Due[] {
    if (this.isOver) return [];
    const queued = this.queuedBytes;
    // Little that has left altogether may have done so long ago, and its answer is overdue.
    if (queued < this.#queuedSeen && (queued > 0 || this.#queuedSeen > smallQueueBytes)) this.#movedMs = this.#nowMs;
    this.#queuedSeen = queued;
    const unansweredMs = this.#requests.size > 0 ? Math.max(this.#answerMs, this.#movedMs) + this.#options.ackTimeoutMs : Infinity;
    const hasJumped = Math.abs(this.#offsetMs - this.#clockOffsetMs) > clockJumpMs;
    return [
      [this.#deadMs, (isLate) => this.#overdue(isLate)],
      [this.#deadMs < Infinity ? Infinity : hasJumped ? 0 : this.heardMs + this.#heartbeatMs * 1.1 + 2_000, () => this.#doubt()],
      [this.#askedMs === null ? unansweredMs : this.#askedMs + this.#options.probeTimeoutMs, (isLate) => this.#unanswered(isLate)],
      [this.#sentMs + this.#beatMs, () => this.sendFrame({ type: "beat" })],
    ];
  }

  #overdue(isLate: boolean): void {
    if (!isLate) this.#lost();
    else if (this.upMs === null) this.#deadMs = this.#nowMs + lateMs;
    else this.#doubt();
  }

  #unanswered(isLate: boolean): void {
    const askedMs = this.#askedMs;
    const isNew = askedMs === null || isLate;
    if (isNew) this.#ping();
    // What is to be answered has not all left yet, and it does leave: a slow way out is not a dead one. Or a long queue of bytes on a slow
    // way in holds the answer back; while bytes come, the path is not dead, but that is not believed for ever.
    else if (this.#movedMs <= askedMs && (this.heardMs <= askedMs || ++this.#prolonged > prolongedMax)) return this.#lost();
    if (isNew || this.#movedMs > askedMs) this.#prolonged = 0;
    this.#askedMs = this.#nowMs;
  }
}

/**
 * One link: a connection, its greeting, and the proof that the peer is there (PROTOCOL.md, section 8). It ends itself when there is none.
 * It must never judge by a timer that was held up, nor decide what comes after it: which links there are is connection.ts's business.
 */
import {
  type Code,
  decodeServerFrame,
  encodeClientFrame,
  type HelloFrame,
  protocolVersion,
  randomFraction,
  type ServerFrame,
  type SubscribeFrame,
  subprotocol,
} from "@holdfast/protocol";
import { alarm, type Due, lateMs } from "./alarm.ts";
import type { Context } from "./context.ts";
import { type Ending, localEnding, pauseMs, remoteEnding } from "./endings.ts";
import { Assembly } from "./entry.ts";
import type { Conn, Transport } from "./transport.ts";

/** Who holds links. */
export interface LinkOwner {
  /** The server has welcomed it. */
  up(link: Link): void;
  /** It is over, and not because it was closed. */
  ended(link: Link, ending: Ending): void;
  /** `isStale` changed. */
  changed(): void;
}

/** Any other message than those by which a link lives. */
export type UserFrame = Exclude<ServerFrame, { type: "welcome" | "authed" | "ping" | "bye" }>;

/** Who uses what links carry. */
export interface LinkUser {
  frame(link: Link, frame: UserFrame): void;
  /** Everything that is asked for on a link, as it stands now. */
  asks(link: Link): readonly SubscribeFrame[];
}

/** What a heartbeat may be, whatever the server announces. */
const heartbeatMsMin = 500;
const heartbeatMsMax = 300_000;
/** A probe for an answer may be prolonged this many times while other bytes come in. */
const prolongedMax = 2;
/** A change of the wall clock against the other that is more than drift: the machine slept, or somebody set it. */
const clockJumpMs = 2_000;
/** Timers of a hidden page are held back for a minute. When the own beat is overdue by more, this side stood still. */
const heldMsMax = 60_000;
/** What leaves in one go on any path that is worth keeping. */
const smallQueueBytes = 16_384;

export class Link {
  /** The index of what carries it. */
  readonly transport: number;
  /** The parts of the entry that is under way. */
  assembly = new Assembly();
  readonly #context: Context;
  readonly #owner: LinkOwner;
  readonly #user: LinkUser;
  readonly #arm: () => void;
  /** Unanswered requests by their id, and what they stand for. */
  readonly #requests = new Map<number, object | undefined>();
  #nextId = 1;
  #conn: Conn | null = null;
  /** Until when it has to have a token, be open, and then welcomed; and the code for when it is not. */
  #dueMs = 0;
  #dueCode: Code = "token_failed";
  #heartbeatMs = 0;
  #beatMs = Infinity;
  #sentMs = 0;
  #queuedSeen = 0;
  #movedMs = -Infinity;
  /** When an answer last came, or the first of the requests was sent. */
  #answerMs = 0;
  /** When it was last asked for an answer; null when none is overdue. */
  #askedMs: number | null = null;
  /** How often the time for that answer was prolonged. */
  #prolonged = 0;
  /** When bytes were last read. */
  #readMs = 0;
  /** What was read may have come long ago, and waited: until what was asked with this id, or later, is answered, nothing else proves life. 0: any byte does. */
  #heldId = 0;
  #clockOffsetMs = 0;
  /** When to say again who this is, and how often that was tried in vain. */
  #renewMs = Infinity;
  #renewals = 0;
  /** Why it will not last, though it works; null when there is nothing to say. */
  trouble: Ending | null = null;
  /** Whether it is doubtful that the peer is there, and no byte has come since. */
  isStale = false;
  /** Whether it is over; nothing that it reports counts any more. */
  isOver = false;
  linkId = "";
  /** When the server welcomed it; null before. */
  upMs: number | null = null;
  heardMs = 0;
  /** The server's advice over how long to spread, when it ends unannounced. */
  windowMs = 0;
  entryBytesMax = 0;

  constructor(transport: number, context: Context, owner: LinkOwner, user: LinkUser) {
    this.transport = transport;
    this.#context = context;
    this.#owner = owner;
    this.#user = user;
    this.#arm = alarm(context.clock, () => this.#dues());
  }

  get queuedBytes(): number {
    return this.#conn?.queuedBytes ?? 0;
  }

  get #nowMs(): number {
    return this.#context.clock.monoMs();
  }

  /** Dials. `replaces` is the id of the link that it is to replace, which works on meanwhile. */
  dial(transport: Transport, url: string, timeoutMs: number, replaces?: string): void {
    const { name } = this.#context.options;
    this.#dueMs = this.#nowMs + timeoutMs;
    this.#arm();
    this.#withToken((token) => this.#dial(transport, url, { type: "hello", protocol: protocolVersion, client: name, replaces, token: token || undefined }));
  }

  #dial(transport: Transport, url: string, hello: HelloFrame): void {
    this.#dueCode = "connect_timeout";
    try {
      this.#conn = transport.dial(
        { url, subprotocol },
        {
          onOpen: () => {
            if (this.isOver) return;
            this.#dueCode = "handshake_timeout";
            if (hello.replaces === undefined) this.#dueMs = this.#nowMs + this.#context.options.handshakeTimeoutMs;
            this.#arm();
            this.sendFrame(hello);
          },
          onText: (text, isProof = true) => this.isOver || this.#onText(text, isProof),
          onActivity: () => this.isOver || this.#heard(),
          onClose: ({ closeCode, reason }) => this.#end(remoteEnding(closeCode, reason, this.windowMs)),
          onError: (code, message) => this.#fail(code, message),
          asks: () => this.#user.asks(this),
        },
      );
    } catch (error) {
      // A platform may refuse an address outright, as pages over https refuse ws.
      this.#fail("connect_failed", String(error));
    }
  }

  /** Asks the application who this is. */
  #withToken(use: (token: string) => void): void {
    const failed = (error: unknown): void => {
      if (this.upMs === null) return this.#fail("token_failed", String(error));
      this.trouble = localEnding("token_failed", String(error));
      this.#owner.changed();
    };
    try {
      const token = this.#context.options.token();
      if (typeof token === "string") use(token);
      else token.then((token) => this.isOver || use(token)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Says who this is, again and again until the server has taken it. */
  #renew(): void {
    this.#renewMs = this.#nowMs + pauseMs(++this.#renewals + 2, this.#context);
    this.#withToken((token) => this.sendFrame({ type: "auth", id: this.#nextId++, token }));
  }

  /** What it said of itself holds for this long. */
  #lasts({ expiresMs = Infinity }: { readonly expiresMs?: number }): void {
    this.#renewals = 0;
    this.trouble = null;
    this.#renewMs = this.#nowMs + expiresMs * (0.75 + randomFraction(this.#context.rng) / 10);
    this.#arm();
  }

  send(text: string): void {
    if (this.isOver) return;
    this.#sentMs = this.#nowMs;
    this.#conn?.send(text);
  }

  sendFrame(frame: Parameters<typeof encodeClientFrame>[0]): void {
    this.send(encodeClientFrame(frame));
  }

  /** How many requests have no answer yet. */
  get unanswered(): number {
    return this.#requests.size;
  }

  /** The id for a request that is sent now and has to be answered. */
  request(asker?: object): number {
    const id = this.#nextId++;
    this.#requests.set(id, asker);
    if (this.unanswered === 1) {
      this.#answerMs = this.#nowMs;
      this.#arm();
    }
    return id;
  }

  /** A request was answered, or no answer to it matters any more. Returns what it stands for. */
  answered(id: number): object | undefined {
    const asker = this.#requests.get(id);
    this.#requests.delete(id);
    return asker;
  }

  /** Something makes it doubtful that the peer is there: an answer will prove it. */
  wake(): void {
    if (this.#heldId === 0) this.#probe(true);
    // The machine may have slept since.
    else this.#arm();
  }

  /** It brought what cannot be: what else was lost is unknown, so its streams are resumed on another. */
  fault(): void {
    if (this.isOver) return;
    this.#context.counters.faults++;
    this.#close(4500, "protocol_error");
    this.#end({ ...localEnding("protocol_error", "the server broke protocol", this.windowMs), retry: "backoff" });
  }

  /** Lets it go: in order when it was welcomed, else at once. */
  close(): void {
    this.#over();
    if (this.upMs === null) this.#conn?.destroy();
    else this.#close(1000, "closed_by_user");
  }

  #close(closeCode: number, code: Code): void {
    this.#conn?.close(closeCode, JSON.stringify({ code }));
  }

  #over(): void {
    this.isOver = true;
    this.#arm();
  }

  #end(ending: Ending): void {
    if (this.isOver) return;
    this.#over();
    this.#owner.ended(this, ending);
  }

  #fail(code: Code, reason: string): void {
    // What the application could not say is nothing against the transport.
    this.#end({ ...localEnding(code, reason, this.upMs === null ? 0 : undefined), isSaid: code === "token_failed" });
  }

  #lost(): void {
    if (this.upMs !== null) this.#context.counters.lost++;
    this.#conn?.destroy();
    this.#fail(this.#dueCode, "no answer");
  }

  /** Bytes were read: proof of life, unless they may have waited. */
  #heard(): void {
    this.#readMs = this.#nowMs;
    if (this.#readMs - this.#sentMs > this.#beatMs + heldMsMax) this.wake();
    this.#beat(this.#beatMs);
    if (this.#heldId !== 0) return;
    this.heardMs = this.#readMs;
    if (!this.isStale) return;
    this.isStale = false;
    this.#owner.changed();
  }

  /** Beats now if nothing was sent for so long. Timers of a hidden page are held back for up to a minute: then only what it hears lets it speak. */
  #beat(quietMs: number): void {
    if (this.#nowMs - this.#sentMs >= quietMs) this.sendFrame({ type: "beat" });
  }

  #onText(text: string, isProof: boolean): void {
    if (isProof) this.#heard();
    const frame = decodeServerFrame(text);
    if (frame === "fault") return this.fault();
    if (frame === null) this.#context.counters.unknown++;
    else if (frame.type === "welcome") {
      // Another response begins each entry anew.
      this.assembly = new Assembly();
      this.#welcomed(frame);
    } else if (frame.type === "bye") {
      this.#conn?.destroy();
      this.#end(remoteEnding(1013, text, this.windowMs));
    } else if (frame.type === "ping") this.sendFrame({ type: "pong", id: frame.id });
    else if (this.upMs !== null) {
      if ("id" in frame) {
        this.#answerMs = this.#nowMs;
        if (isProof && (frame.id as number) >= this.#heldId) {
          this.#heldId = 0;
          this.#askedMs = null;
          this.#heard();
        }
      }
      if (frame.type === "authed") return this.#lasts(frame);
      if (frame.type === "beat") {
        this.#beat(this.#heartbeatMs / 2);
        this.windowMs = frame.reconnect?.windowMs ?? this.windowMs;
      }
      this.#user.frame(this, frame);
    }
  }

  #welcomed(frame: Extract<ServerFrame, { type: "welcome" }>): void {
    if (this.upMs !== null) return;
    const { link, entryBytesMax, heartbeatMs, reconnect } = frame;
    this.upMs = this.#nowMs;
    this.#clockOffsetMs = this.#offsetMs;
    this.#dueCode = "heartbeat_lost";
    this.linkId = link;
    this.entryBytesMax = entryBytesMax;
    this.windowMs = reconnect.windowMs;
    this.#heartbeatMs = Math.min(Math.max(heartbeatMs, heartbeatMsMin), heartbeatMsMax);
    this.#beatMs = this.#heartbeatMs * (0.9 + 0.1 * randomFraction(this.#context.rng));
    this.#lasts(frame);
    this.#owner.up(this);
  }

  get #offsetMs(): number {
    return this.#context.clock.wallMs() - this.#nowMs;
  }

  /** Asks for an answer. */
  #probe(isDoubtful: boolean, isHeld = isDoubtful): void {
    const id = this.#nextId++;
    if (isHeld) this.#heldId = id;
    this.#clockOffsetMs = this.#offsetMs;
    this.#askedMs = this.#nowMs;
    this.#prolonged = 0;
    this.#context.counters.probes++;
    this.sendFrame({ type: "ping", id });
    this.#arm();
    if (!isDoubtful) return;
    this.isStale = true;
    this.#owner.changed();
  }

  #dues(): Due[] {
    if (this.isOver) return [];
    if (this.upMs === null) return [[this.#dueMs, (isLate) => this.#overdue(isLate)]];
    const { ackTimeoutMs, probeTimeoutMs } = this.#context.options;
    const queued = this.queuedBytes;
    // Little that has left altogether may have done so long ago, and its answer is overdue.
    if (queued < this.#queuedSeen && (queued > 0 || this.#queuedSeen > smallQueueBytes)) this.#movedMs = this.#nowMs;
    this.#queuedSeen = queued;
    const beat: Due = [this.#sentMs + this.#beatMs, () => this.sendFrame({ type: "beat" })];
    const renew: Due = [this.#renewMs, () => this.#renew()];
    if (this.#askedMs !== null) {
      const sinceMs = this.#askedMs + this.#prolonged * probeTimeoutMs;
      return [beat, renew, [sinceMs + probeTimeoutMs, (isLate) => this.#unproved(isLate, sinceMs)]];
    }
    const hasJumped = Math.abs(this.#offsetMs - this.#clockOffsetMs) > clockJumpMs;
    return [
      beat,
      renew,
      [hasJumped ? 0 : this.heardMs + this.#heartbeatMs * 1.1 + 2_000, () => this.#probe(true, hasJumped)],
      [this.unanswered > 0 ? Math.max(this.#answerMs, this.#movedMs) + ackTimeoutMs : Infinity, () => this.#probe(false)],
    ];
  }

  #overdue(isLate: boolean): void {
    if (isLate) this.#dueMs = this.#nowMs + lateMs;
    else this.#lost();
  }

  #unproved(isLate: boolean, sinceMs: number): void {
    // What is to be answered has not all left yet, and it does leave: a slow way out is not a dead one.
    if (isLate || this.#movedMs > sinceMs) this.#probe(isLate);
    // A long queue of bytes on a slow way in may hold the answer back; while bytes come, the path is not dead, but that is not believed for ever.
    else if (this.#readMs > sinceMs && this.#prolonged < prolongedMax) this.#prolonged++;
    else this.#lost();
  }
}

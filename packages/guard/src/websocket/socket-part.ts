/**
 * One WebSocket of a host's `ws` server, watched. The host keeps its socket: nothing is wrapped, replaced or taken away. The raw bytes are
 * seen by one more listener, which stands before the one of `ws`, so that a flood is answered by a close frame before it is answered by pongs.
 * It must never send anything but a ping and a close frame, through `ws`, and owns no timer.
 */
import type { Duplex } from "node:stream";
import { type Rng, randomFraction } from "@holdfast/protocol";
import type { ConnectionPart, LeaveTimes, Watched } from "../connection.ts";
import type { EndCode } from "../ends.ts";
import { Budget } from "./budget.ts";
import { closeCodeOf, faultOf } from "./closes.ts";
import type { WebSocketCounters } from "./counters.ts";
import type { FrameWatch } from "./frame-watch.ts";
import { type HeartbeatState, openHeartbeat, stepHeartbeat } from "./heartbeat.ts";
import type { WebSocketLimits } from "./limits.ts";
import { emptyReader, type ReaderState, stepReader } from "./reader-watch.ts";
import { openSocket, type SocketEvent, type SocketState, stepSocket } from "./socket-state.ts";
import { readyStates, type WsSocket } from "./ws-types.ts";

/** The body of guard's pings, so that a host that listens for pongs can tell them from its own. */
export const pingBody = "holdfast";
/** A sweep that comes so much after the last one has not looked in between: what waited unread may be anything. */
const lateMs = 2_500;
/** Budgets per second are means over so many ms. */
const rateMs = 10_000;

export interface WebSocketPartStart {
  readonly ws: WsSocket;
  readonly socket: Duplex;
  readonly watched: Watched;
  readonly frames: FrameWatch;
  readonly limits: WebSocketLimits;
  /** What a peer has for answering the host's own close frame. */
  readonly hostCloseMs: number;
  readonly counters: WebSocketCounters;
  readonly rng: Rng;
  readonly gone: (part: WebSocketPart) => void;
}

export class WebSocketPart implements ConnectionPart {
  readonly #start: WebSocketPartStart;
  readonly #pings: Budget;
  readonly #messages: Budget | null;
  readonly #bytes: Budget | null;
  #state: SocketState = openSocket;
  #heartbeat: HeartbeatState;
  #reader: ReaderState = emptyReader;
  #heardMs: number;
  #checkedMs: number;
  /** When nothing was read last, though time passed: ages count from then. */
  #blindMs = -Infinity;
  /** When to close for a drain: at a point of its own. */
  #leaveMs = Infinity;
  /** What has been accounted for. */
  #pingsSeen = 0;
  #pongsSeen = 0;
  #messagesSeen = 0;

  constructor(start: WebSocketPartStart) {
    const { limits, watched, rng, ws } = start;
    const nowMs = watched.nowMs();
    const rate = (perSecond: number | "never"): Budget | null => (perSecond === "never" ? null : new Budget((perSecond * rateMs) / 1_000, rateMs, nowMs));
    this.#start = start;
    this.#heardMs = this.#checkedMs = nowMs;
    this.#heartbeat = openHeartbeat(limits, nowMs, randomFraction(rng));
    this.#pings = new Budget(limits.pingsMax, limits.pingsMs, nowMs);
    this.#messages = rate(limits.messagesPerSecondMax);
    this.#bytes = rate(limits.bytesPerSecondMax);
    ws.on("error", (error) => {
      const code = faultOf(error);
      if (code !== null) this.#step({ type: "fault", code });
    });
    ws.on("close", (closeCode) => this.#gone(closeCode));
    this.#judge(0, nowMs);
  }

  get isOpen(): boolean {
    return this.#state.name === "open";
  }

  /** Bytes have come; `frames` has read them. */
  received(bytes: number): void {
    const nowMs = this.#start.watched.nowMs();
    this.#heardMs = nowMs;
    this.#start.watched.proof();
    this.#judge(bytes, nowMs);
  }

  /** Ends it with the close frame that belongs to `code`. */
  close(code: EndCode): void {
    this.#step({ type: "close", code });
  }

  /** What the core asks for when nothing is wrong with the socket itself. */
  drain(code: EndCode): void {
    this.close(code);
  }

  /** Ends it for a drain, at a random time within `windowMs`, which begins `fromMs` from now. */
  leave({ windowMs }: Pick<LeaveTimes, "windowMs">, fromMs = 0): void {
    this.#leaveMs = this.#start.watched.nowMs() + fromMs + windowMs * randomFraction(this.#start.rng);
  }

  check(nowMs: number): void {
    const { ws, socket, watched } = this.#start;
    const isLate = nowMs - this.#checkedMs > lateMs;
    this.#checkedMs = nowMs;
    if (this.#state.name === "open" && ws.readyState >= readyStates.closing) {
      this.#step(socket.readableEnded ? { type: "peer" } : { type: "host", closeMs: this.#start.hostCloseMs });
    }
    const queuedBytes = this.#state.name === "open" ? ws.bufferedAmount : socket.writableLength;
    const { state: reader, verdict } = stepReader(this.#reader, { queuedBytes, inFlightBytes: watched.inFlightBytes() }, isLate, this.#start.limits, nowMs);
    this.#reader = reader;
    if (this.#state.name !== "open") {
      this.#step({ type: "check", isBlind: isLate, hasMoved: queuedBytes > 0 && reader.movedMs === nowMs });
      return;
    }
    if (verdict !== "reads") this.close("slow_reader");
    else if (nowMs >= this.#leaveMs) this.close("draining");
    else this.#checkPeer(isLate || socket.isPaused(), nowMs);
  }

  /** Whether the peer lives, and finishes what it began. `isBlind`: nobody has read, so its silence says nothing. */
  #checkPeer(isBlind: boolean, nowMs: number): void {
    const { frames, limits, rng, ws, watched, counters } = this.#start;
    if (isBlind) this.#blindMs = nowMs;
    else if (frames.unfinishedSinceMs !== null && nowMs - Math.max(frames.unfinishedSinceMs, this.#blindMs) >= limits.messageMs) {
      this.close("message_unfinished");
      return;
    }
    const event = { type: "sweep", heardMs: this.#heardMs, isBlind, fraction: randomFraction(rng) } as const;
    const { state, action } = stepHeartbeat(this.#heartbeat, event, limits, nowMs);
    this.#heartbeat = state;
    if (action === "ping") {
      counters.pingsSent++;
      ws.ping(pingBody);
    } else if (action === "zombie") {
      counters.zombies++;
      // It cannot answer. The close frame says why, for the case that only one direction is dead.
      this.close("zombie");
      watched.reset("zombie");
    }
  }

  /** What the bytes read so far say; they are `bytes` more than the last time. */
  #judge(bytes: number, nowMs: number): void {
    const { frames, limits, counters, ws } = this.#start;
    const pings = frames.pings - this.#pingsSeen;
    const messages = frames.messages - this.#messagesSeen;
    counters.pongs += frames.pongs - this.#pongsSeen;
    counters.messages += messages;
    this.#pingsSeen = frames.pings;
    this.#messagesSeen = frames.messages;
    this.#pongsSeen = frames.pongs;
    if (this.#state.name !== "open") return;
    if (pings > 0 && !this.#pings.spend(pings, nowMs)) this.close("ping_flood");
    else if (frames.fragmentsMost > limits.fragmentsMax) this.close("fragment_flood");
    else if (limits.kinds === "text" && frames.binaries > 0) this.close("binary_unsupported");
    else if (this.#messages?.spend(messages, nowMs) === false || this.#bytes?.spend(bytes, nowMs) === false) this.close("rate_limited");
    else if (frames.hasClosed) this.#step(ws.readyState === readyStates.open ? { type: "peer" } : { type: "host", closeMs: this.#start.hostCloseMs });
  }

  #gone(closeCode: number): void {
    const state = this.#state;
    this.#step({ type: "gone" });
    // `ws` says 1006 of a socket whose peer it failed, and of one that did not answer: what was sent is known here.
    if (state.name === "closing" && state.side === "guard") this.#start.counters.closeCode(closeCodeOf(state.code), "guard");
    else this.#start.counters.closeCode(closeCode, state.name === "closing" ? state.side : "network");
    this.#start.gone(this);
  }

  #step(event: SocketEvent): void {
    const { limits, watched, ws, counters } = this.#start;
    const { state, action } = stepSocket(this.#state, event, limits.closeMs, watched.nowMs());
    this.#state = state;
    switch (action?.do) {
      case "record":
        watched.closing(action.code);
        break;
      case "close":
        watched.closing(action.code);
        ws.close(closeCodeOf(action.code), action.code);
        break;
      case "terminate":
        counters.unanswered++;
        ws.terminate();
        break;
      case "reset":
        counters.unanswered++;
        watched.reset(action.code);
        break;
      case undefined:
        break;
      default:
        action satisfies undefined;
    }
  }
}

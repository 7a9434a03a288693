/**
 * Seats of event streams: an answer that has begun and does not go on.
 */
import type { Clock } from "@holdfast/protocol";
import type { Moving } from "../facts.ts";
import { AnswerReader, type Head } from "../probes/http1-answer.ts";
import { within } from "../probes/pause.ts";
import type { Seat, SeatEnd, Seats, Tried } from "../probes/seat.ts";
import { isEventStream, type RequestHead, requestBytes } from "./http1.ts";
import type { Line, LineEnd } from "./line.ts";
import { endingOf, onWrite, type SeatContext } from "./seats-http1.ts";

export interface StreamTarget {
  /** The path for a silence of so long, and for what is to move. */
  path(moving: Moving, delayMs: number): string;
  /** The agent's own stream: it sends one event after the silence. */
  readonly isAgent: boolean;
}

/** What came was another answer. */
export class NotAStream extends Error {
  readonly head: Head;

  constructor(head: Head) {
    super(`status ${head.status}, ${head.headers["content-type"] ?? "without a content type"}`);
    this.head = head;
  }
}

/** The agent's stream: silent for so long and then one event, or with something that moves all the time. */
export function agentStream(prefix: string, beatMs: number): StreamTarget {
  return {
    isAgent: true,
    path: (moving, delayMs) => {
      if (moving === "nothing") return `${prefix}/events?everyMs=${Math.max(10, Math.round(delayMs + dueMs))}&silentAfter=1`;
      if (moving === "tcp_keepalive") return `${prefix}/events?silentAfter=0`;
      return `${prefix}/events?everyMs=${Math.round(beatMs)}${moving === "comment" ? "&comment=1" : ""}`;
    },
  };
}

/** The agent's event comes a little after the silence that it ends, so that it is awaited and does not surprise. */
const dueMs = 200;

/** TCP's probes take so long to find a dead flow: one second of silence, ten probes a second apart. */
const probedMs = 12_500;
const answerMsMax = 500;

export function streamSeats(context: SeatContext, target: StreamTarget): Seats {
  const moves: readonly Moving[] = ["tcp_keepalive", ...(target.isAgent ? (["comment", "to_client"] as const) : [])];
  return {
    of: "event-stream",
    moves,
    ...(target.isAgent ? {} : { attemptMs: probedMs }),
    open: async (moving, delayMs) => await StreamSeat.open(context, target, moving, delayMs),
  };
}

const helloBytesMax = 16_384;

export class StreamSeat implements Seat {
  readonly ended: Promise<SeatEnd>;
  connId: string | null = null;
  readonly openedMs: number;
  /** When chunks came. */
  readonly chunksMs: number[] = [];
  readonly #line: Line;
  readonly #clock: Clock;
  readonly #target: StreamTarget;
  readonly #moving: Moving;
  readonly #reader = new AnswerReader(false, helloBytesMax);
  readonly #head = Promise.withResolvers<Head | Error>();
  #bodyBytes = 0;
  /** Since when nothing of the body has come. The agent writes its hello at once, so a hop that holds it back hides no silence; what ends the body breaks none. */
  #quietSinceMs: number;
  #came: () => void = () => {};

  private constructor(context: SeatContext, target: StreamTarget, line: Line, moving: Moving) {
    this.#clock = context.clock;
    this.#target = target;
    this.#line = line;
    this.#moving = moving;
    this.openedMs = this.#clock.monoMs();
    this.#quietSinceMs = this.openedMs;
    const whole = Promise.withResolvers<LineEnd>();
    line.onBytes = (bytes) => {
      const state = this.#reader.read(bytes);
      if (state.at === "fault") this.#head.resolve(new Error(state.why));
      if (state.at === "body" || state.at === "done") this.#took(state.head, state.bodyBytes);
      // The last chunk is the end of the stream, whatever becomes of the connection.
      if (state.at === "done") whole.resolve({ how: "fin", atMs: this.#clock.monoMs(), why: "the answer ended" });
    };
    this.ended = Promise.race([line.ended, whole.promise]).then((end) => {
      this.#head.resolve(new Error("the connection ended instead"));
      return { how: endingOf(end), atMs: end.atMs };
    });
  }

  /** Rejects with `NotAStream` when the answer is none. */
  static async open(context: SeatContext, target: StreamTarget, moving: Moving, delayMs: number): Promise<StreamSeat> {
    const { dialler, clock, request, waitMs } = context;
    const line = await dialler.dial({ alpn: ["http/1.1"] });
    const seat = new StreamSeat(context, target, line, moving);
    const headers = [["accept", "text/event-stream"] as const, ...request.headers.filter(([name]) => name !== "accept")];
    const asked: RequestHead = { ...request, method: "GET", path: target.path(moving, delayMs), headers };
    line.read();
    line.write(requestBytes(asked));
    const head = await within(clock, seat.#head.promise, waitMs, new Error("no answer in time"));
    if (head instanceof Error || head.status !== 200 || !isEventStream(head)) {
      seat.close();
      throw head instanceof Error ? head : new NotAStream(head);
    }
    if (moving === "tcp_keepalive") line.probe();
    return seat;
  }

  lastByteMs(): number {
    return this.#quietSinceMs;
  }

  /** The agent's event, which is due; without the agent TCP's probes, which any kernel answers. */
  async attempt(waitMs: number): Promise<Tried> {
    if (this.#line.end !== null) return { how: endingOf(this.#line.end) };
    const came = new Promise<"alive">((resolve) => {
      this.#came = () => resolve("alive");
    });
    const isProbed = !this.#target.isAgent || this.#moving === "tcp_keepalive";
    if (isProbed) this.#line.probe();
    const startMs = this.#clock.monoMs();
    const first = await within(this.#clock, Promise.race([came, this.ended]), waitMs, null);
    if (first === "alive") return { how: "alive" };
    if (first === null) return { how: isProbed ? "alive" : "silent" };
    // A probe is answered within a round trip: whatever comes later was not caused by it.
    if (isProbed && first.how !== "silent" && first.atMs > startMs + answerMsMax) return { how: first.how, endedMs: first.atMs };
    return this.#line.end === null ? { how: first.how } : onWrite(this.#line.end);
  }

  /** What moves is sent by the agent, or by the kernel. */
  move(): void {}

  close(): void {
    this.#line.close();
  }

  #took(head: Head, bodyBytes: number): void {
    this.#head.resolve(head);
    if (bodyBytes === this.#bodyBytes) return;
    this.#bodyBytes = bodyBytes;
    this.chunksMs.push(this.#clock.monoMs());
    if (this.chunksMs.length > chunksMax) this.chunksMs.shift();
    const isHello = this.#target.isAgent && this.connId === null;
    if (isHello) this.connId = /"connId":"([^"]{1,200})"/.exec(this.#reader.kept)?.[1] ?? null;
    else this.#quietSinceMs = this.#clock.monoMs();
    this.#came();
  }
}

/** Moments that are remembered of one stream. */
const chunksMax = 1_000;

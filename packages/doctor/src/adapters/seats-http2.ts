/**
 * Seats of HTTP/2: a session that has carried a request and has no stream any more.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import type { Clock } from "@holdfast/protocol";
import type { Moving } from "../facts.ts";
import { pause, within } from "../probes/pause.ts";
import type { Seat, SeatEnd, Seats, Tried } from "../probes/seat.ts";
import type { Line } from "./line.ts";
import { endingOf, onWrite, type SeatContext } from "./seats-http1.ts";

export function sessionSeats(context: SeatContext): Seats {
  return {
    of: "http2",
    moves: ["tcp_keepalive", "h2_ping"],
    open: async (moving) => {
      const seat = await SessionSeat.open(context, moving);
      if (moving === "tcp_keepalive") seat.line.probe();
      return seat;
    },
  };
}

/** Whether HTTP/2 is spoken here: by TLS's agreement, or by trying it without asking on a plain connection. */
export async function speaksHttp2(context: SeatContext): Promise<boolean> {
  try {
    (await SessionSeat.open(context, "nothing")).close();
    return true;
  } catch {
    return false;
  }
}

class SessionSeat implements Seat {
  readonly connId = null;
  readonly ended: Promise<SeatEnd>;
  readonly line: Line;
  readonly #session: ClientHttp2Session;
  readonly #context: SeatContext;
  readonly #clock: Clock;
  readonly #moving: Moving;
  #quietSinceMs: number;
  #goaway: { code: number; atMs: number } | null = null;

  private constructor(context: SeatContext, line: Line, moving: Moving) {
    this.#moving = moving;
    this.#context = context;
    this.#clock = context.clock;
    this.line = line;
    this.#quietSinceMs = context.clock.monoMs();
    const { promise, resolve } = Promise.withResolvers<SeatEnd>();
    this.ended = promise;
    this.#session = connect(context.dialler.origin, { createConnection: () => line.socket });
    this.#session.on("goaway", (code) => {
      this.#goaway ??= { code, atMs: this.#clock.monoMs() };
      resolve({ how: "goaway", ...this.#goaway });
    });
    // The session reads the socket below its stream, so what ends it is told here and not there.
    this.#session.on("error", (fault: NodeJS.ErrnoException) => line.failed(fault));
    this.#session.on("close", () => line.finish("fin", "closed"));
    void line.ended.then((end) => resolve(this.#goaway === null ? { how: endingOf(end), atMs: end.atMs } : { how: "goaway", ...this.#goaway }));
  }

  /** Rejects when the other side does not speak it, or does not answer. */
  static async open(context: SeatContext, moving: Moving): Promise<SessionSeat> {
    const { dialler, waitMs } = context;
    const line = await dialler.dial({ alpn: ["h2"] });
    if (dialler.isSecure && line.secured?.alpnProtocol !== "h2") {
      line.close();
      throw new Error("TLS did not agree on HTTP/2");
    }
    const seat = new SessionSeat(context, line, moving);
    const tried = await seat.attempt(waitMs);
    if (tried.how === "alive") return seat;
    seat.close();
    throw new Error("no answer over HTTP/2");
  }

  lastByteMs(): number {
    return this.#quietSinceMs;
  }

  async attempt(waitMs: number): Promise<Tried> {
    if (this.#session.destroyed || this.#session.closed || this.line.end !== null) return this.#ending(false);
    const over = new AbortController();
    const answered = this.#request(over.signal);
    const tried = await within(this.#clock, Promise.race([answered, this.line.ended.then(() => null)]), waitMs, "silent" as const);
    over.abort();
    if (tried === "silent") return { how: "silent" };
    if (tried === null || tried === "refused") {
      // A stream can be told of the end before the session is.
      await pause(this.#clock, 20);
      return this.#ending(true);
    }
    this.#quietSinceMs = this.#clock.monoMs();
    return { how: "alive" };
  }

  move(): void {
    if (this.#moving !== "h2_ping" || this.#session.destroyed || this.#session.closed) return;
    this.#session.ping((fault) => {
      if (fault === null) this.#quietSinceMs = this.#clock.monoMs();
    });
  }

  close(): void {
    this.#session.destroy();
    this.line.close();
  }

  #ending(wasWritten: boolean): Tried {
    if (this.#goaway !== null) return { how: "goaway", code: this.#goaway.code };
    if (this.line.end === null) return { how: "fin" };
    return wasWritten ? onWrite(this.line.end) : { how: endingOf(this.line.end) };
  }

  /** Null: the session takes no further request, which it says by throwing. */
  #asked(headers: Record<string, string>): ClientHttp2Stream | null {
    try {
      return this.#session.request(headers);
    } catch {
      return null;
    }
  }

  /** Resolves with the status once the answer has begun: its body is not awaited. */
  #request(signal: AbortSignal): Promise<number | "refused"> {
    const { request, dialler } = this.#context;
    return new Promise((resolve) => {
      const scheme = dialler.isSecure ? "https" : "http";
      const names = { ":method": request.method, ":path": request.path, ":scheme": scheme, ":authority": request.host };
      const stream = this.#asked({ ...names, ...Object.fromEntries(request.headers) });
      if (stream === null) return resolve("refused");
      const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL);
      signal.addEventListener("abort", cancel, { once: true });
      stream.on("response", (headers) => {
        stream.resume();
        const status = Number(headers[":status"]);
        // Short bodies are read, so that nothing of the answer is under way when the silence begins.
        stream.once("end", () => resolve(status));
        this.#clock.after(1_000, () => resolve(status));
      });
      stream.on("error", () => resolve("refused"));
      stream.on("close", () => resolve("refused"));
      stream.end();
    });
  }
}

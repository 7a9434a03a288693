/**
 * One call of gRPC over HTTP/2, whatever its method: how it begins, is written to, and ends by trailers ("gRPC over HTTP/2"). It knows no
 * method. It must never end without a status, unless it is reset, nor wait for a peer that has been answered.
 *
 *     HEADERS (content-type: application/grpc) DATA* HEADERS (grpc-status ...)     or, when nothing was said: one HEADERS with both
 */
import type { IncomingMessage } from "node:http";
import { constants, type Http2ServerResponse, type OutgoingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { type Code, codes, type Env, type FramingFault, LengthPrefixedReader, type Timer } from "@holdfast/protocol";
import { type CallCode, type GrpcStatusName, grpcMessage, grpcStatuses, grpcStatusOf } from "@holdfast/protocol/grpc";
import type { CloseDetails } from "../../carrier.ts";
import { closeHandshakeMs } from "../../hub/link-state.ts";

/** How a call ends. */
export interface CallEnd extends CloseDetails {
  readonly status: GrpcStatusName;
  readonly code?: Code;
}

/** The end that stands for a code. */
export function endOf(code: Code, details: CloseDetails = {}): CallEnd {
  return { status: grpcStatusOf[code as CallCode] ?? "INTERNAL", code, message: codes[code].meaning, ...details };
}

/** Thrown out of a method: the call ends like this. */
export class CallFault extends Error {
  readonly end: CallEnd;

  constructor(end: CallEnd) {
    super(end.message);
    this.end = end;
  }
}

const framingFaults: Readonly<Record<FramingFault | "compressed" | "malformed" | "cut", CallEnd>> = {
  too_large: { status: "RESOURCE_EXHAUSTED", code: "frame_too_large", message: "the message is larger than this server takes" },
  too_many_pieces: { status: "RESOURCE_EXHAUSTED", code: "frame_too_large", message: "the message comes in too many frames" },
  bad_flags: { status: "INTERNAL", code: "protocol_error", message: "expected a length-prefixed message" },
  compressed: { status: "INTERNAL", code: "protocol_error", message: "the message says that it is compressed, and no encoding was agreed on" },
  malformed: { status: "INTERNAL", code: "protocol_error", message: "the message is not what this method takes" },
  cut: { status: "INTERNAL", code: "protocol_error", message: "the request ended in the middle of a message" },
};

/** The end for a request whose bytes are wrong. */
export const framingFault = (fault: keyof typeof framingFaults): CallEnd => framingFaults[fault];

const beginning: OutgoingHttpHeaders = { ":status": 200, "content-type": "application/grpc", "grpc-accept-encoding": "identity" };
/** Longer than timers may be, and than any call should. */
const deadlineMsMax = 2_147_483_647;

function trailersOf({ status, code, message, afterMs, windowMs }: CallEnd): OutgoingHttpHeaders {
  return {
    "grpc-status": String(grpcStatuses[status]),
    ...(message === undefined ? {} : { "grpc-message": grpcMessage(message) }),
    ...(code === undefined ? {} : { "holdfast-code": code }),
    ...(afterMs === undefined ? {} : { "grpc-retry-pushback-ms": String(afterMs), "holdfast-after-ms": String(afterMs) }),
    ...(windowMs === undefined ? {} : { "holdfast-window-ms": String(windowMs) }),
  };
}

export class GrpcCall {
  readonly request: IncomingMessage;
  readonly stream: ServerHttp2Stream;
  readonly session: ServerHttp2Session;
  readonly #response: Http2ServerResponse;
  readonly #env: Env;
  #isEnded = false;
  /** It was answered, and its peer has done nothing about it. */
  #isOverdue = false;
  #deadline: Timer | null = null;

  constructor(request: IncomingMessage, response: Http2ServerResponse, session: ServerHttp2Session, env: Env) {
    const { stream } = response;
    this.request = request;
    this.#response = response;
    this.stream = stream;
    this.session = session;
    this.#env = env;
    stream.once("close", () => {
      this.#isEnded = true;
      this.#deadline?.cancel();
    });
  }

  /** Nothing more can be said. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Calls back when the time is over, unless the call is. */
  within(ms: number, over: () => void): void {
    const timer = this.#env.clock.after(Math.min(ms, deadlineMsMax), () => this.#isEnded || over());
    this.stream.once("close", () => timer.cancel());
  }

  /** Sends the headers, if they have not been sent. */
  begin(): void {
    if (this.#isEnded || this.stream.headersSent) return;
    this.stream.respond(beginning, { waitForTrailers: true });
  }

  /** Writes framed messages. */
  write(framed: Uint8Array): void {
    if (this.#isEnded) return;
    this.begin();
    this.stream.write(framed);
  }

  end(end: CallEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { stream } = this;
    const trailers = trailersOf(end);
    if (stream.headersSent) {
      // Node's stand-in for a response asks for them itself when the time has come.
      this.#response.addTrailers(trailers);
      stream.end();
    } else stream.respond({ ...beginning, ...trailers }, { endStream: true });
    // What still comes is thrown away: a peer that has its answer resets the call, or ends its side.
    stream.resume();
    this.#deadline = this.#env.clock.after(closeHandshakeMs, () => {
      this.#isOverdue = true;
      if (stream.writableFinished) stream.close(constants.NGHTTP2_NO_ERROR);
      else this.cut();
    });
  }

  /** Resets the call; what is queued is not delivered. One that has been answered, with nothing queued, is left its status: nothing else is to come of it. */
  cut(): void {
    if (this.#isEnded && !this.stream.destroyed && this.stream.writableLength === 0 && !this.#isOverdue) return;
    this.#isEnded = true;
    this.stream.destroy(new Error("The call was cut off"));
  }

  /** Gives every message of the request to `take`; `done` when there are no more. `fault`: what is wrong with its bytes. */
  read(bytesMax: number, take: (message: Uint8Array) => void, done: () => void, fault: (end: CallEnd) => void): void {
    const reader = new LengthPrefixedReader(bytesMax);
    let isFaulty = false;
    const failed = (why: keyof typeof framingFaults): void => {
      if (isFaulty || this.#isEnded) return;
      isFaulty = true;
      fault(framingFault(why));
    };
    this.stream.on("data", (piece: Buffer) => {
      if (isFaulty || this.#isEnded) return;
      const why = reader.push(piece, (message, isCompressed) => {
        if (isFaulty || this.#isEnded) return;
        if (isCompressed) failed("compressed");
        else take(message);
      });
      if (why !== null) failed(why);
    });
    this.stream.on("end", () => {
      if (reader.isMidMessage) failed("cut");
      else if (!isFaulty && !this.#isEnded) done();
    });
  }

  /** The one message of a unary call. Rejects with a CallFault. */
  only(bytesMax: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      let only: Uint8Array | null = null;
      const no = (end: CallEnd): void => reject(new CallFault(end));
      const take = (message: Uint8Array): void => {
        if (only === null) only = message.slice();
        else no({ status: "INTERNAL", code: "protocol_error", message: "expected one message" });
      };
      const done = (): void => {
        if (only === null) no({ status: "INTERNAL", code: "protocol_error", message: "expected a message" });
        else resolve(only);
      };
      this.read(bytesMax, take, done, no);
      // A client that left is answered nothing.
      this.stream.once("close", () => no({ status: "CANCELLED" }));
    });
  }
}

/**
 * Requests of HTTP/1.1 on one connection, with the time of each step. It writes and reads the bytes itself, because a client that keeps a pool
 * would hide how a connection ends.
 */
import type { Clock } from "@holdfast/protocol";
import { AnswerReader, type AnswerState, type Head } from "../probes/http1-answer.ts";
import { pause } from "../probes/pause.ts";
import type { Line, LineEnd } from "./line.ts";

export interface RequestHead {
  readonly method: "GET" | "HEAD";
  readonly path: string;
  readonly host: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** The bytes of a request without a body. */
export function requestBytes({ method, path, host, headers }: RequestHead): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${host}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

/** endless: the body was not over in time, is longer than an examination reads, or is an event stream, which has no end to wait for. */
export type Exchanged =
  | {
      readonly is: "answered";
      readonly head: Head;
      readonly bodyBytes: number;
      readonly waitMs: number;
      readonly bodyMs: number;
      readonly untilEnd: boolean;
      readonly body: string;
    }
  | { readonly is: "endless"; readonly head: Head; readonly waitMs: number }
  | { readonly is: "ended"; readonly end: LineEnd; readonly head: Head | null }
  | { readonly is: "silent" }
  | { readonly is: "fault"; readonly why: string };

export interface ExchangeLimits {
  /** For the first byte, and again for the rest where that has no limit of its own. */
  readonly waitMs: number;
  readonly restMs?: number;
  readonly bodyBytesMax: number;
  /** So much of the body is kept; nothing by default. */
  readonly keepBytesMax?: number;
}

/** A body that is longer is not read: what is asked about is the connection. */
export const bodyBytesMax = 1_048_576;

export const isEventStream = ({ headers }: Head): boolean => /^text\/event-stream\b/i.test(headers["content-type"] ?? "");

/** Sends a request and reads its answer. Never rejects. Afterwards the connection's bytes are nobody's again. */
export function exchange(line: Line, request: RequestHead, limits: ExchangeLimits, clock: Clock): Promise<Exchanged> {
  return new Promise((resolve) => {
    const reader = new AnswerReader(request.method === "HEAD", limits.keepBytesMax);
    const sentMs = clock.monoMs();
    const [over, begun] = [new AbortController(), new AbortController()];
    let firstMs: number | null = null;
    let isDone = false;
    const settle = (result: Exchanged): void => {
      if (isDone) return;
      isDone = true;
      over.abort();
      begun.abort();
      line.onBytes = null;
      resolve(result);
    };
    const look = (state: AnswerState): void => {
      if (state.at === "fault") settle({ is: "fault", why: state.why });
      if (state.at === "body" && (state.bodyBytes > limits.bodyBytesMax || isEventStream(state.head)))
        settle({ is: "endless", head: state.head, waitMs: (firstMs ?? sentMs) - sentMs });
      if (state.at !== "done") return;
      const nowMs = clock.monoMs();
      const waitMs = (firstMs ?? nowMs) - sentMs;
      settle({
        is: "answered",
        head: state.head,
        bodyBytes: state.bodyBytes,
        waitMs,
        bodyMs: nowMs - sentMs - waitMs,
        untilEnd: line.end !== null,
        body: reader.kept,
      });
    };
    line.onBytes = (bytes) => {
      firstMs ??= clock.monoMs();
      begun.abort();
      look(reader.read(bytes));
    };
    void line.ended.then((end) => {
      if (isDone) return;
      const before = reader.state;
      const state = end.how === "fin" ? reader.end() : before;
      if (state.at === "done") look(state);
      else settle({ is: "ended", end, head: before.at === "body" ? before.head : null });
    });
    void (async () => {
      await pause(clock, limits.waitMs, begun.signal);
      if (isDone) return;
      if (firstMs === null) return settle({ is: "silent" });
      await pause(clock, limits.restMs ?? limits.waitMs, over.signal);
      const last = reader.state;
      if (last.at === "body") settle({ is: "endless", head: last.head, waitMs: (firstMs ?? sentMs) - sentMs });
      else settle({ is: "fault", why: "the answer's header block did not end" });
    })();
    line.read();
    line.write(requestBytes(request));
  });
}

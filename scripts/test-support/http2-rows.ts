/**
 * What a hostile HTTP/2 peer sends and what comes of it, as data: one row, one case, raw frames over a socket. Numbers are those
 * of the hostile table, letters tell variants of a row apart. `input` and `expected` are prose for the table, `codes` what the
 * guard may say about the end (none where the session lives on), `goaway` the error codes of HTTP/2 that the peer may read.
 *
 * Common to every row, and asserted for each: the process lives; the server's socket and session are gone within the deadline
 * when the session ends; a session beside it is served before and after; nothing is counted as ended that was not.
 */
import type { ServerHttp2Stream } from "node:http2";
import * as h2 from "./http2-frames.ts";

export interface HostileRow {
  readonly row: number | string;
  readonly part: "F" | "B";
  readonly input: string;
  readonly expected: string;
  /** What the guard says about the end; empty when the session goes on. */
  readonly codes: readonly string[];
  /** Names of errors that a GOAWAY may carry. Node answers INTERNAL_ERROR for much of what it finds; "none": no GOAWAY can arrive. */
  readonly goaway: readonly string[];
  /** Streams that are reset, by the name of the error, where the session goes on. */
  readonly reset?: string;
  /** Handlers may be called this often at most. */
  readonly handlersMax: number;
  readonly limits?: Readonly<Record<string, number>>;
  /** SETTINGS with which the peer begins. */
  readonly settings?: readonly (readonly [number, number])[];
  readonly onStream?: (stream: ServerHttp2Stream) => void;
  readonly run: (peer: h2.RawHttp2) => void;
}

const { frameTypes, flags, frame, headers, requestFields } = h2;

const get = (stream: number, more: h2.Fields = []): Buffer => headers(stream, requestFields("/", "GET", more));
const post = (stream: number): Buffer => headers(stream, requestFields("/", "POST"), flags.endHeaders);
/** The n-th stream of a client. */
const nth = (n: number): number => 2 * n + 1;
const times = (count: number, make: (i: number) => readonly Uint8Array[]): Uint8Array[] => Array.from({ length: count }, (_, i) => make(i)).flat();
const fields = (count: number, value: string): h2.Fields => Array.from({ length: count }, (_, i) => [`x-${i}`, value] as const);

/** A header block in as many frames as it takes. */
function inPieces(stream: number, block: Buffer, piece: number): Buffer[] {
  const pieces = Array.from({ length: Math.ceil(block.length / piece) }, (_, i) => block.subarray(i * piece, (i + 1) * piece));
  return pieces.map((bytes, i) => {
    const end = i === pieces.length - 1 ? flags.endHeaders : 0;
    return i === 0 ? frame(frameTypes.headers, flags.endStream | end, stream, bytes) : h2.continuation(stream, bytes, end);
  });
}

const silent = (stream: ServerHttp2Stream): void => {
  stream.resume();
};
const megabytes = (stream: ServerHttp2Stream): void => {
  stream.respond({ ":status": 200 });
  stream.end(Buffer.alloc(8 << 20, 97));
};

const dead = "GOAWAY with an error, TCP closed within 2 s";
const anyError = h2.errorNames.filter((name) => name !== "NO_ERROR");

/** A frame that ends the session whatever the guard says: Node finds the fault, the guard sees to the end. */
function fault(row: string, input: string, handlersMax: number, parts: () => readonly Uint8Array[]): HostileRow {
  const expected = `${dead}; ${handlersMax === 0 ? "no handler called" : "at most one handler called"}`;
  return { row, part: "F", input, expected, codes: ["protocol_error"], goaway: anyError, handlersMax, onStream: silent, run: (peer) => peer.send(...parts()) };
}

export const http2Rows: readonly HostileRow[] = [
  {
    row: "24",
    part: "B",
    input: "A response is asked for with an initial window of 0 that is never raised",
    expected: "session ended after `windowStallMs` without progress, TCP closed within 2 s",
    codes: ["slow_reader"],
    goaway: ["ENHANCE_YOUR_CALM"],
    handlersMax: 1,
    limits: { windowStallMs: 600 },
    settings: [[h2.settingIds.initialWindowSize, 0]],
    onStream: megabytes,
    run: (peer) => peer.send(get(1)),
  },
  {
    row: "24a",
    part: "B",
    input: "The same, with a window that is raised by one byte again and again",
    expected: "the same: a byte now and then is no progress",
    codes: ["slow_reader"],
    goaway: ["ENHANCE_YOUR_CALM"],
    handlersMax: 1,
    limits: { windowStallMs: 600 },
    settings: [[h2.settingIds.initialWindowSize, 0]],
    onStream: megabytes,
    run: (peer) => {
      peer.send(get(1));
      const timer = setInterval(() => peer.send(h2.windowUpdate(1, 1)), 50);
      peer.socket.once("close", () => clearInterval(timer));
    },
  },
  {
    row: "24b",
    part: "B",
    input: "Windows as wide as can be, and nothing is read from the socket",
    expected: "session ended after `windowStallMs` without progress, TCP reset within 2 s",
    codes: ["slow_reader"],
    goaway: ["none"],
    handlersMax: 1,
    limits: { windowStallMs: 600 },
    settings: [[h2.settingIds.initialWindowSize, 0x7fff_ffff]],
    onStream: megabytes,
    run: (peer) => {
      peer.socket.pause();
      peer.send(h2.windowUpdate(0, 0x7ffe_0000), get(1));
    },
  },
  {
    row: "60",
    part: "F",
    input: "Rapid reset (CVE-2023-44487): 3,000 requests, each reset at once",
    expected: `${dead}; handlers called no more often than \`resetsMax\` and one batch`,
    codes: ["reset_flood", "protocol_error"],
    goaway: anyError,
    handlersMax: 210,
    onStream: silent,
    run: (peer) => peer.send(...times(3_000, (i) => [get(nth(i)), h2.rstStream(nth(i))])),
  },
  {
    row: "60a",
    part: "F",
    input: "The same with NO_ERROR as the reason of the resets",
    expected: "the same",
    codes: ["reset_flood", "protocol_error"],
    goaway: anyError,
    handlersMax: 210,
    onStream: silent,
    run: (peer) => peer.send(...times(3_000, (i) => [get(nth(i)), h2.rstStream(nth(i), 0)])),
  },
  {
    row: "60b",
    part: "F",
    input: "Rapid reset without haste: 10 requests, reset at once, every 20 ms",
    expected: `${dead}: ENHANCE_YOUR_CALM at \`resetsMax\``,
    codes: ["reset_flood"],
    goaway: ["ENHANCE_YOUR_CALM"],
    handlersMax: 210,
    onStream: silent,
    run: (peer) => {
      let n = 0;
      const timer = setInterval(() => peer.send(...times(10, () => [get(nth(n)), h2.rstStream(nth(n++))])), 20);
      peer.socket.once("close", () => clearInterval(timer));
    },
  },
  {
    row: "60c",
    part: "F",
    input: "Requests that make the server do the resetting: 1,000 bodies beyond their announced length, one by one",
    expected: `${dead}; handlers called no more often than \`resetsMax\` and one batch`,
    codes: ["reset_flood", "protocol_error"],
    goaway: anyError,
    handlersMax: 210,
    onStream: silent,
    run: (peer) =>
      peer.send(
        ...times(1_000, (i) => [
          headers(nth(i), requestFields("/", "POST", [["content-length", "1"]]), flags.endHeaders),
          h2.data(nth(i), Buffer.from("too long"), flags.endStream),
        ]),
      ),
  },
  fault("61a", "MadeYouReset (CVE-2025-8671): WINDOW_UPDATE of 0 on a stream", 1, () => [post(1), h2.windowUpdate(1, 0)]),
  fault("61b", "MadeYouReset: WINDOW_UPDATE that takes a stream's window past 2^31-1", 1, () => [post(1), h2.windowUpdate(1, 0x7fff_ffff)]),
  fault("61c", "MadeYouReset: PRIORITY of four bytes", 1, () => [post(1), frame(frameTypes.priority, 0, 1, Buffer.alloc(4))]),
  {
    row: "61d",
    part: "F",
    input: "MadeYouReset: 100 times PRIORITY of a stream that depends on itself",
    expected: "nothing: PRIORITY is ignored (RFC 9113, section 5.3.2); at most one handler called",
    codes: [],
    goaway: [],
    handlersMax: 1,
    onStream: silent,
    run: (peer) => peer.send(post(1), ...times(100, () => [h2.priority(1, 1)])),
  },
  fault("61e", "MadeYouReset: DATA on a stream that the peer has ended", 1, () => [get(1), h2.data(1, Buffer.from("x"))]),
  fault("61f", "MadeYouReset: HEADERS on a stream that the peer has ended", 1, () => [get(1), get(1)]),
  fault("62a", "HEADERS with 12 CONTINUATION frames", 0, () => inPieces(1, h2.headerBlock([...requestFields(), ...fields(12, "y")]), 10)),
  fault("62b", "HEADERS with empty CONTINUATION frames and no end (CVE-2024-27983)", 0, () => [
    frame(frameTypes.headers, flags.endStream, 1),
    ...times(100, () => [h2.continuation(1, Buffer.alloc(0))]),
  ]),
  fault("62c", "WINDOW_UPDATE that takes the connection's window past 2^31-1 (CVE-2026-21714)", 0, () => [h2.windowUpdate(0, 0x7fff_ffff)]),
  fault("62d", "WINDOW_UPDATE of 0 on the connection", 0, () => [h2.windowUpdate(0, 0)]),
  fault("62e", "A header block with an index that no table has", 0, () => [frame(frameTypes.headers, flags.endStream | flags.endHeaders, 1, Buffer.of(0xbf))]),
  fault("62f", "A header block that ends within an integer (CVE-2025-59465)", 0, () => [
    frame(frameTypes.headers, flags.endStream | flags.endHeaders, 1, Buffer.alloc(8, 0xff)),
  ]),
  fault("62g", "A request on a stream with an even number", 0, () => [get(2)]),
  fault("62h", "PING of seven bytes", 0, () => [frame(frameTypes.ping, 0, 0, Buffer.alloc(7))]),
  fault("62i", "SETTINGS with a frame size of 1", 0, () => [h2.settings([[h2.settingIds.maxFrameSize, 1]])]),
  fault("62j", "A frame longer than the server allows", 1, () => [post(1), h2.data(1, Buffer.alloc(20_000))]),
  fault("62k", "RST_STREAM of a stream that was never opened", 0, () => [h2.rstStream(7)]),
  fault("62l", "PUSH_PROMISE from a client", 0, () => [frame(frameTypes.pushPromise, flags.endHeaders, 1, Buffer.alloc(8))]),
  {
    row: "62m",
    part: "F",
    input: "A header block that does not end, one byte now and then",
    expected: "asked by PING after `pingAfterMs`, session ended after `pingAckMs`, TCP closed within 2 s; no handler called",
    codes: ["zombie"],
    goaway: ["NO_ERROR"],
    handlersMax: 0,
    limits: { pingAfterMs: 300, pingAckMs: 500 },
    run: (peer) => {
      const block = h2.headerBlock([...requestFields(), ...fields(1, "y".repeat(1_000))]);
      peer.send(Buffer.concat([frame(frameTypes.headers, flags.endStream, 1, block).subarray(0, 30)]));
      const timer = setInterval(() => peer.send(Buffer.of(0x79)), 100);
      peer.socket.once("close", () => clearInterval(timer));
    },
  },
  {
    row: "63a",
    part: "F",
    input: "A header list of 80 KB",
    expected: "the stream is reset with ENHANCE_YOUR_CALM; no handler called",
    codes: [],
    goaway: [],
    reset: "ENHANCE_YOUR_CALM",
    handlersMax: 0,
    run: (peer) => peer.send(...inPieces(1, h2.headerBlock([...requestFields(), ...fields(20, "v".repeat(4_000))]), 16_384)),
  },
  {
    row: "63b",
    part: "F",
    input: "A header list of 200 fields",
    expected: "the stream is reset with ENHANCE_YOUR_CALM; no handler called",
    codes: [],
    goaway: [],
    reset: "ENHANCE_YOUR_CALM",
    handlersMax: 0,
    run: (peer) => peer.send(get(1, fields(200, "v"))),
  },
  {
    row: "64",
    part: "F",
    input: "5,000 requests that stay open",
    expected: `${dead}; \`streamsMax\` handlers called`,
    codes: ["protocol_error"],
    goaway: anyError,
    handlersMax: 100,
    onStream: silent,
    run: (peer) => peer.send(...times(5_000, (i) => [post(nth(i))])),
  },
  {
    row: "65",
    part: "F",
    input: "20,000 PINGs, answers read",
    expected: `${dead}: ENHANCE_YOUR_CALM at \`pingsMax\``,
    codes: ["ping_flood"],
    goaway: ["ENHANCE_YOUR_CALM"],
    handlersMax: 0,
    run: (peer) => peer.send(...times(20_000, () => [h2.ping()])),
  },
  {
    row: "65a",
    part: "F",
    input: "A SETTINGS frame 1,000 times, answers read",
    expected: `${dead}: ENHANCE_YOUR_CALM at \`settingsFramesMax\``,
    codes: ["settings_flood"],
    goaway: ["ENHANCE_YOUR_CALM"],
    handlersMax: 0,
    run: (peer) => peer.send(...times(1_000, () => [h2.settings([[h2.settingIds.initialWindowSize, 65_535]])])),
  },
  {
    row: "66a",
    part: "F",
    input: "200,000 PINGs, nothing read",
    expected: "session ended, TCP reset within 2 s",
    codes: ["ping_flood", "protocol_error"],
    goaway: ["none"],
    handlersMax: 0,
    run: (peer) => {
      peer.socket.pause();
      for (let i = 0; i < 20; i++) peer.send(...times(10_000, () => [h2.ping()]));
    },
  },
  {
    row: "66b",
    part: "F",
    input: "100,000 SETTINGS, nothing read",
    expected: "session ended, TCP reset within 2 s",
    codes: ["settings_flood", "protocol_error"],
    goaway: ["none"],
    handlersMax: 0,
    run: (peer) => {
      peer.socket.pause();
      for (let i = 0; i < 10; i++) peer.send(...times(10_000, () => [h2.settings([[h2.settingIds.initialWindowSize, 65_535]])]));
    },
  },
  {
    row: "66c",
    part: "F",
    input: "5,000 empty DATA frames",
    expected: `${dead} after \`invalidFramesMax\`; at most one handler called`,
    codes: ["protocol_error"],
    goaway: anyError,
    handlersMax: 1,
    onStream: silent,
    run: (peer) => peer.send(post(1), ...times(5_000, () => [h2.data(1, Buffer.alloc(0))])),
  },
  {
    row: "66d",
    part: "F",
    input: "2,000 requests with a field name in upper case",
    expected: `${dead}; no handler called`,
    codes: ["protocol_error", "reset_flood"],
    goaway: anyError,
    handlersMax: 0,
    run: (peer) => peer.send(...times(2_000, (i) => [get(nth(i), [["X-UPPER", "y"]])])),
  },
  {
    row: "66e",
    part: "F",
    input: "100,000 frames of an unknown type",
    expected: dead,
    codes: ["protocol_error", "stray_flood"],
    goaway: anyError,
    handlersMax: 0,
    run: (peer) => peer.send(...times(100_000, () => [frame(99, 0, 0, Buffer.alloc(4))])),
  },
  {
    row: "66f",
    part: "F",
    input: "20,000 PINGs that answer nothing",
    expected: dead,
    codes: ["protocol_error", "stray_flood"],
    goaway: anyError,
    handlersMax: 0,
    run: (peer) => peer.send(...times(20_000, () => [h2.ping(Buffer.alloc(8), flags.ack)])),
  },
];

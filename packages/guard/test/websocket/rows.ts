/**
 * What a WebSocket peer may do wrong, as data: one row, one case, with what a guarded `ws` server answers. The numbers are those of the
 * table of hostile inputs. rows.test.ts runs each over bare bytes.
 */
import { deflateRawSync } from "node:zlib";
import type { EndCode, WebSocketLimits } from "@holdfast/guard";
import type { ServerOptions } from "ws";
import { clientFrame, closeFrame, opcodes } from "../support/ws-frames.ts";

export interface HostileRow {
  readonly row: number;
  readonly part: "B" | "C";
  readonly input: string;
  readonly expected: string;
  /** How the connection ends, in the words of the table of ends. */
  readonly codes: readonly EndCode[];
  /** What the peer sends after the upgrade. */
  readonly bytes: readonly Buffer[];
  /** The close code that the peer is sent. */
  readonly close: number;
  /** The peer reads nothing after the upgrade. */
  readonly isDeaf?: true;
  /** Messages that the host may have been given before the end. */
  readonly messages?: number;
  readonly limits?: Partial<WebSocketLimits>;
  readonly ws?: ServerOptions & { readonly maxPendingAutoPongs?: number };
  readonly headers?: Readonly<Record<string, string>>;
}

const text = (payload: Buffer | string, bits?: number): Buffer => clientFrame(payload, opcodes.text, bits);
const more = (payload: Buffer | string, bits?: number): Buffer => clientFrame(payload, opcodes.continuation, bits);
const raw = (hex: string): Buffer => Buffer.from(hex, "hex");
const deflate = { ws: { perMessageDeflate: true }, headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } } as const;

/** A row of part C: what is sent breaks RFC 6455 or a limit, and the peer is told so at once. */
function frames(row: number, input: string, bytes: readonly Buffer[], close: number, code: EndCode, rest: Partial<HostileRow> = {}): HostileRow {
  return { row, part: "C", input, expected: `close ${close}`, codes: [code], bytes, close, ...rest };
}
const broken = (row: number, input: string, ...bytes: Buffer[]): HostileRow => frames(row, input, bytes, 1002, "protocol_error");
const garbled = (row: number, input: string, bytes: Buffer, rest: Partial<HostileRow> = {}): HostileRow =>
  frames(row, input, [bytes], 1007, "bad_payload", rest);
const tooLarge = (row: number, input: string, bytes: readonly Buffer[], rest: Partial<HostileRow> = {}): HostileRow =>
  frames(row, input, bytes, 1009, "frame_too_large", rest);

const slowness: readonly HostileRow[] = [
  {
    row: 23,
    part: "B",
    input: "a WebSocket reader that never reads, while the host sends it 40 MiB",
    expected: "close 4001 when the queue does not fall, reset after `closeMs`",
    codes: ["slow_reader"],
    bytes: [text("flood")],
    close: 4001,
    isDeaf: true,
    messages: 1,
    limits: { queuedMs: 300 },
  },
  {
    row: 23,
    part: "B",
    input: "a WebSocket reader that never reads, while less waits for it than may wait",
    expected: "close 4001 after `stallMs` without movement, reset after `closeMs`",
    codes: ["slow_reader"],
    bytes: [text("flood")],
    close: 4001,
    isDeaf: true,
    messages: 1,
    limits: { stallMs: 500, queuedBytesMax: 1_000_000_000 },
  },
  {
    row: 25,
    part: "B",
    input: "400,000 pings, pongs unread",
    expected: "close 1008 at the eleventh; no pong is queued after it",
    codes: ["ping_flood"],
    bytes: Array.from({ length: 400 }, () => Buffer.concat(Array.from({ length: 1_000 }, () => clientFrame("", opcodes.ping)))),
    close: 1008,
    isDeaf: true,
    ws: { maxPendingAutoPongs: 0 },
  },
  {
    row: 26,
    part: "B",
    input: "a WebSocket that says nothing and answers no ping",
    expected: "pinged once, then close 4003 and a reset",
    codes: ["zombie"],
    bytes: [],
    close: 4003,
    limits: { heartbeatMs: 300, ackMs: 300 },
  },
  {
    row: 27,
    part: "B",
    input: "more messages per second than allowed",
    expected: "close 4002",
    codes: ["rate_limited"],
    bytes: [Buffer.concat(Array.from({ length: 101 }, () => text("m")))],
    close: 4002,
    messages: 101,
    limits: { messagesPerSecondMax: 10 },
  },
  {
    row: 27,
    part: "B",
    input: "more bytes per second than allowed",
    expected: "close 4002",
    codes: ["rate_limited"],
    bytes: [text("x".repeat(20_000))],
    close: 4002,
    messages: 1,
    limits: { bytesPerSecondMax: 1_000 },
  },
];

const malformed: readonly HostileRow[] = [
  broken(29, "an unmasked frame", raw("81027b7d")),
  broken(29, "RSV1 without an extension", text("{}", 0xc0)),
  broken(29, "RSV2", text("{}", 0xa0)),
  broken(29, "RSV3", text("{}", 0x90)),
  broken(29, "opcode 3", clientFrame("{}", 3)),
  broken(29, "opcode 11", clientFrame("{}", 11)),
  broken(29, "a fragmented ping", clientFrame("", opcodes.ping, 0)),
  broken(29, "a ping of 126 bytes", clientFrame("p".repeat(126), opcodes.ping)),
  broken(29, "a continuation without a start", more("{}")),
  broken(29, "a message inside a fragmented message", text("{", 0), text("}")),
  garbled(30, "invalid UTF-8", text(raw("fffe"))),
  garbled(30, "a lone surrogate in UTF-8", text(raw("eda080"))),
  garbled(30, "invalid UTF-8 in the reason of a close frame", closeFrame(1000, raw("ff"))),
  garbled(30, "a deflate stream that does not inflate", text(raw("ffffffff"), 0xc0), deflate),
];

const oversize: readonly HostileRow[] = [
  tooLarge(31, "a declared length one byte above the limit, header only", [raw("81ff000000000010000100000000")]),
  tooLarge(31, "a declared length of 2^53", [raw("81ff002000000000000000000000")]),
  tooLarge(31, "a declared length with the top bit set", [raw("81ffffffffffffffffff00000000")]),
  tooLarge(31, "fragments that sum above the limit", [text("x".repeat(800_000), 0), more("x".repeat(800_000))]),
  frames(32, "a hundred fragments of one byte", [text("x", 0), ...Array.from({ length: 99 }, () => more("x", 0))], 1008, "fragment_flood"),
  frames(32, "a hundred empty fragments", [text("", 0), ...Array.from({ length: 99 }, () => more("", 0))], 1008, "fragment_flood"),
  frames(32, "a message that is begun and not finished", [text("x", 0), more("x", 0)], 1008, "message_unfinished", {
    expected: "close 1008 after `messageMs`, then a reset",
    limits: { messageMs: 400 },
  }),
  frames(32, "a frame whose payload does not come", [raw("81fe010000000000")], 1008, "message_unfinished", {
    expected: "close 1008 after `messageMs`, then a reset",
    limits: { messageMs: 400 },
  }),
  tooLarge(33, "a deflate bomb of 51 KB that would be 50 MiB", [text(deflateRawSync(Buffer.alloc(52_428_800)), 0xc0)], deflate),
];

const badCodes = [0, 999, 1004, 1005, 1006, 1015, 2000, 2999, 5000];
const goodCodes = [1000, 1003, 1007, 1014, 3000, 4999];

const closes: readonly HostileRow[] = [
  broken(34, "a close frame of one byte", clientFrame("x", opcodes.close)),
  ...badCodes.map((code) => broken(34, `a close frame of code ${code}`, closeFrame(code))),
  ...goodCodes.map((code) => frames(34, `a close frame of code ${code}`, [closeFrame(code)], code, "peer_closed", { expected: "echoed" })),
  frames(35, "messages and pings after the own close frame", [closeFrame(1000), text("late"), clientFrame("", opcodes.ping)], 1000, "peer_closed", {
    expected: "ignored; echoed, and the connection ends",
  }),
  {
    row: 35,
    part: "C",
    input: "a peer that never answers the host's close frame",
    expected: "destroyed after `closeMs`",
    codes: ["host_closed"],
    bytes: [text("close")],
    close: 1001,
    messages: 1,
  },
  frames(36, "a binary message on a text-only server", [clientFrame("{}", opcodes.binary)], 1003, "binary_unsupported", {
    messages: 1,
    limits: { kinds: "text" },
  }),
];

export const hostileRows: readonly HostileRow[] = [...slowness, ...malformed, ...oversize, ...closes];

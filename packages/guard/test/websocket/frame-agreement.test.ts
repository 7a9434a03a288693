import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { it } from "node:test";
import fc from "fast-check";
import { WebSocketServer } from "ws";
import { FrameWatch } from "../../src/websocket/frame-watch.ts";
import { clientFrame, closeFrame, opcodes } from "../support/ws-frames.ts";

interface Counts {
  readonly pings: number;
  readonly pongs: number;
  readonly messages: number;
  readonly hasClosed: boolean;
  readonly isFaulty: boolean;
}

/** Any frames, most of them in their place: a lone fault ends the run, and what comes before it is to be long. */
const frame = fc.oneof(
  { weight: 12, arbitrary: fc.record({ opcode: fc.constantFrom(opcodes.ping, opcodes.pong), bits: fc.constant(0x80), size: fc.nat(125) }) },
  {
    weight: 12,
    arbitrary: fc.record({ opcode: fc.constantFrom(opcodes.text, opcodes.binary), bits: fc.constant(0x80), size: fc.constantFrom(0, 1, 125, 126, 70_000) }),
  },
  { weight: 12, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.record({ opcode: fc.nat(15), bits: fc.constantFrom(0x80, 0, 0xc0, 0x90), size: fc.constantFrom(0, 1, 126) }) },
);

/** `null` stands for a fragmented message with a ping inside. */
const fragmented = Buffer.concat([
  clientFrame("a", opcodes.binary, 0),
  clientFrame("", opcodes.continuation, 0),
  clientFrame("p", opcodes.ping),
  clientFrame("bc", opcodes.continuation),
]);

it("the watch of frames counts what ws counts, for any frames and any split", async () => {
  const http = createServer();
  const wss = new WebSocketServer({ server: http });
  const results: [Counts, Counts][] = [];
  let ended: (() => void) | null = null;
  wss.on("connection", (ws, request) => {
    const frames = new FrameWatch(false);
    const seen = { pings: 0, pongs: 0, messages: 0, hasClosed: false, isFaulty: false };
    request.socket.prependListener("data", (chunk: Buffer) => frames.take(chunk, 0));
    ws.on("ping", () => seen.pings++);
    ws.on("pong", () => seen.pongs++);
    ws.on("message", () => seen.messages++);
    ws.on("error", () => {
      seen.isFaulty = true;
    });
    ws.on("close", (code) => {
      seen.hasClosed = code !== 1006;
      const { pings, pongs, messages, hasClosed, isFaulty } = frames;
      results.push([{ pings, pongs, messages, hasClosed, isFaulty }, seen]);
      ended?.();
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const upgrade =
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

  /** Sends the bytes in pieces, each in a turn of its own, and returns when the server has seen the end. */
  const send = async (bytes: Buffer, cuts: readonly number[]): Promise<void> => {
    const gone = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    socket.setNoDelay(true);
    socket.resume();
    const at = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
    socket.write(upgrade);
    for (let i = 1; i < at.length; i++) {
      socket.write(bytes.subarray(at[i - 1], at[i]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.end();
    await gone;
    socket.destroy();
  };

  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 12 }), fc.boolean(), fc.array(fc.nat(), { maxLength: 6 }), async (list, closes, cuts) => {
      const bytes = list.map((each) => (each === null ? fragmented : clientFrame(Buffer.alloc(each.size), each.opcode, each.bits)));
      // A close frame of zero bytes is code 0, which is for ws alone to judge: the watch does not look into payloads.
      const isCode = (each: (typeof list)[number]): boolean => each !== null && each.opcode === opcodes.close && each.size > 1;
      fc.pre(!list.some(isCode));
      await send(Buffer.concat(closes ? [...bytes, closeFrame(1000), fragmented] : bytes), cuts);
      const [watched, seen] = results.at(-1) ?? [];
      assert.deepEqual(watched, seen);
    }),
    {
      numRuns: 60,
      examples: [
        [[{ opcode: 3, bits: 0x80, size: 0 }], false, []],
        [[], true, []],
      ],
    },
  );
  await new Promise((resolve) => http.close(resolve));
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FrameWatch } from "../../src/websocket/frame-watch.ts";
import { clientFrame, closeFrame, header, opcodes } from "../support/ws-frames.ts";

const text = (payload: string, bits?: number): Buffer => clientFrame(payload, opcodes.text, bits);
const more = (payload: string, bits?: number): Buffer => clientFrame(payload, opcodes.continuation, bits);
const ping = clientFrame("p", opcodes.ping);

function watch(...chunks: readonly Uint8Array[]): FrameWatch {
  const frames = new FrameWatch(false);
  for (const [i, chunk] of chunks.entries()) frames.take(chunk, i);
  return frames;
}

describe("the watch of frames", () => {
  it("counts messages, pings and pongs", () => {
    const { messages, pings, pongs, binaries, bytes, unfinishedSinceMs } = watch(
      Buffer.concat([text("a"), ping, clientFrame("b", opcodes.binary), clientFrame("", opcodes.pong), text("x".repeat(70_000)), text("y".repeat(300))]),
    );
    assert.deepEqual({ messages, pings, pongs, binaries, unfinishedSinceMs }, { messages: 4, pings: 1, pongs: 1, binaries: 1, unfinishedSinceMs: null });
    assert.ok(bytes > 70_300);
  });

  it("knows the fragments of the message that is under way, and since when it is", () => {
    const frames = watch(text("a"), text("b", 0), ping, more("cd", 0));
    assert.equal(frames.fragments, 2);
    assert.equal(frames.messageBytes, 3);
    assert.equal(frames.unfinishedSinceMs, 1);
    frames.take(more("e"), 9);
    assert.deepEqual([frames.fragments, frames.fragmentsMost, frames.messages, frames.unfinishedSinceMs], [0, 3, 2, null]);
  });

  it("counts from the first byte of a frame that does not end, whatever its kind", () => {
    assert.equal(watch(text("a"), ping.subarray(0, 1), ping.subarray(1, 3)).unfinishedSinceMs, 1);
    assert.equal(watch(text("a"), header(1_000_000, 0x81)).unfinishedSinceMs, 1);
  });

  it("keeps the age of a message across a control frame that is itself split", () => {
    const frames = watch(text("b", 0), ping.subarray(0, 2), ping.subarray(2));
    assert.equal(frames.unfinishedSinceMs, 0);
    assert.equal(frames.pings, 1);
  });

  it("counts nothing after the peer's close frame", () => {
    const frames = watch(Buffer.concat([closeFrame(1000), ping, text("a")]));
    assert.deepEqual([frames.hasClosed, frames.pings, frames.messages, frames.isFaulty], [true, 0, 0, false]);
  });

  const faults: readonly (readonly [string, Buffer])[] = [
    ["an unmasked frame", Buffer.from([0x81, 0])],
    ["RSV1 without an extension", text("a", 0xc0)],
    ["RSV2", text("a", 0xa0)],
    ["RSV3", text("a", 0x90)],
    ["opcode 3", clientFrame("", 3)],
    ["opcode 11", clientFrame("", 11)],
    ["a fragmented ping", clientFrame("", opcodes.ping, 0)],
    ["a ping of 126 bytes", clientFrame("p".repeat(126), opcodes.ping)],
    ["a close frame of one byte", clientFrame("x", opcodes.close)],
    ["a continuation without a start", more("a")],
    ["a message inside a message", Buffer.concat([text("a", 0), text("b")])],
    ["a length of 2^53", Buffer.concat([Buffer.from([0x81, 0xff, 0, 0x20, 0, 0, 0, 0, 0, 0]), Buffer.alloc(4)])],
    ["a length with the top bit", Buffer.concat([Buffer.from([0x81, 0xff]), Buffer.alloc(8, 255)])],
  ];
  for (const [what, bytes] of faults) {
    it(`stops at ${what}`, () => {
      const frames = watch(bytes, ping);
      assert.deepEqual([frames.isFaulty, frames.pings], [true, 0]);
    });
  }

  it("takes the greatest length that is a safe integer", () => {
    const frames = watch(Buffer.from([0x81, 0xff, 0, 0x1f, 255, 255, 255, 255, 255, 255]), Buffer.alloc(4));
    assert.equal(frames.isFaulty, false);
    assert.equal(frames.messageBytes, Number.MAX_SAFE_INTEGER);
  });

  it("lets the first bit of a message pass where compression was agreed on, and nowhere else", () => {
    const frames = new FrameWatch(true);
    frames.take(text("a", 0xc0), 0);
    frames.take(text("a", 0x40), 0);
    assert.equal(frames.isFaulty, false);
    frames.take(more("b", 0xc0), 0);
    assert.equal(frames.isFaulty, true);
    const control = new FrameWatch(true);
    control.take(clientFrame("", opcodes.ping, 0xc0), 0);
    assert.equal(control.isFaulty, true);
  });

  it("says the same for every split", () => {
    const frame = fc.record({ opcode: fc.nat(15), bits: fc.constantFrom(0x80, 0x80, 0x80, 0, 0xc0), size: fc.constantFrom(0, 1, 2, 125, 126, 300, 66_000) });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 40 }), (list, cuts) => {
        const whole = Buffer.concat(list.map(({ opcode, bits, size }) => clientFrame(Buffer.alloc(size), opcode, bits)));
        const at = [...cuts.map((cut) => cut % (whole.length + 1)), 0, whole.length].sort((a, b) => a - b);
        const split = new FrameWatch(false);
        for (let i = 1; i < at.length; i++) split.take(whole.subarray(at[i - 1], at[i]), 0);
        const once = new FrameWatch(false);
        once.take(whole, 0);
        assert.deepEqual({ ...split }, { ...once });
      }),
    );
  });
});

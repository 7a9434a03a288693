/** Length-prefixed messages come out as they went in, however they are cut, and what a peer announces costs nothing until it comes. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type FramingFault, LengthPrefixedReader, lengthPrefixBytes, lengthPrefixed, writeHead } from "../src/length-prefixed.ts";

const bytesMax = 65_536;

interface Read {
  readonly messages: Uint8Array[];
  readonly compressed: boolean[];
  readonly fault: FramingFault | null;
  readonly reader: LengthPrefixedReader;
}

function read(pieces: Iterable<Uint8Array>, max = bytesMax): Read {
  const reader = new LengthPrefixedReader(max);
  const messages: Uint8Array[] = [];
  const compressed: boolean[] = [];
  let fault: FramingFault | null = null;
  for (const piece of pieces) {
    fault = reader.push(piece, (message, isCompressed) => {
      messages.push(message.slice());
      compressed.push(isCompressed);
    });
  }
  return { messages, compressed, fault, reader };
}

const joined = (messages: readonly Uint8Array[]): Uint8Array => Buffer.concat(messages.map((message) => lengthPrefixed(message)));
const plain = (messages: readonly Uint8Array[]): number[][] => messages.map((message) => [...message]);

function* cutEvery(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

suite("length-prefixed messages", () => {
  test("have one byte of flags and four of length, most significant first", () => {
    assert.deepEqual([...lengthPrefixed(Uint8Array.of(7, 8))], [0, 0, 0, 0, 2, 7, 8]);
    assert.deepEqual([...lengthPrefixed(new Uint8Array(0), true)], [1, 0, 0, 0, 0]);
    const framed = new Uint8Array(lengthPrefixBytes + 3);
    writeHead(framed.subarray(3), 0x01020304);
    assert.deepEqual([...framed], [0, 0, 0, 0, 1, 2, 3, 4]);
  });

  test("come out as they went in, however they are cut", () => {
    const message = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.infiniteStream(fc.integer({ min: 1, max: 90 })), (messages, sizes) => {
        const bytes = joined(messages);
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; ) {
          const size = sizes.next().value as number;
          pieces.push(bytes.subarray(at, at + size));
          at += size;
        }
        const { messages: seen, fault, reader } = read(pieces);
        assert.equal(fault, null);
        assert.deepEqual(plain(seen), plain(messages));
        assert.equal(reader.isMidMessage, false);
      }),
    );
  });

  test("are cut at every byte, and an end in the middle of one is seen", () => {
    const messages = [Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.of(4)];
    const bytes = joined(messages);
    for (let at = 0; at <= bytes.length; at++) {
      assert.deepEqual(plain(read([bytes.subarray(0, at), bytes.subarray(at)]).messages), plain(messages), `cut at ${at}`);
      assert.equal(read([bytes.subarray(0, at)]).reader.isMidMessage, ![0, 8, 13, 19].includes(at), `ended at ${at}`);
    }
    assert.deepEqual(plain(read(cutEvery(bytes, 1)).messages), plain(messages));
  });

  test("say whether they are compressed; any other flag is a fault at its first byte", () => {
    assert.deepEqual(read([lengthPrefixed(Uint8Array.of(9), true), lengthPrefixed(Uint8Array.of(9))]).compressed, [true, false]);
    assert.equal(read([Uint8Array.of(2)]).fault, "bad_flags");
    assert.equal(read([Buffer.from("POST / HTTP/1.1")]).fault, "bad_flags");
  });

  test("above the limit are refused by their head, and nothing after a fault is given", () => {
    assert.equal(read([lengthPrefixed(new Uint8Array(bytesMax))]).fault, null);
    assert.equal(read([Uint8Array.of(0, 0, 1, 0, 1)]).fault, "too_large");
    assert.equal(read([Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff)]).fault, "too_large");
    const after = read([lengthPrefixed(Uint8Array.of(1)), Uint8Array.of(0, 0, 1, 0, 1), lengthPrefixed(Uint8Array.of(2))]);
    assert.deepEqual([plain(after.messages), after.fault], [[[1]], "too_large"]);
  });

  test("may come in segments of any usual size, and not byte by byte", () => {
    const message = new Uint8Array(bytesMax).fill(5);
    for (const size of [256, 536, 1_400, 16_384]) assert.deepEqual(read(cutEvery(lengthPrefixed(message), size)).messages, [message]);
    const reader = new LengthPrefixedReader(bytesMax);
    let pieces = 0;
    for (const piece of cutEvery(lengthPrefixed(message), 1)) {
      if (reader.push(piece, () => assert.fail("complete")) === "too_many_pieces") break;
      pieces++;
    }
    assert.ok(pieces > 1_000 && pieces < 1_200, `${pieces} pieces`);
    // What is short may come as it likes.
    assert.equal(read(cutEvery(lengthPrefixed(new Uint8Array(60)), 1)).messages.length, 1);
  });

  test("that are announced and do not come take no room", () => {
    const announced = Uint8Array.of(0, 0, 0xff, 0xff, 0xff);
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 2_000 }, () => {
      const reader = new LengthPrefixedReader(0xff_ff_ff);
      assert.equal(
        reader.push(announced, () => {}),
        null,
      );
      assert.equal(
        reader.push(Uint8Array.of(1), () => {}),
        null,
      );
      return reader;
    });
    const each = (process.memoryUsage().arrayBuffers - before) / readers.length;
    assert.ok(each < 4_096, `${each} bytes for each of ${readers.length}`);
    assert.ok(readers.every(({ isMidMessage }) => isMidMessage));
  });
});

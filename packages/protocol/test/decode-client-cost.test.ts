/**
 * Reading a hostile message of full size costs a small multiple of reading an ordinary one of the same size.
 * Only ratios are asserted: the least of several runs of each, so that a busy machine does not matter.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decodeClientFrame, limits, nestsDeeperThan, rawMembers } from "../src/index.ts";

const size = limits.wireBytesMax.value;
const fill = (head: string, sign: string, tail: string): string => head + sign.repeat(Math.floor((size - head.length - tail.length) / sign.length)) + tail;
const inPublish = (sign: string, tail = ""): string => fill('{"type":"publish","id":1,"stream":"a","data":', sign, `${tail}}`);
const text = (sign: string): string => fill('{"type":"publish","id":1,"stream":"a","data":"', sign, '"}');

const ordinary = fill('{"type":"publish","id":1,"stream":"a","data":[0', ',{"id":17,"name":"some name","at":1700000000000,"tags":["a","b"]}', "]}");

const hostile: Readonly<Record<string, string>> = {
  quotes: fill("", '"', ""),
  backslashes: fill("", "\\", ""),
  "escaped quotes": text('\\"'),
  "escaped backslashes": text("\\\\"),
  "a text of backslashes that never ends": fill('{"a":"', "\\", ""),
  "a text of escaped quotes that never ends": fill('{"a":"', '\\"', ""),
  "opening braces": fill("", "{", ""),
  "nested objects": inPublish('{"a":'),
  brackets: inPublish("["),
  "brackets and quotes": inPublish('["'),
  "closing brackets": inPublish("]"),
  "empty lists": fill('{"type":"publish","id":1,"stream":"a","data":[0', ",[]", "]}"),
  "white space": inPublish(" ", "1"),
  "one-letter members": fill('{"type":"publish","id":1,"stream":"a","data":1', ',"b":1', "}"),
  "escaped names": fill('{"type":"publish","id":1,"stream":"a","data":1', ',"\\u0062":1', "}"),
  "different members": `{"type":"publish","id":1,"stream":"a","data":1${Array.from({ length: 5_000 }, (_, i) => `,"m${i}":1`).join("")}}`,
  "numbered members": `{"type":"publish","id":1,"stream":"a","data":1${Array.from({ length: 5_000 }, (_, i) => `,"${i * 65_536}":1`).join("")}}`,
  "one long name": fill('{"', "\\u0061", '":1}'),
  digits: inPublish("1"),
  "an exponent": inPublish("1", "e308"),
  base64: fill('{"type":"publish","id":1,"stream":"a","base64":"', "A", '"}'),
  "base64 that ends wrongly": fill('{"type":"publish","id":1,"stream":"a","base64":"', "AAAA", '=A=="}'),
  "a long name of a stream": fill('{"type":"subscribe","id":1,"from":"now","stream":"', "a/", 'a"}'),
  "a long key": fill('{"type":"publish","id":1,"stream":"a","data":1,"key":"', "\\u0000", '"}'),
  "a long position": fill('{"type":"subscribe","id":1,"stream":"a","from":{"after":"', "e.1", '"}}'),
};

/** The least time of several runs, in nanoseconds. */
function cost(body: () => unknown): bigint {
  let least = 1n << 62n;
  for (let run = 0; run < 15; run++) {
    const start = process.hrtime.bigint();
    body();
    const took = process.hrtime.bigint() - start;
    if (took < least) least = took;
  }
  return least;
}

/** A quadratic reading of 64 KiB would take thousands of times as long. */
const timesMax = 20;
const ratio = (taken: bigint, base: bigint): number => Number((taken * 100n) / base) / 100;

suite("a message of 64 KiB made of", () => {
  const base = cost(() => decodeClientFrame(ordinary));
  const decodedOrdinary = decodeClientFrame(ordinary);
  assert.ok(decodedOrdinary.ok && ordinary.length > size - 100);

  for (const [name, message] of Object.entries(hostile)) {
    test(name, (t) => {
      const times = ratio(
        cost(() => decodeClientFrame(message)),
        base,
      );
      t.diagnostic(`${times} times an ordinary message`);
      assert.ok(times <= timesMax, `${times} times an ordinary message`);
    });
  }

  test("anything: the scanners alone stay within the same bound", () => {
    const scan = cost(() => [nestsDeeperThan(ordinary, 64), rawMembers(ordinary)]);
    for (const [name, message] of Object.entries(hostile)) {
      const scanAll = (): void => {
        nestsDeeperThan(message, 1e9);
        try {
          rawMembers(message);
        } catch {
          // Not JSON: how long it took to find out is what counts.
        }
      };
      const times = ratio(cost(scanAll), scan);
      assert.ok(times <= timesMax, `${name}: ${times} times`);
    }
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Code, HoldfastError, limits } from "@holdfast/protocol";
import type { Line } from "../src/publish/lines.ts";
import { cutLines, type PumpParts, pump, type Sendable } from "../src/publish/pump.ts";
import { emptyTally } from "../src/publish/tally.ts";
import { Window } from "../src/publish/window.ts";

const lines = (...texts: string[]): Line[] => texts.map((text, i) => ({ number: i + 1, bytes: Buffer.from(text) }));
const textOf = (payload: Sendable): string => (payload.kind === "json" ? payload.text : Buffer.from(payload.payload).toString());

async function run(changes: Partial<PumpParts> & Pick<PumpParts, "lines">) {
  const sent: string[] = [];
  const faults: [number, string][] = [];
  const tally = emptyTally();
  const parts: PumpParts = {
    format: "text",
    window: new Window({ entriesMax: 10, bytesMax: 100_000 }),
    tally,
    stop: new AbortController().signal,
    halt: () => {},
    fault: (line, message) => faults.push([line, message]),
    send: async () => ({ position: "e.11", duplicate: false }),
    ...changes,
  };
  const end = await pump({
    ...parts,
    send: (payload) => {
      sent.push(textOf(payload));
      return parts.send(payload);
    },
  });
  return { end, sent, faults, tally };
}
const refusal = (code: Code, stream: string | null = "s") => new HoldfastError(code, undefined, stream === null ? {} : { stream });

test("lines are sent in order and counted", async () => {
  const duplicates = [false, true, false];
  const { end, sent, tally } = await run({
    lines: lines("a", "b", "c"),
    send: async () => ({ position: `e.1${4 - duplicates.length}`, duplicate: duplicates.shift() as boolean }),
  });
  assert.deepEqual(end, { kind: "done" });
  assert.deepEqual(sent, ['"a"', '"b"', '"c"']);
  assert.deepEqual([tally.read, tally.published, tally.duplicates, tally.position], [3, 3, 1, "e.13"]);
});

test("a line that cannot be an entry is told with its number, and the others go on", async () => {
  const input: Line[] = [...lines("{}", "nonsense", ""), { number: 4, overlongBytes: 1e6 }, { number: 5, bytes: Buffer.from("[]") }];
  const { end, sent, faults, tally } = await run({ lines: input, format: "json" });
  assert.deepEqual(end, { kind: "done" });
  assert.deepEqual(sent, ["{}", "[]"]);
  assert.deepEqual(
    faults.map(([line]) => line),
    [2, 4],
  );
  assert.deepEqual([tally.read, tally.published, tally.skipped], [4, 2, 2]);
});

test("the server's refusal of one entry stops nothing", async () => {
  const { end, faults, tally } = await run({
    lines: lines("a", "b"),
    send: async (payload) => {
      if (textOf(payload) === '"a"') throw refusal("entry_too_large");
      return { position: "e.11", duplicate: false };
    },
  });
  assert.deepEqual(end, { kind: "done" });
  assert.deepEqual([tally.published, tally.refused, faults.length], [1, 1, 1]);
});

test("a refusal of the stream ends reading, also while the input is silent, and is told once", async () => {
  const silence = Promise.withResolvers<void>();
  async function* input(): AsyncGenerator<Line> {
    yield* lines("a", "b", "c");
    await silence.promise;
  }
  const { end, faults, tally } = await run({
    lines: input(),
    halt: () => silence.resolve(),
    send: async () => Promise.reject(refusal("stream_closed")),
  });
  assert.deepEqual(end, { kind: "refused", code: "stream_closed" });
  assert.equal(faults.length, 1);
  assert.equal(tally.refused, tally.read);
});

test("an entry without an answer is neither published nor refused", async () => {
  for (const [error, count] of [
    [refusal("unknown_outcome"), "unknown"],
    [refusal("outbox_expired"), "unknown"],
    [refusal("storage_failed"), "unknown"],
    [refusal("closed_by_user", null), "unsent"],
    [refusal("forbidden", null), "unsent"],
    [refusal("forbidden"), "refused"],
  ] as const) {
    const { tally } = await run({ lines: lines("a"), send: async () => Promise.reject(error) });
    assert.deepEqual([tally.published, tally[count]], [0, 1], error.code);
  }
});

test("the input is read no further than the window lets it", async () => {
  const answers: (() => void)[] = [];
  let read = 0;
  async function* input(): AsyncGenerator<Line> {
    for (const line of lines(..."abcdefgh")) {
      read++;
      yield line;
    }
  }
  const done = run({
    lines: input(),
    window: new Window({ entriesMax: 3, bytesMax: 1e9 }),
    send: () => new Promise((resolve) => answers.push(() => resolve({ position: "e.11", duplicate: false }))),
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  await settle();
  assert.equal(read, 3);
  answers.shift()?.();
  await settle();
  assert.equal(read, 4);
  while (answers.length > 0) {
    answers.shift()?.();
    await settle();
  }
  assert.equal((await done).tally.published, 8);
});

test("stopping waits for the answers to what was sent, and sends nothing more", async () => {
  const stop = new AbortController();
  const answers: (() => void)[] = [];
  const done = run({
    lines: lines("a", "b"),
    window: new Window({ entriesMax: 1, bytesMax: 1e9 }),
    stop: stop.signal,
    send: () =>
      new Promise((resolve) => {
        answers.push(() => resolve({ position: "e.11", duplicate: false }));
      }),
  });
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  for (const answer of answers) answer();
  const { end, sent, tally } = await done;
  assert.deepEqual([end.kind, sent.length, tally.published], ["stopped", 1, 1]);
});

test("chunks become lines up to the greatest entry", async () => {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("ab");
    yield Buffer.from("c\nd");
  }
  const cut: Line[] = [];
  for await (const line of cutLines(chunks(), limits.entryBytesMax.value)) cut.push(line);
  assert.deepEqual(
    cut.map((line) => "bytes" in line && Buffer.from(line.bytes).toString()),
    ["abc", "d"],
  );
});

/**
 * The property: whatever is asked of an engine in whatever order, it behaves as a list would. Failures print seed and path.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Cursor } from "@holdfast/protocol";
import fc from "fast-check";
import type { AppendRequest } from "../engine.ts";
import { locate } from "../epochs.ts";
import { type EngineSubject, json, Run, textOf } from "./subject.ts";

const streams = ["a", "b/c"] as const;
const entriesMax = 12;

/** What a log is, in a few lines. */
interface ModelLog {
  readonly texts: string[];
  readonly cursors: Cursor[];
  readonly producers: Map<string, number>;
  closed: boolean;
}

type Command =
  | {
      readonly type: "append";
      readonly stream: (typeof streams)[number];
      readonly count: number;
      readonly producer: string | null;
      readonly back: number;
      readonly close: boolean;
    }
  | { readonly type: "read"; readonly stream: (typeof streams)[number]; readonly at: number; readonly entriesMax: number }
  | { readonly type: "last"; readonly stream: (typeof streams)[number]; readonly n: number }
  | { readonly type: "restart" };

const streamOf = fc.constantFrom(...streams);
const commandsOf = (subject: EngineSubject): fc.Arbitrary<Command[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          type: fc.constant("append" as const),
          stream: streamOf,
          count: fc.integer({ min: 0, max: 4 }),
          producer: fc.option(fc.constantFrom("p", "q"), { nil: null }),
          back: fc.integer({ min: 0, max: 3 }),
          close: fc.integer({ min: 0, max: 40 }).map((n) => n === 0),
        }),
      },
      { weight: 5, arbitrary: fc.record({ type: fc.constant("read" as const), stream: streamOf, at: fc.nat(40), entriesMax: fc.integer({ min: 1, max: 5 }) }) },
      { weight: 2, arbitrary: fc.record({ type: fc.constant("last" as const), stream: streamOf, n: fc.nat(15) }) },
      { weight: subject.restart ? 1 : 0, arbitrary: fc.constant({ type: "restart" as const }) },
    ),
    { maxLength: 60 },
  );

export function modelCases(subject: EngineSubject, runs: number): void {
  describe("model", () => {
    it("an engine behaves as a list does", async () => {
      await fc.assert(
        fc.asyncProperty(commandsOf(subject), async (commands) => {
          const run = await Run.start(subject, { policies: [{ pattern: "a", entriesMax }] });
          try {
            const model = new Map<string, ModelLog>();
            for (const [i, command] of commands.entries()) await step(run, model, command, i);
          } finally {
            await run.end();
          }
        }),
        { numRuns: runs },
      );
    });
  });
}

async function step(run: Run, model: Map<string, ModelLog>, command: Command, index: number): Promise<void> {
  switch (command.type) {
    case "restart":
      return run.restart();
    case "append":
      return append(run, model, command, index);
    case "read":
      return read(run, model.get(command.stream), command);
    case "last":
      return last(run, model.get(command.stream), command);
    default:
      return command satisfies never;
  }
}

async function append(run: Run, model: Map<string, ModelLog>, command: Extract<Command, { type: "append" }>, index: number): Promise<void> {
  const { stream, count, producer, back, close } = command;
  if (count === 0 && !close) return;
  const known = model.get(stream);
  const newest = producer === null ? -1 : (known?.producers.get(producer) ?? -1);
  // Mostly the next request of the producer; sometimes an old one again, or one too far.
  const seq = Math.max(0, newest + 2 - back);
  const texts = Array.from({ length: count }, (_, k) => `${index}.${k}`);
  const request: AppendRequest = {
    stream,
    entries: texts.map(json),
    close,
    ...(producer === null ? undefined : { producer: { id: producer, epoch: 0, seq } }),
  };
  const result = await run.try(request);
  if (producer !== null && seq <= newest) {
    assert.ok(result.ok && result.duplicate);
    return;
  }
  if (producer !== null && seq > newest + 1) {
    assert.ok(!result.ok && result.code === "out_of_order" && result.expectedSeq === newest + 1);
    return;
  }
  if (known?.closed === true && count > 0) {
    assert.ok(!result.ok && result.code === "stream_closed");
    return;
  }
  assert.ok(result.ok && !result.duplicate && result.cursors?.length === count);
  const log: ModelLog = known ?? { texts: [], cursors: [], producers: new Map(), closed: false };
  model.set(stream, log);
  log.texts.push(...texts);
  log.cursors.push(...result.cursors);
  if (producer !== null) log.producers.set(producer, seq);
  if (close) log.closed = true;
  assert.equal(result.head, log.cursors.at(-1)?.seq ?? 0);
}

async function read(run: Run, log: ModelLog | undefined, { stream, at, entriesMax: count }: Extract<Command, { type: "read" }>): Promise<void> {
  const index = log === undefined ? 0 : at % (log.cursors.length + 1);
  const cursor = log?.cursors[index - 1] ?? { epoch: "", seq: 0 };
  const { head, entries, more } = await run.engine.read(stream, { from: { afterSeq: cursor.seq }, entriesMax: count, bytesMax: 10_000 });
  if (log === undefined) return assert.equal(head, null);
  assert.ok(head !== null);
  const held = log.texts.length - head.entries;
  const from = Math.max(index, held);
  assert.deepEqual(entries.map(textOf), log.texts.slice(from, from + count));
  assert.deepEqual(
    entries.map(({ epoch, seq }) => ({ epoch, seq })),
    log.cursors.slice(from, from + count),
  );
  assert.equal(more, from + count < log.texts.length);
  assert.equal(head.closed, log.closed);
  assert.equal(head.last, log.cursors.at(-1)?.seq ?? 0);
  assert.equal(head.firstPrev, held === 0 ? 0 : log.cursors[held - 1]?.seq);
  const located = locate(head, cursor);
  assert.deepEqual(located, index >= held ? { ok: true, seq: cursor.seq } : { ok: false, reason: "trimmed", continueAfter: head.firstPrev });
  if (stream === "a") assert.ok(head.entries <= entriesMax);
  else assert.equal(held, 0);
}

async function last(run: Run, log: ModelLog | undefined, { stream, n }: Extract<Command, { type: "last" }>): Promise<void> {
  const { head, entries } = await run.engine.read(stream, { from: { last: n }, entriesMax: 100, bytesMax: 10_000 });
  if (log === undefined) return assert.equal(head, null);
  const held = head?.entries ?? 0;
  assert.deepEqual(entries.map(textOf), n === 0 ? [] : log.texts.slice(-Math.min(n, held)).slice(held === 0 ? log.texts.length : 0));
}

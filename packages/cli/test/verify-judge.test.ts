// What readers were given and publishers were told, against the log.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judgeStream, type Log, type Sent } from "../src/verify/judge.ts";
import type { KindName } from "../src/verify/kinds.ts";
import { newTrack, type Track } from "../src/verify/track.ts";

const place = (n: number): string => `e1.${String(n).padStart(4, "0")}`;
const stream = "verify/run/1";

/** A log of these numbers, in this order. */
function logOf(numbers: readonly (number | null)[], first = "0"): Log {
  const entries = numbers.map((n, i) => ({ n, position: place(i), prev: i === 0 ? first : place(i - 1) }));
  return { first, entries };
}

function sentOf(count: number): Sent {
  return { stream, count, acknowledged: new Map(Array.from({ length: count }, (_, n) => [n, place(n)])), failed: [] };
}

/** A reader that was given these places. */
function trackOf(given: readonly number[], marks: Track["marks"] = []): Track {
  const track = newTrack("reader 1", stream, true);
  track.positions.push(...given.map(place));
  track.numbers.push(...given);
  track.marks.push(...marks);
  return track;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const judged = (log: Log, sent: Sent, tracks: readonly Track[], isComplete = true) => judgeStream(log, sent, tracks, isComplete);
const told = (log: Log, sent: Sent, tracks: readonly Track[], isComplete = true) =>
  judged(log, sent, tracks, isComplete).map(({ fault, n, during }) => `${fault} ${n}${during === null ? "" : ` ${during}`}`);

test("the whole log, once and in order, is clean", () => {
  assert.deepEqual(told(logOf(upTo(9)), sentOf(9), [trackOf(upTo(9)), trackOf(upTo(9))]), []);
  assert.deepEqual(told(logOf([]), sentOf(0), [trackOf([])]), []);
});

test("each fault of reading is found, with its place and what was done to the link before", () => {
  const marks = [
    { at: 2, kind: "reset" as KindName },
    { at: 4, kind: "cut" as KindName },
  ];
  assert.deepEqual(told(logOf(upTo(6)), sentOf(6), [trackOf([0, 2, 3, 4, 5], marks)]), ["lost 1 undisturbed"]);
  assert.deepEqual(told(logOf(upTo(6)), sentOf(6), [trackOf([0, 1, 3, 4, 5], marks)]), ["lost 2 reset"]);
  assert.deepEqual(told(logOf(upTo(6)), sentOf(6), [trackOf([0, 1, 2, 2, 3, 4, 5], marks)]), ["duplicated 2 reset"]);
  assert.deepEqual(told(logOf(upTo(6)), sentOf(6), [trackOf([0, 1, 2, 4, 3, 5], marks)]), ["reordered 3 cut"]);
  assert.deepEqual(told(logOf(upTo(5)), sentOf(5), [trackOf([0, 1, 2, 3, 4, 7], marks)]), ["phantom 7 cut"]);
  const changed = trackOf(upTo(6), marks);
  changed.numbers[5] = null;
  assert.deepEqual(told(logOf(upTo(6)), sentOf(6), [changed]), ["changed null cut"]);
  const [finding] = judged(logOf(upTo(6)), sentOf(6), [trackOf([0, 1, 3, 4, 5], marks)]);
  assert.equal(finding?.what, `was not given the entry at ${place(2)} (before ${place(3)})`);
  assert.deepEqual([finding?.stream, finding?.reader, finding?.position], [stream, "reader 1", place(2)]);
});

test("what is missing at the end is lost, unless the run was cut short or the reader left before", () => {
  assert.deepEqual(told(logOf(upTo(4)), sentOf(4), [trackOf([0, 1])]), ["lost 2 undisturbed", "lost 3 undisturbed"]);
  assert.deepEqual(told(logOf(upTo(4)), sentOf(4), [trackOf([0, 1])], false), []);
  assert.deepEqual(told(logOf(upTo(4)), sentOf(4), [{ ...trackOf([0, 1]), isWhole: false }]), []);
  assert.deepEqual(told(logOf(upTo(4)), sentOf(4), [{ ...trackOf([0, 2]), isWhole: false }]), ["lost 1 undisturbed"]);
});

test("a gap that was told excuses what it passes over, and nothing else", () => {
  const track = trackOf([0, 5, 6]);
  track.gaps.push({ at: 1, reason: "trimmed", from: place(0), after: place(4) });
  assert.deepEqual(told(logOf(upTo(7)), sentOf(7), [track]), []);
  track.gaps[0] = { at: 1, reason: "trimmed", from: place(0), after: place(3) };
  assert.deepEqual(told(logOf(upTo(7)), sentOf(7), [track]), ["lost 4 undisturbed"]);
});

test("each fault of the log is found", () => {
  const clean: Track[] = [];
  const without = logOf(upTo(5));
  const dropped = { ...without, entries: without.entries.filter(({ n }) => n !== 2) };
  assert.deepEqual(told(dropped, sentOf(5), clean), ["disordered 3", "missing 2"]);
  assert.deepEqual(told(logOf([0, 1, 1, 2]), { ...sentOf(3), acknowledged: new Map() }, clean), ["doubled 1"]);
  assert.deepEqual(told(logOf([0, 2, 1]), { ...sentOf(3), acknowledged: new Map() }, clean), ["disordered 1"]);
  assert.deepEqual(told(logOf([0, null, 9]), { ...sentOf(3), acknowledged: new Map() }, clean), ["foreign null", "foreign 9"]);
  assert.deepEqual(told(logOf([0, 1]), { ...sentOf(2), acknowledged: new Map([[1, place(7)]]) }, clean), ["missing 1"]);
  assert.deepEqual(told(logOf([0, 1]), { ...sentOf(2), acknowledged: new Map([[1, null]]) }, clean), []);
});

test("what retention has removed is compared with what the publishers were told", () => {
  const full = logOf(upTo(8));
  const log: Log = { first: place(2), entries: full.entries.slice(3) };
  assert.deepEqual(told(log, sentOf(8), [trackOf(upTo(8))]), []);
  assert.deepEqual(told(log, sentOf(8), [trackOf([0, 2, 3, 4, 5, 6, 7])]), ["lost 1 undisturbed"]);
  assert.deepEqual(told({ first: place(7), entries: [] }, sentOf(8), [trackOf([0, 1, 2, 3, 4, 5, 6])]), ["lost 7 undisturbed"]);
});

test("one entry left out, repeated or moved is found wherever it is", () => {
  const size = 30;
  const trick = fc.record({ at: fc.nat(size - 1), to: fc.nat(size - 1), kind: fc.constantFrom("drop", "repeat", "move") });
  fc.assert(
    fc.property(trick, ({ at, to, kind }) => {
      const given = upTo(size);
      if (kind === "drop") given.splice(at, 1);
      if (kind === "repeat") given.splice(Math.max(at, to) + 1, 0, at);
      if (kind === "move") given.splice(to, 0, given.splice(at, 1)[0] as number);
      const faults = new Set(judged(logOf(upTo(size)), sentOf(size), [trackOf(given)]).map(({ fault }) => fault));
      const expected = { drop: ["lost"], repeat: ["duplicated"], move: at === to ? [] : ["reordered"] }[kind];
      assert.deepEqual([...faults], expected);
    }),
  );
});

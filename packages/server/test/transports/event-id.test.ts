import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPosition, limits } from "@holdfast/protocol";
import fc from "fast-check";
import { eventId, idPrefix, parseEventId } from "../../src/transports/event-id.ts";

const longest = formatPosition("z".repeat(32), Number.MAX_SAFE_INTEGER);
const place = fc.oneof(
  fc.constant({ position: "", hasEnded: false }),
  fc.tuple(fc.constantFrom("0", "e.11", "zz.2zz", longest), fc.boolean()).map(([position, hasEnded]) => ({ position, hasEnded })),
);

describe("the id of an event", () => {
  it("comes back as the places it was made from, and fits its limit with the longest positions of 64 streams", () => {
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: limits.requestStreamsMax.value }), (places) => {
        const streams = places.map((_, i) => `s/${i}`);
        const id = eventId(idPrefix(streams), places);
        assert.match(id, /^[!-~]+$/);
        assert.deepEqual(parseEventId(id, streams), places);
      }),
    );
    const streams = Array.from({ length: limits.requestStreamsMax.value }, (_, i) => `s/${i}`);
    const id = eventId(idPrefix(streams), Array(streams.length).fill({ position: longest, hasEnded: true }));
    assert.ok(id.length <= limits.eventIdBytesMax.value, `${id.length}`);
    assert.equal(parseEventId(id, streams)?.length, streams.length);
  });

  it("is refused for other streams, another order, another version, other counts, and whatever is no position", () => {
    const id = eventId(idPrefix(["a", "b"]), [
      { position: "e.11", hasEnded: false },
      { position: "0", hasEnded: true },
    ]);
    assert.notEqual(parseEventId(id, ["a", "b"]), null);
    for (const streams of [["b", "a"], ["a"], ["a", "b", "c"], ["a\nb"]]) assert.equal(parseEventId(id, streams), null);
    const prefix = idPrefix(["a", "b"]);
    const bad = ["", "1", prefix, `${prefix},`, `2${id.slice(1)}`, `${prefix},e.11,!`, `${prefix},e.11,e.011`, `${prefix},e.11,0!!`, `${id},`, ` ${id}`];
    for (const text of [...bad, `${prefix},${"9".repeat(5_000)},0`, `${prefix},../x,0`]) assert.equal(parseEventId(text, ["a", "b"]), null, text);
  });
});

/**
 * Mutants of the server's transports over requests: event streams, by POST and by GET, and long polls.
 */
import type { Mutant } from "./mutant.ts";

const native = "packages/server/src/transports/sse-get.ts";
const query = "packages/server/src/transports/sse-query.ts";
const chunks = "packages/server/src/transports/chunks.ts";
const lines = "packages/server/src/transports/line-format.ts";
const poll = "packages/server/src/transports/poll.ts";

export const transportMutants: readonly Mutant[] = [
  {
    name: "event-id-before-flush",
    what: "The id of a flush says where the stream stood before it",
    patches: [
      {
        file: native,
        find: "    this.#moved(stream, position);\n    this.write(this.#memo.flush(bytes, this.#prefix, this.#places, this.isChunked));",
        replace: "    this.write(this.#memo.flush(bytes, this.#prefix, this.#places, this.isChunked));\n    this.#moved(stream, position);",
      },
    ],
  },
  {
    name: "event-id-of-first-entry",
    what: "The id of a flush is that of its first entry",
    patches: [
      {
        file: native,
        find: "    this.#moved(stream, position);\n    this.write(",
        replace: '    this.#moved(stream, /"position":"([^"]+)"/.exec(Buffer.from(bytes).toString())?.[1] ?? position);\n    this.write(',
      },
    ],
  },
  {
    name: "event-id-not-after-gap",
    what: "The id of a gap says where the stream stood before it",
    patches: [{ file: native, find: "this.#moved(frame.stream, frame.after);", replace: "void 0;" }],
  },
  {
    name: "event-id-without-end",
    what: "The id does not say that a stream has ended",
    patches: [{ file: native, find: "if (place !== undefined) place.hasEnded = true;", replace: "void place;" }],
  },
  {
    name: "event-id-before-data",
    what: "An event is whole, id and all, before its data has come",
    patches: [
      {
        file: native,
        find: "    this.write(this.#memo.flush(bytes, this.#prefix, this.#places, this.isChunked));",
        replace: "    this.writeText(endOf(this.#prefix, this.#places));\n    this.write(this.#memo.flush(bytes, this.#prefix, this.#places, this.isChunked));",
      },
    ],
  },
  {
    name: "last-event-id-of-first-stream",
    what: "Of the id that comes back, only the first stream's place is looked at",
    patches: [{ file: query, find: 'position === "" ? (begins[i] as From)', replace: 'position === "" || i > 0 ? (begins[i] as From)' }],
  },
  {
    name: "flush-of-another",
    what: "A flush is taken for the one before it when both end alike",
    patches: [{ file: chunks, find: "if (bytes !== last.bytes || tail !== last.tail)", replace: "if (tail !== last.tail)" }],
  },
  {
    name: "line-breaks-kept",
    what: "A payload with line breaks is written into a line",
    patches: [{ file: lines, find: "(payload.includes(lineFeed) || payload.includes(carriageReturn));", replace: "payload.length < 0;" }],
  },
  {
    name: "poll-ends-unanswered",
    what: "A poll ends although publishes of its body have no answer yet",
    patches: [{ file: poll, find: "!this.isFed || events.unanswered > 0)", replace: "!this.isFed)" }],
  },
  {
    name: "poll-ends-without-news",
    what: "A poll ends when what it asked is answered, before it has brought anything",
    patches: [{ file: poll, find: "if (!this.#isDone && events.subscriptions > 0) return;", replace: "" }],
  },
  {
    name: "poll-linger-lost",
    what: "What a poll is given after its first entries is not written: the next poll says where the client stands",
    patches: [
      {
        file: poll,
        find: '    this.write(this.#memo.flush(bytes, "", this.isChunked));',
        replace: '    if (!this.#hasSaid) this.write(this.#memo.flush(bytes, "", this.isChunked));',
      },
    ],
    isHarmless: true,
  },
];

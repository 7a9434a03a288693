/**
 * Mutants of the hub: tail, pages and the seam between them, the gate, positions, beats.
 */
import type { Mutant } from "./mutant.ts";

const liveStream = "packages/server/src/hub/live-stream.ts";
const fanOut = "packages/server/src/hub/fan-out.ts";
const pages = "packages/server/src/hub/pages.ts";
const epochs = "packages/server/src/epochs.ts";
const start = "packages/server/src/hub/start.ts";
const linkState = "packages/server/src/hub/link-state.ts";
const subscription = "packages/client/src/subscription.ts";

export const hubMutants: readonly Mutant[] = [
  {
    name: "seam-off-by-one",
    what: "A reader one place before the tail's start is served from the tail",
    patches: [{ file: fanOut, find: "if (reader.scan >= stream.tail.start) {", replace: "if (reader.scan + 1 >= stream.tail.start) {" }],
  },
  {
    name: "page-suffix-off-by-one",
    what: "A page's suffix leaves out its first entry",
    patches: [
      {
        file: pages,
        find: "if ((page.seqs[middle] as number) > cursor) high = middle;",
        replace: "if ((page.seqs[middle] as number) > cursor + 1) high = middle;",
      },
    ],
  },
  {
    name: "doubt-ignored",
    what: "An event that does not continue the tail is dropped, and the log is not read again",
    patches: [{ file: liveStream, find: "    this.#doubted = true;\n    if (!this.#settling) void this.#settle();\n  }", replace: "  }" }],
  },
  {
    name: "tail-takes-anything",
    what: "The tail takes an event although entries before it are missing",
    patches: [{ file: liveStream, find: "if (entry.prev !== this.tail.last || isForeign) {", replace: "if (entry.prev < this.tail.last || isForeign) {" }],
  },
  {
    name: "cut-back-unseen",
    what: "A log that has become shorter is taken for an older snapshot",
    patches: [{ file: liveStream, find: "(last < least || this.#isRewrite(before, head))", replace: "this.#isRewrite(before, head)" }],
  },
  {
    name: "stale-head-trusted",
    what: "A position beyond the head that the hub knows is called ahead without asking the engine",
    patches: [{ file: start, find: "  await stream.refreshAnew();\n  return after(stream, cursor);", replace: "  return after(stream, cursor);" }],
  },
  {
    name: "last-skips",
    what: "A subscription from the last n of an empty log begins where the tail is when the answer comes",
    patches: [{ file: start, find: "entries[0]?.prev ?? head?.last ?? 0;", replace: "entries[0]?.prev ?? stream.tail.last;" }],
  },
  {
    name: "unready-swap",
    what: "A reader that takes another one's place in the ready array is not told so",
    patches: [{ file: liveStream, find: "      mover.index = hole;\n", replace: "" }],
  },
  {
    name: "cursor-before-write",
    what: "A reader's cursor moves on although the write was left out because bytes were waiting",
    patches: [
      {
        file: fanOut,
        find: "    link.carrier.deliver(range.bytes, stream.name, range.position);",
        replace: "    if (link.carrier.queuedBytes === 0) link.carrier.deliver(range.bytes, stream.name, range.position);",
      },
      { file: fanOut, find: "const range = carrier.queuedBytes === 0 && reader.cursor", replace: "const range = reader.cursor" },
      { file: subscription, find: "if (sent !== this.#cursor) this.#again", replace: "if (sent === undefined) this.#again" },
      { file: subscription, find: "if (prev !== this.#cursor && isKnown) {", replace: "if (isKnown && position === prev) {" },
      { file: subscription, find: "if (!this.#follows(link, prev)) return;", replace: "" },
    ],
  },
  {
    name: "gate-open",
    what: "Entries are delivered although earlier ones still wait at the link",
    patches: [{ file: fanOut, find: "const range = carrier.queuedBytes === 0 && reader.cursor", replace: "const range = reader.cursor" }],
  },
  {
    name: "epoch-ignored",
    what: "A position is looked up by its number alone, whatever its epoch",
    patches: [{ file: epochs, find: "head.epochs.findIndex((start) => start.epoch === cursor.epoch)", replace: "head.epochs.length - 1" }],
  },
  {
    name: "fork-unchecked",
    what: "A position past the end of its epoch is taken as valid",
    patches: [{ file: epochs, find: "if (cursor.seq > lastOfEpoch) {", replace: "if (next === undefined && cursor.seq > lastOfEpoch) {" }],
  },
  {
    name: "epoch-end-guessed",
    what: "An epoch is taken to reach up to the first number of the next one, although numbers may have been left out",
    patches: [{ file: epochs, find: "next === undefined ? head.last : next.prev;", replace: "next === undefined ? head.last : next.firstSeq - 1;" }],
  },
  {
    name: "end-unseen",
    what: "The end of a stream is not told to readers who are there already",
    patches: [{ file: fanOut, find: "    if (stream.closed) reader.link.streamEnded(reader);\n  }", replace: "  }" }],
  },
  {
    name: "silent-links-kept",
    what: "The server never lets go of a link that is silent",
    patches: [{ file: linkState, find: "if (event.silentMs >= 2 * rules.heartbeatMs) {", replace: "if (event.silentMs >= 2_000_000 * rules.heartbeatMs) {" }],
  },
];

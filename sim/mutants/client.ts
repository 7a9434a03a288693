/**
 * Mutants of the client: the reader's side of resuming, the outbox, and the proof of life.
 */
import type { Mutant } from "./mutant.ts";

const subscription = "packages/client/src/subscription-state.ts";
const lane = "packages/client/src/outbox-lane.ts";
const connection = "packages/client/src/connection-state.ts";

export const clientMutants: readonly Mutant[] = [
  {
    name: "prev-unchecked",
    what: "The client takes any entry, whether or not it follows what it has",
    patches: [{ file: subscription, find: "if (follows === state.cursor) {", replace: 'if (follows === state.cursor || event.type === "entry") {' }],
  },
  {
    name: "gap-swallowed",
    what: "The client moves on at a gap and does not tell the application",
    patches: [
      {
        file: subscription,
        find: 'const next = advance(state, after, head);\n  return first(review(next.state, facts), { do: "deliver", to: next.to });',
        replace: "const next = advance(state, after, head);\n  return review(next.state, facts);",
      },
    ],
  },
  {
    name: "old-cursor-taken",
    what: "After a second subscribe the client does not wait for its answer, and without looking takes what belongs to the cursor before",
    patches: [
      { file: subscription, find: '(link === state.link && state.phase.name === "running")', replace: "link === state.link" },
      { file: subscription, find: "if (follows === state.cursor) {", replace: 'if (follows === state.cursor || event.type === "entry") {' },
    ],
  },
  {
    name: "cutback-skips",
    what: "A reader that was cut back goes on where the wire is, not where it was",
    patches: [
      {
        file: subscription,
        find: "(member.id === event.id ? { ...member, full: event.full } : member)",
        replace: "(member.id === event.id ? { ...member, full: event.full, cursor: event.full ? member.cursor : state.cursor } : member)",
      },
    ],
  },
  {
    name: "local-reader-behind-forgotten",
    what: "A second local reader that stands behind the first one is taken to be where the first one is",
    patches: [{ file: subscription, find: "if (member.full || member.cursor !== state.cursor) return member;", replace: "if (member.full) return member;" }],
  },
  {
    name: "resume-at-head",
    what: "After a lost link the client goes on from the newest position that it has heard of",
    patches: [
      {
        file: subscription,
        find: 'if (phase.name === "off") return askAfter(state, earliest(ready), facts);',
        replace:
          'if (phase.name === "off") return askAfter({ ...state, members: state.members.map((member) => ({ ...member, cursor: state.head ?? member.cursor })) }, state.head ?? earliest(ready), facts);',
      },
    ],
  },
  {
    name: "lost-write-no-audit",
    what: "A write of the server gets lost, and the client does not compare the beats with what it has",
    patches: [{ file: subscription, find: "beat.sent === state.cursor ? review", replace: "beat.sent !== undefined ? review" }],
    seams: async () => (await import("./seams.ts")).losesWrites,
  },
  {
    name: "lost-write",
    what: "A write of the server gets lost: the client must see it by itself",
    seams: async () => (await import("./seams.ts")).losesWrites,
    isHarmless: true,
  },
  {
    name: "doubled-texts",
    what: "The client's transport hands over entries twice: the client must see it by itself",
    seams: async () => (await import("./seams.ts")).doublesTexts,
    isHarmless: true,
  },
  {
    name: "outbox-renumbers",
    what: "On a new link the outbox gives new numbers to what the server may have under the old ones",
    patches: [{ file: lane, find: "  rewind(): void {\n    this.#rewindFrom(0);", replace: "  rewind(): void {\n    this.#renumberFrom(0);" }],
  },
  {
    name: "outbox-forgets-in-flight",
    what: "What was under way when a link is lost is not sent again",
    patches: [{ file: lane, find: "    this.#inFlight = Math.min(this.#inFlight, index);\n  }\n\n  #remove", replace: "  }\n\n  #remove" }],
  },
  {
    name: "definitive-refusal-keeps-epoch",
    what: "After a refusal for good the entries behind it keep their numbers: the server's `out_of_order` must lead the client out of it",
    patches: [
      {
        file: lane,
        find: "    if (item.dedupeKey === undefined) this.#renumberFrom(index);\n    return [item];\n  }\n\n  #outOfOrder",
        replace: "    return [item];\n  }\n\n  #outOfOrder",
      },
    ],
    isHarmless: true,
  },
  {
    name: "parts-survive-their-link",
    what: "Parts that came on a lost link stay in the way of those of the next link",
    patches: [
      {
        file: "packages/client/src/link.ts",
        find: "export class Link {",
        replace:
          "const shared = new Map<unknown, Assembly>();\nconst assemblyOf = (clock: unknown): Assembly => {\n  const known = shared.get(clock) ?? new Assembly();\n  shared.set(clock, known);\n  return known;\n};\n\nexport class Link {",
      },
      {
        file: "packages/client/src/link.ts",
        find: "  readonly assembly = new Assembly();",
        replace: "  get assembly(): Assembly {\n    return assemblyOf(this.#clock);\n  }",
      },
      { file: "packages/client/src/subscription.ts", find: "this.#link.assembly.forget(this.stream);", replace: "void 0;" },
    ],
  },
  {
    name: "silence-unnoticed",
    what: "The client never probes a silent link",
    patches: [{ file: connection, find: "silence: facts.heardMs + link.heartbeatMs * 1.1 + 2_000,", replace: "silence: Infinity," }],
  },
  {
    name: "probe-forgiven",
    what: "A probe that goes unanswered is repeated instead of giving up the link",
    patches: [
      { file: connection, find: "if (late) return probe(state, state.needs, nowMs, facts);", replace: "return probe(state, state.needs, nowMs, facts);" },
    ],
  },
];

/**
 * Mutants of the client: the reader's side of resuming, the outbox, and the proof of life.
 */
import type { Patch } from "../adapters/patch-sources.ts";
import type { Mutant } from "./mutant.ts";

const subscription = "packages/client/src/subscription.ts";
const lane = "packages/client/src/outbox-lane.ts";
const link = "packages/client/src/link.ts";

const takesAnyEntry: readonly Patch[] = [
  { file: subscription, find: "if (prev !== this.#cursor && isKnown) {", replace: "if (isKnown && position === prev) {" },
  { file: subscription, find: "if (!this.#follows(link, prev)) return;", replace: "" },
];

export const clientMutants: readonly Mutant[] = [
  {
    name: "at-once-for-ever",
    what: "The client follows a server's advice to come back at once however often it is refused",
    patches: [
      {
        file: "packages/client/src/endings.ts",
        find: "const leastMs = isSaid ? random * backoffMs(failures - 1, options) : 0;",
        replace: "const leastMs = 0;",
      },
    ],
  },
  {
    name: "prev-unchecked",
    what: "The client takes any entry, whether or not it follows what it has",
    patches: takesAnyEntry,
  },
  {
    name: "gap-swallowed",
    what: "The client moves on at a gap and does not tell the application",
    patches: [
      {
        file: subscription,
        find: "for (const reader of there) reader.push(item);",
        replace: 'for (const reader of there) if (!("after" in item)) reader.push(item);',
      },
    ],
  },
  {
    name: "old-cursor-taken",
    what: "After a second subscribe the client does not wait for its answer, and without looking takes what belongs to the cursor before",
    patches: [{ file: subscription, find: '(link === this.#link && this.#phase === "running")', replace: "link === this.#link" }, ...takesAnyEntry],
  },
  {
    name: "cutback-skips",
    what: "A reader that was cut back goes on where the wire is, not where it was",
    patches: [
      {
        file: subscription,
        find: "  review(): void {",
        replace: "  review(): void {\n    for (const reader of this.readers) if (reader.isFull) reader.cursor = this.#cursor;",
      },
    ],
  },
  {
    name: "local-reader-behind-forgotten",
    what: "A second local reader that stands behind the first one is taken to be where the first one is",
    patches: [
      { file: subscription, find: "const there = this.#ready().filter(({ cursor }) => cursor === this.#cursor);", replace: "const there = this.#ready();" },
    ],
  },
  {
    name: "resume-at-head",
    what: "After a lost link the client goes on from the newest position that it has heard of",
    patches: [
      {
        file: subscription,
        find: "return this.#askAfter(earliest(ready));",
        replace:
          'return this.#askAfter(this.#phase === "off" && this.#head !== "" ? ready.reduce((head, reader) => (reader.cursor = head), this.#head) : earliest(ready));',
      },
    ],
  },
  {
    name: "lost-write-no-audit",
    what: "A write of the server gets lost, and the client does not compare the beats with what it has",
    patches: [{ file: subscription, find: "if (sent !== this.#cursor) this.#again", replace: "if (sent === undefined) this.#again" }],
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
    patches: [
      {
        file: lane,
        find: "  rewind(index = 0): void {",
        replace: "  rewind(index?: number): void {\n    if (index === undefined) return void this.#renumber(0);",
      },
    ],
  },
  {
    name: "outbox-forgets-in-flight",
    what: "What was under way when a link is lost is not sent again",
    patches: [{ file: lane, find: "item.sentAs = null;\n  }", replace: "item.sentAs ??= null;\n  }" }],
  },
  {
    name: "definitive-refusal-keeps-epoch",
    what: "After a refusal for good the entries behind it keep their numbers: the server's `out_of_order` must lead the client out of it",
    patches: [{ file: lane, find: "else if (hasNumber) this.#renumber(index);", replace: "else if (isMissing) this.#renumber(index);" }],
    isHarmless: true,
  },
  {
    name: "parts-survive-their-link",
    what: "Parts that came on a lost link stay in the way of those of the next link",
    patches: [
      {
        file: link,
        find: "export class Link {",
        replace:
          "const shared = new Map<unknown, Assembly>();\nconst assemblyOf = (world: unknown): Assembly => {\n  const known = shared.get(world) ?? new Assembly();\n  shared.set(world, known);\n  return known;\n};\n\nexport class Link {",
      },
      {
        file: link,
        find: "  assembly = new Assembly();",
        replace: "  get assembly(): Assembly {\n    return assemblyOf(this.#context);\n  }\n  set assembly(_: Assembly) {}",
      },
      { file: "packages/client/src/subscription.ts", find: "this.#link?.assembly.forget(this.stream);", replace: "void 0;" },
    ],
  },
  {
    name: "silence-unnoticed",
    what: "The client never probes a silent link",
    patches: [{ file: link, find: "this.heardMs + this.#heartbeatMs * 1.1 + 2_000", replace: "Infinity" }],
  },
  {
    name: "probe-forgiven",
    what: "A probe that goes unanswered is repeated instead of giving up the link",
    patches: [{ file: link, find: "this.#prolonged++;\n    else this.#lost();", replace: "this.#prolonged++;\n    else this.#probe(true);" }],
  },
];

/**
 * Mutants of how a client's link is carried and moved: by requests, to another transport, and to another link before the old one ends.
 */
import type { Mutant } from "./mutant.ts";

const requests = "packages/client/src/request-conn.ts";
const subscription = "packages/client/src/subscription.ts";
const outbox = "packages/client/src/outbox.ts";
const fallback = "packages/client/src/fallback.ts";
const connection = "packages/client/src/connection.ts";
const client = "packages/client/src/client.ts";

export const moveMutants: readonly Mutant[] = [
  {
    name: "requests-ask-from-head",
    what: "A link over requests asks anew from the newest position that it has heard of: what then does not follow makes it ask again",
    isHarmless: true,
    patches: [
      { file: subscription, find: 'return this.#phase === "running" ? this.#cursor : null;', replace: 'return this.#phase === "running" ? this.#head : null;' },
    ],
  },
  {
    name: "requests-ask-from-start",
    what: "A link over requests asks anew from where it began",
    patches: [{ file: requests, find: "const after = isAnswered ? this.#handlers.cursor(stream) : null;", replace: "const after = null as string | null;" }],
  },
  {
    name: "requests-ask-for-one",
    what: "A link over requests leaves out all but one of its streams when it asks anew",
    patches: [
      {
        file: requests,
        find: "      const after = isAnswered",
        replace: "      if (isAnswered && lines.length > 1) continue;\n      const after = isAnswered",
      },
    ],
  },
  {
    name: "requests-pong-at-once",
    what: "A link over requests takes a ping for answered when it is sent",
    patches: [
      {
        file: requests,
        find: "this.#pings.push(id);",
        replace: 'void Promise.resolve().then(() => this.#handlers.onText(JSON.stringify({ type: "pong", id })));',
      },
    ],
  },
  {
    name: "requests-broken-batch-forgotten",
    what: "A batch of publishes whose response broke is neither sent again nor ends the link",
    patches: [
      { file: requests, find: "if (status === 200) done();", replace: "if (status === 200 || (status === 0 && full)) done();" },
      { file: requests, find: "if (waiting > 0) return this.#end", replace: "if (waiting < 0) return this.#end" },
    ],
  },
  {
    name: "requests-batch-reversed",
    what: "The publishes of a batch go in the wrong order: their numbers put them right",
    patches: [
      {
        file: requests,
        find: "const batch = this.#outgoing.splice(0, count);",
        replace: "const batch = this.#outgoing.splice(0, count);\n    if (ofPublishes(batch)) batch.reverse();",
      },
      {
        file: requests,
        find: "class RequestConn",
        replace: 'const ofPublishes = (batch: string[]): boolean => batch.every((text) => text.startsWith(\'{"type":"publish"\'));\n\nclass RequestConn',
      },
    ],
    isHarmless: true,
  },
  {
    name: "requests-batches-at-once",
    what: "Batches of publishes do not wait for each other: each is a link of its own, and they overtake each other",
    patches: [{ file: requests, find: "if (this.#isPosting || this.#over ||", replace: "if (this.#over ||" }],
  },
  {
    name: "fallback-never-up",
    what: "A client that has fallen back tries no better transport again",
    patches: [{ file: fallback, find: "if (this.#base > 0) this.next =", replace: "if (this.#base > 9) this.next =" }],
  },
  {
    name: "fallback-at-first-failure",
    what: "A client falls back after one failure: it comes up again as soon as it can",
    patches: [{ file: fallback, find: "const missesMax = 2;", replace: "const missesMax = 1;" }],
    isHarmless: true,
  },
  {
    name: "buffering-not-named",
    what: "A client whose event streams are held back does not find out why",
    patches: [{ file: requests, find: "() => isWaiting() && this.#fail(", replace: "() => isWaiting() && void (" }],
  },
  {
    name: "break-before-make",
    what: "A link that is to be replaced is closed before the new one is dialled",
    patches: [
      {
        file: connection,
        find: "    const index = this.#fallback.next;",
        replace: "    if (live !== null) {\n      this.#live = null;\n      this.#drop(live);\n    }\n    const index = this.#fallback.next;",
      },
    ],
  },
  {
    name: "retired-link-kept",
    what: "The old link is not closed when the new one has taken over",
    patches: [
      { file: connection, find: "    this.#retireAtMs = Infinity;\n    this.#drop(link);", replace: "    this.#retireAtMs = Infinity;\n    void link;" },
    ],
  },
  {
    name: "move-forgets-in-flight",
    what: "What is under way on the old link is not sent again on the new one",
    patches: [{ file: outbox, find: "lane.rewind();\n    this.#pumpAll();", replace: "if (this.#sends.size < 2) lane.rewind();\n    this.#pumpAll();" }],
  },
  {
    name: "old-refusal-counts",
    what: "A refusal by the old link counts for a publish that was sent again on the new one",
    patches: [
      { file: outbox, find: "if (!this.#pending.has(item) || item.sentAs !== send) return true;", replace: "if (!this.#pending.has(item)) return true;" },
    ],
  },
  {
    name: "old-link-deaf",
    what: "What the old link still brings is not taken: the new one brings it again",
    patches: [{ file: subscription, find: "this.#old = this.#ready().some(({ cursor }) => cursor === this.#cursor) ? old : null;", replace: "void old;" }],
    isHarmless: true,
  },
  {
    name: "old-link-cut-off",
    what: "The old link is closed as soon as the new one is welcomed: what it had not brought yet comes by the new one",
    patches: [
      {
        file: client,
        find: "if (this.#retiring === null || ![...this.#subscriptions.values()].every(({ isSettled }) => isSettled)) return;",
        replace: "if (this.#retiring === null) return;",
      },
    ],
    isHarmless: true,
  },
  {
    name: "both-links-believed",
    what: "While two links bring entries, those that the other one has brought are taken again",
    patches: [
      {
        file: subscription,
        find: "if (prev !== this.#cursor && isKnown) {",
        replace:
          "if (prev !== this.#cursor && isKnown && this.#old !== null) {\n      return void this.#advance(position, new StreamEntry(frame, payload));\n    }\n    if (prev !== this.#cursor && isKnown) {",
      },
    ],
  },
];

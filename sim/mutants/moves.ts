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
      {
        file: subscription,
        find: 'this.#phase === "asked" ? this.#asked : { after: this.#cursor };',
        replace: 'this.#phase === "asked" ? this.#asked : { after: this.#head };',
      },
      {
        file: subscription,
        find: "if (position !== this.#cursor || this.#old !== null) return;",
        replace: "if (position === this.#head) return this.beat(link, { sent: position, head });",
      },
    ],
  },
  {
    name: "requests-ask-from-start",
    what: "A link over requests asks anew from where it began",
    patches: [{ file: subscription, find: 'this.#phase === "asked" ? this.#asked : { after: this.#cursor };', replace: "this.#asked;" }],
  },
  {
    name: "requests-ask-for-one",
    what: "A link over requests leaves out all but one of its streams when it asks anew",
    patches: [
      {
        file: requests,
        find: "const asks = this.#handlers.asks();",
        replace: "const asks = this.#handlers.asks().slice(0, 1);",
      },
    ],
  },
  {
    name: "requests-pong-at-once",
    what: "A link over requests takes a ping for answered when it is sent",
    patches: [
      {
        file: requests,
        find: "this.#pings.push((JSON.parse(text) as PingFrame).id);",
        replace: 'void Promise.resolve().then(() => this.#handlers.onText(JSON.stringify({ ...(JSON.parse(text) as PingFrame), type: "pong" })));',
      },
    ],
  },
  {
    name: "requests-broken-batch-forgotten",
    what: "A batch of publishes whose response broke is neither sent again nor ends the link",
    patches: [
      {
        file: requests,
        find: "if (status === 200) return done();",
        replace: "if (status === 200 || (status === 0 && body.includes('\"publish\"'))) return done();",
      },
      { file: requests, find: "if (count > 0) return this.#end", replace: "if (count < 0) return this.#end" },
    ],
  },
  {
    name: "requests-batch-reversed",
    what: "The publishes of a batch go in the wrong order: their numbers put them right",
    patches: [
      {
        file: requests,
        find: "const batch = this.#outgoing.splice(0, count);",
        replace: 'const batch = this.#outgoing.splice(0, count).reverse();\n    body = batch.map(([text]) => text).join("");',
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
    patches: [{ file: requests, find: '() => fail("response_buffered", "a hop holds back event streams")', replace: "() => {}" }],
  },
  {
    name: "break-before-make",
    what: "A link that is to be replaced is closed before the new one is dialled",
    patches: [
      {
        file: connection,
        find: "    const index = this.#fallback.next;",
        replace: "    if (live !== null) {\n      this.live = null;\n      this.#drop(live);\n    }\n    const index = this.#fallback.next;",
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
    patches: [
      { file: outbox, find: "this.#link = link;\n    for", replace: "const hadLink = this.#link !== null;\n    this.#link = link;\n    if (!hadLink) for" },
    ],
  },
  {
    name: "old-refusal-counts",
    what: "A refusal by the old link counts for a publish that was sent again on the new one",
    patches: [
      {
        file: outbox,
        find: "if (!this.#pending.has(item) || item.sentAs !== link || item.id !== id) return;",
        replace: "if (!this.#pending.has(item)) return;",
      },
    ],
  },
  {
    name: "old-link-deaf",
    what: "What the old link still brings is not taken: the new one brings it again",
    patches: [{ file: subscription, find: "this.#old = old;", replace: "this.#old = null;" }],
    isHarmless: true,
  },
  {
    name: "old-link-cut-off",
    what: "The old link is closed as soon as the new one is welcomed: what it had not brought yet comes by the new one",
    patches: [
      {
        file: client,
        find: "if (old !== null && this.#all.every(({ isSettled }) => isSettled)) this.#connection.retire();",
        replace: "if (old !== null) this.#connection.retire();",
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

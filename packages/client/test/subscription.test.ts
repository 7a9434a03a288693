/** Several readers of one stream over one subscription: each gets exactly its part of the log. The wire rules are in reader-rule.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Code, From, GapFrame } from "@holdfast/protocol";
import { newCounters } from "../src/counters.ts";
import { Assembly } from "../src/entry.ts";
import type { Link } from "../src/link.ts";
import { resolveOptions } from "../src/options.ts";
import { type End, type Item, positionOf, type Reader } from "../src/stream.ts";
import { Subscription } from "../src/subscription.ts";

/** A subscription, what it sends, and what each reader got. */
class Line {
  readonly got: Record<number, string[]> = {};
  readonly counters = newCounters();
  /** How long it rests, each time that it does. */
  readonly restsMs: number[] = [];
  wake = (): void => {};
  readonly #readers = new Map<number, Reader>();
  readonly #sent: string[] = [];
  readonly #links: Link[] = [];
  #nextId = 1;
  readonly it = new Subscription(
    "s",
    {
      clock: {
        monoMs: () => 0,
        wallMs: () => 0,
        after: (delayMs, call) => {
          this.restsMs.push(delayMs);
          this.wake = call;
          return { cancel: () => {} };
        },
      },
      rng: { u32: () => 2 ** 31 },
      options: resolveOptions(),
      counters: this.counters,
    },
    () => {},
  );

  #newLink(): Link {
    const sendFrame = (frame: { readonly type: string; readonly from?: From }): void =>
      void this.#sent.push(frame.type === "subscribe" ? `ask ${JSON.stringify(frame.from)}` : frame.type);
    const link = { request: () => this.#nextId++, answered: () => {}, fault: () => void this.#sent.push("fault"), sendFrame, assembly: new Assembly() };
    return link as unknown as Link;
  }
  /** What was sent since the last call. */
  take(): string {
    return this.#sent.splice(0).join(", ");
  }
  up(): this {
    const link = this.#newLink();
    this.#links.push(link);
    this.it.linkUp(link);
    return this;
  }
  #link(no = this.#links.length): Link {
    return this.#links[no - 1] as Link;
  }
  join(id: number, from: From): this {
    const got: string[] = [];
    const reader: Reader = {
      from,
      cursor: positionOf(from),
      isFull: false,
      outcome: null,
      begin(position: string): void {
        reader.cursor = position;
      },
      push: (item: Item) => void got.push("after" in item ? `gap ${item.after}` : item.position),
      finish: (end: End) => {
        reader.outcome = end;
        if (end === "ended") got.push("end");
        else this.#sent.push(`fail ${id} ${(end as { error: { code: Code } }).error.code}`);
      },
    } as unknown as Reader;
    this.got[id] = got;
    this.#readers.set(id, reader);
    this.it.join(reader);
    return this;
  }
  full(id: number, full: boolean): this {
    (this.#readers.get(id) as Reader).isFull = full;
    this.it.review();
    return this;
  }
  /** The server answers the newest subscribe. */
  answer(position: string, head: string): this {
    this.it.subscribed(this.#link(), { type: "subscribed", id: this.#nextId - 1, stream: "s", position, head });
    return this;
  }
  refuse(id: number, code: Code): this {
    this.it.unsubscribed(this.#link(), { type: "unsubscribed", id, stream: "s", code });
    return this;
  }
  entry(position: string, prev: string, link = this.#links.length): this {
    this.it.entry(this.#link(link), { type: "entry", stream: "s", position, prev, timeMs: 0, format: "json", parts: 0, text: "", data: 0 });
    return this;
  }
  /** Entries `from + 1` to `to` of epoch e. */
  entries(from: number, to: number): this {
    for (let n = from + 1; n <= to; n++) this.entry(at(n), at(n - 1));
    return this;
  }
  gap(from: string, after: string, head: string): this {
    const frame: GapFrame = { type: "gap", stream: "s", reason: "trimmed", from, after, head };
    this.it.gap(this.#link(), frame);
    return this;
  }
  ended(position: string): this {
    this.it.closed(this.#link(), { type: "closed", stream: "s", position });
    return this;
  }
}
const at = (n: number): string => (n === 0 ? "0" : `e.1${n}`);

test("nothing is sent without a link, and one subscribe serves two readers who begin at the same place", () => {
  const line = new Line().join(1, "now").join(2, { after: at(5) });
  assert.equal(line.take(), "");
  line.up();
  assert.equal(line.take(), 'ask "now"');
  line.answer(at(5), at(5));
  assert.equal(line.take(), "");
  line.entries(5, 7);
  assert.deepEqual(line.got, { 1: [at(6), at(7)], 2: [at(6), at(7)] });
});

test("`now` joins a subscription at the head without asking; behind the head the server is asked", () => {
  const line = new Line().up().join(1, "first").answer("0", at(2));
  line.take();
  line.entries(0, 1).join(2, "now");
  assert.equal(line.take(), 'ask "now"', "not at the head: only the server knows it");
  line.answer(at(2), at(2));
  assert.equal(line.take(), `ask {"after":"${at(1)}"}`, "the first reader goes on where it was");
  line.answer(at(1), at(2)).entries(1, 3);
  assert.deepEqual(line.got, { 1: [at(1), at(2), at(3)], 2: [at(3)] });
  line.join(3, "now").entries(3, 4);
  assert.equal(line.take(), "");
  assert.deepEqual((line.got as Record<number, string[]>)[3], [at(4)]);
});

test("a reader who begins earlier makes the subscription begin again; the others take nothing twice", () => {
  const line = new Line().up().join(1, "now").answer(at(5), at(5)).entries(5, 6);
  line.take();
  line.join(2, { after: at(2) });
  assert.equal(line.take(), `ask {"after":"${at(2)}"}`);
  line.entries(6, 7); // Under way when the subscribe was sent.
  line.answer(at(2), at(7)).entries(2, 8);
  assert.equal(line.take(), "");
  assert.deepEqual(line.got, { 1: [at(6), at(7), at(8)], 2: [3, 4, 5, 6, 7, 8].map(at) });
});

test("a full reader holds nobody back: it is left behind, and served again from its place when it is not full any more", () => {
  const line = new Line().up().join(1, { after: "0" }).join(2, { after: "0" }).answer("0", at(6)).entries(0, 2);
  line.take();
  line.full(1, true).entries(2, 4);
  assert.equal(line.take(), "");
  line.full(1, false);
  assert.equal(line.take(), `ask {"after":"${at(2)}"}`);
  line.answer(at(2), at(6)).entries(2, 6);
  const all = [1, 2, 3, 4, 5, 6].map(at);
  assert.deepEqual(line.got, { 1: all, 2: all });
});

test("when every reader is full the stream is unsubscribed, and asked again from the place of the first that is free", () => {
  const line = new Line().up().join(1, { after: "0" }).answer("0", at(6)).entries(0, 3);
  line.take();
  line.full(1, true);
  assert.equal(line.take(), "unsubscribe");
  line.entries(3, 5);
  assert.deepEqual(line.got[1], [1, 2, 3].map(at), "what was under way is dropped");
  line.full(1, false);
  assert.equal(line.take(), `ask {"after":"${at(3)}"}`);
  line.answer(at(3), at(6)).entries(3, 6);
  assert.deepEqual(line.got[1], [1, 2, 3, 4, 5, 6].map(at));
});

test("a reader that is full again before the others are reached does not keep them waiting", () => {
  const line = new Line().up().join(1, { after: "0" }).join(2, { after: "0" }).answer("0", at(9)).entries(0, 2).full(1, true).entries(2, 6).full(1, false);
  line.take();
  line.answer(at(2), at(9)).entries(2, 3).full(1, true);
  assert.equal(line.take(), `ask {"after":"${at(6)}"}`);
  line.answer(at(6), at(9)).entries(6, 9);
  assert.deepEqual(line.got[2], [1, 2, 3, 4, 5, 6, 7, 8, 9].map(at));
});

test("a reader whose place is not in the log any more is found out at the head, and gets its gap; the others stay exact", () => {
  const line = new Line()
    .join(1, { after: "d.15" })
    .join(2, { after: at(2) })
    .up();
  assert.equal(line.take(), 'ask {"after":"d.15"}');
  line.answer("d.15", at(4));
  assert.equal(line.take(), "", "the second is ahead, as far as anybody knows");
  line.gap("d.15", at(1), at(4)).entries(1, 4);
  assert.deepEqual(line.got, { 1: [`gap ${at(1)}`, at(2), at(3), at(4)], 2: [at(3), at(4)] });

  const other = new Line()
    .join(1, { after: at(2) })
    .join(2, { after: "d.15" })
    .up();
  other.take();
  other.answer(at(2), at(4)).entries(2, 4);
  assert.equal(other.take(), 'ask {"after":"d.15"}', "at the head, and not met");
  other.answer("d.15", at(4));
  assert.equal(other.take(), "", "it has its turn before anybody else's");
  other.gap("d.15", at(1), at(4));
  assert.equal(other.take(), "");
  other.entries(1, 5);
  assert.deepEqual(other.got, { 1: [at(3), at(4), at(5)], 2: [`gap ${at(1)}`, at(2), at(3), at(4), at(5)] });
});

test("two readers whose places exclude each other do not make the client ask for ever", () => {
  // The log was cut back to its beginning; one reader is beyond it, one before it.
  const line = new Line()
    .join(1, { after: "0" })
    .join(2, { after: at(1) })
    .up()
    .answer("0", "0");
  assert.equal(line.take(), `ask {"after":"0"}, ask {"after":"${at(1)}"}`);
  line.answer(at(1), "0");
  assert.equal(line.take(), "");
  line.gap(at(1), "0", "0");
  assert.equal(line.take(), "");
  line.entry("f.11", "0");
  assert.deepEqual(line.got, { 1: ["f.11"], 2: ["gap 0", "f.11"] });
});

test("the end of a stream ends those who are there; one who is behind gets the rest first", () => {
  const line = new Line().up().join(1, { after: "0" }).join(2, { after: "0" }).answer("0", at(3)).entries(0, 1).full(1, true).entries(1, 3);
  line.take();
  line.ended(at(3));
  assert.deepEqual(line.got[2], [at(1), at(2), at(3), "end"]);
  line.full(1, false);
  assert.equal(line.take(), `ask {"after":"${at(1)}"}`);
  line.answer(at(1), at(3)).entries(1, 3).ended(at(3));
  assert.deepEqual(line.got[1], [at(1), at(2), at(3), "end"]);
});

test("a bad position fails only its holder; a refusal of the stream fails everybody", () => {
  const line = new Line()
    .up()
    .join(1, "now")
    .answer(at(5), at(5))
    .join(2, { after: at(2) });
  line.take();
  line.refuse(2, "bad_position");
  assert.equal(line.take(), `fail 2 bad_position, ask {"after":"${at(5)}"}`);
  line.refuse(3, "too_many_subscriptions");
  assert.equal(line.take(), "fail 1 too_many_subscriptions");
  assert.equal(line.it.readers.size, 0);
});

test("asking in vain is asked less and less often, up to 30 s", () => {
  const line = new Line().up().join(1, { after: at(5) });
  for (let i = 0; i < 8; i++) {
    assert.equal(line.take(), `ask {"after":"${at(5)}"}`);
    line.refuse(i + 1, "engine_busy").refuse(i + 1, "engine_busy");
    assert.equal(line.take(), "");
    line.wake();
  }
  assert.deepEqual(line.restsMs, [750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500, 22_500]);
});

test("at the head, settled: only when the link that counts has brought everything known", () => {
  const line = new Line().up().join(1, "first");
  assert.deepEqual([line.it.isAtHead, line.it.isSettled], [false, false]);
  line.answer("0", at(1));
  assert.deepEqual([line.it.isAtHead, line.it.isSettled], [false, true]);
  line.entries(0, 1);
  assert.ok(line.it.isAtHead);
  line.up();
  assert.equal(line.it.isSettled, false, "the new link has not answered");
  line.entry(at(2), at(1), 1);
  line.answer(at(1), at(2));
  assert.equal(line.it.isSettled, false, "the old link is ahead of the new one");
  line.entries(1, 2);
  assert.ok(line.it.isSettled && line.it.isAtHead);
  assert.deepEqual(line.got[1], [at(1), at(2)]);
});

test("a link that had to ask anew tells of a head that moved while no entry came", () => {
  const line = new Line().up().join(1, "now").answer(at(5), at(5));
  assert.equal(line.it.isAtHead, true);
  line.answer(at(5), at(7));
  assert.deepEqual([line.it.isAtHead, line.it.isSettled, line.counters.late], [false, true, 0]);
  line.entries(5, 7);
  assert.equal(line.it.isAtHead, true);
});

test("an answer from a place which is past says nothing of the head, nor of what is missing", () => {
  const line = new Line().up().join(1, "now").answer(at(5), at(5)).entries(5, 8);
  line.take();
  line.answer(at(5), at(7));
  assert.deepEqual([line.it.isAtHead, line.take(), line.counters.audits], [true, "", 0]);
});

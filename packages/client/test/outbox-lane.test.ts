/** The lane: numbers without holes, and the races of refusals with what was sent behind the refused entry. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Code } from "@holdfast/protocol";
import { Lane, type LaneItem } from "../src/outbox-lane.ts";

const max = 128;

interface Named extends LaneItem {
  readonly name: string;
}
const item = (name: string, dedupeKey?: string): Named => ({ name, dedupeKey, epoch: -1, seq: -1, sentAs: null, open: 0 });

/** A lane with these items, and short ways to say what happens. */
function lane(...names: string[]) {
  const it = new Lane<Named>(0);
  const items = new Map<string, Named>();
  const add = (name: string, dedupeKey?: string): void => {
    const added = item(name, dedupeKey);
    items.set(name, added);
    it.add(added);
  };
  for (const name of names) add(name);
  const get = (name: string): Named => items.get(name) as Named;
  /** Sends all that may be sent: `name epoch/seq`. */
  const send = (nowMs = 0): string => {
    const sent: string[] = [];
    for (let next = it.next(nowMs, max); next !== undefined; next = it.next(nowMs, max)) {
      next.sentAs = {};
      next.open++;
      sent.push(`${next.name} ${next.epoch}/${next.seq}`);
    }
    return sent.join(", ");
  };
  const refuse = (name: string, code: Code, nowMs = 0): string => {
    get(name).open--;
    const failed = it.refused(get(name), code, nowMs + 100 * (it.refusals + 1));
    return failed.map(({ name }) => name).join(" ");
  };
  return { it, add, get, send, refuse, accept: (name: string) => it.accepted(get(name)) };
}

test("numbers are given in the order of the calls, and sent in it", () => {
  const { send, add } = lane("a", "b");
  assert.equal(send(), "a 0/0, b 0/1");
  add("c");
  assert.equal(send(), "c 0/2");
});

test("at most so many are in flight", () => {
  const it = new Lane<Named>(0);
  for (let i = 0; i < 5; i++) it.add(item(`${i}`));
  for (let i = 0; i < 3; i++) (it.next(0, 3) as Named).sentAs = {};
  assert.equal(it.next(0, 3), undefined);
  it.accepted(it.items[0] as Named);
  assert.equal(it.next(0, 3)?.name, "3");
});

test("after a lost link everything unanswered goes again with the same numbers", () => {
  const { it, send, accept } = lane("a", "b", "c");
  send();
  accept("a");
  it.rewind();
  assert.equal(send(), "b 0/1, c 0/2");
});

test("a refusal for good begins a new epoch for those behind it, those in flight included", () => {
  const { send, accept, refuse, add } = lane("a", "b", "c", "d");
  send();
  accept("a");
  assert.equal(refuse("b", "entry_too_large"), "b");
  add("e");
  assert.equal(send(), "c 1/0, d 1/1, e 1/2");
});

test("a refusal for good with nothing behind it still begins a new epoch", () => {
  const { send, refuse, add } = lane("a");
  send();
  assert.equal(refuse("a", "bad_payload"), "a");
  add("b");
  assert.equal(send(), "b 1/0");
});

test("the new epoch waits until all of the old one are answered: they would be fenced", () => {
  const { it, send, accept, refuse } = lane("a", "b", "c");
  send();
  assert.equal(refuse("b", "entry_too_large"), "b"); // Refused by the server's door while `a` is on its way to the disk.
  assert.equal(send(), "");
  it.rewind();
  assert.equal(send(), "a 0/0", "a lost link does not change that");
  accept("a");
  assert.equal(send(), "c 1/0");
});

test("a refusal for now sends it and all behind it again, in order, after the delay", () => {
  const { send, accept, refuse, it } = lane("a", "b", "c");
  send();
  assert.equal(refuse("b", "engine_busy", 1_000), "");
  assert.equal(send(1_099), "");
  assert.equal(it.notBeforeMs, 1_100);
  assert.equal(send(1_100), "b 0/1, c 0/2");
  accept("a");
  refuse("b", "engine_busy", 2_000);
  assert.equal(it.notBeforeMs, 2_100, "an answer begins the count of refusals anew");
  refuse("c", "engine_busy", 2_000);
  assert.equal(it.notBeforeMs, 2_200);
});

test("out_of_order behind one that is unanswered is its consequence: it goes again once that is answered", () => {
  const { send, accept, refuse } = lane("a", "b", "c");
  send();
  assert.equal(refuse("b", "out_of_order"), "", "`a` was refused for now, and that answer is still under way");
  assert.equal(send(), "", "not before: it would be refused again, and again");
  refuse("a", "engine_busy", 0);
  assert.equal(send(100), "a 0/0, b 0/1, c 0/2");
  accept("a");
  accept("b");
  accept("c");
});

test("out_of_order with nothing unanswered before it shows that the server lost its numbers: a new epoch, nothing fails", () => {
  const { send, accept, refuse } = lane("a", "b", "c");
  send();
  accept("a");
  assert.equal(refuse("b", "out_of_order"), "");
  assert.equal(send(), "b 1/0, c 1/1");
});

test("out_of_order for the first number of an epoch fails: trying again would not end", () => {
  const { send, refuse, add } = lane("a", "b");
  send();
  assert.equal(refuse("a", "out_of_order"), "a");
  add("c");
  assert.equal(send(), "b 1/0, c 1/1");
});

test("an expired entry leaves its number unused; only the server's out_of_order frees those behind it", () => {
  const { it, get, send, refuse, add } = lane("a");
  send();
  it.rewind();
  it.expire(get("a"));
  add("b");
  add("c");
  assert.equal(send(), "b 0/1, c 0/2", "they may have been taken under these numbers");
  assert.equal(refuse("b", "out_of_order"), "");
  assert.equal(send(), "b 1/0, c 1/1");
});

test("out_of_order behind an expired entry says nothing of what another link may still bring: that fails, and what was never sent goes on", () => {
  const { it, get, send, refuse, add } = lane("a", "b");
  send();
  it.rewind();
  it.expire(get("a"));
  add("c");
  assert.equal(send(), "b 0/1, c 0/2");
  add("k", "key");
  add("d");
  assert.equal(refuse("b", "out_of_order"), "b c");
  assert.equal(send(), "k -1/-1, d 1/0");
  add("e");
  send();
  it.rewind();
  send();
  it.accepted(get("k"));
  assert.equal(refuse("d", "out_of_order"), "d", "number 0 cannot be out of order");
});

test("without an expired entry out_of_order says that the server has forgotten: nothing fails, whatever is open", () => {
  const { it, get, send, refuse } = lane("a", "b", "c");
  send();
  it.accepted(get("a"));
  it.rewind();
  send();
  assert.equal(refuse("b", "out_of_order"), "");
  assert.equal(send(), "b 1/0, c 1/1");
});

test("fenced: this one, all behind it, and the lane are over; those before it may still be answered", () => {
  const { it, send, refuse, accept } = lane("a", "b", "c");
  send();
  assert.equal(refuse("b", "fenced"), "b c");
  assert.ok(it.isFenced);
  accept("a");
  assert.deepEqual(it.items, []);
});

test("entries with a dedupe key have no number and begin no epoch", () => {
  const { send, refuse, add } = lane("a");
  add("k", "key");
  add("b");
  assert.equal(send(), "a 0/0, k -1/-1, b 0/1");
  assert.equal(refuse("k", "stream_closed"), "k");
  add("c");
  assert.equal(send(), "c 0/2");
  refuse("b", "out_of_order");
  assert.equal(send(), "", "`a` is before it");
});

test("an answer to an earlier send counts while the item waits to be sent again", () => {
  const { send, refuse, accept, it } = lane("a", "b");
  send();
  refuse("a", "unknown_outcome", 0);
  accept("b"); // The server had taken both.
  assert.equal(send(100), "a 0/0");
  accept("a");
  assert.deepEqual(it.items, []);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Member, split } from "../../src/budget/split.ts";

const member = (id: string, demand: number, granted = 0, max = 100): Member => ({ id, demand, max, granted, joinedMs: 0 });
const shares = (total: number, members: readonly Member[]): number[] =>
  [
    ...split(
      total,
      [...members].sort((a, b) => (a.id < b.id ? -1 : 1)),
    ),
  ]
    .sort()
    .map(([, share]) => share);

test("equal demands share evenly, and the odd ones go to who has more already", () => {
  assert.deepEqual(shares(21, [member("a", 50), member("b", 50), member("c", 50), member("d", 50)]), [6, 5, 5, 5]);
  assert.deepEqual(shares(21, [member("a", 50, 5), member("b", 50, 5), member("c", 50, 5), member("d", 50, 6)]), [5, 5, 5, 6]);
});

test("what somebody does not want goes to who does, and what nobody wants to all", () => {
  assert.deepEqual(shares(20, [member("a", 1), member("b", 50)]), [1, 19]);
  assert.deepEqual(shares(20, [member("a", 2), member("b", 4)]), [10, 10]);
});

test("a pool's own maximum bounds its share", () => {
  assert.deepEqual(shares(20, [member("a", 50, 0, 3), member("b", 50)]), [3, 17]);
  assert.deepEqual(shares(20, [member("a", 50, 0, 3), member("b", 50, 0, 4)]), [3, 4]);
});

test("with more replicas than shares, those who have one keep it", () => {
  assert.deepEqual(shares(2, [member("a", 5), member("b", 5, 1), member("c", 5, 1)]), [0, 1, 1]);
  assert.deepEqual(shares(0, [member("a", 5)]), [0]);
});

const members = fc
  .array(fc.record({ demand: fc.nat(60), granted: fc.nat(20), max: fc.integer({ min: 1, max: 40 }), joinedMs: fc.nat(3) }), { maxLength: 30 })
  .map((all) => all.map((each, index): Member => ({ ...each, id: `r${index}` })));

test("never more than there is, never less than one while there are that many, never idle while somebody has room", () => {
  fc.assert(
    fc.property(fc.nat(120), members, (total, all) => {
      const given = split(total, all);
      const sum = [...given.values()].reduce((so, each) => so + each, 0);
      const room = all.reduce((so, { max }) => so + max, 0);
      assert.equal(sum, Math.min(total, all.length > total ? total : room));
      for (const { id, max } of all) {
        const share = given.get(id) as number;
        assert.ok(share <= Math.max(1, max) && (total < all.length || share >= 1));
      }
    }),
  );
});

test("nobody has less than another without wanting less, by more than the odd one", () => {
  fc.assert(
    fc.property(fc.nat(120), members, (total, all) => {
      const given = split(total, all);
      for (const one of all) {
        for (const other of all) {
          const [less, more] = [given.get(one.id) as number, given.get(other.id) as number];
          const wants = Math.min(one.max, Math.max(1, one.demand));
          if (less < more - 1 && total >= all.length) assert.ok(less >= wants, `${less} of ${wants} beside ${more}`);
        }
      }
    }),
  );
});

test("what was given is given again: a split does not move by itself", () => {
  fc.assert(
    fc.property(fc.nat(120), members, (total, all) => {
      const given = split(total, all);
      const again = split(
        total,
        all.map((each) => ({ ...each, granted: given.get(each.id) as number })),
      );
      assert.deepEqual([...again].sort(), [...given].sort());
    }),
  );
});

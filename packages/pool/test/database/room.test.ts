/**
 * Places at the server: never more than there are, in the order of arrival.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Room } from "../../src/database/room.ts";

const turn = (): Promise<void> => new Promise((resolve) => queueMicrotask(resolve));
const never = new AbortController().signal;

test("a place that is given back lets in whoever came first", async () => {
  const room = new Room(1);
  const leave = await room.enter(never);
  const order: number[] = [];
  const waiting = [1, 2].map((n) =>
    room.enter(never).then((leaves) => {
      order.push(n);
      return leaves;
    }),
  );
  await turn();
  assert.deepEqual(order, []);
  leave();
  leave();
  (await waiting[0])?.();
  await waiting[1];
  assert.deepEqual(order, [1, 2]);
  assert.equal(room.held, 1);
});

test("whoever leaves the queue takes nothing", async () => {
  const room = new Room(0);
  const abort = new AbortController();
  const waiting = room.enter(abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(room.enter(abort.signal), /enough/);
  room.resize(1);
  assert.equal(room.held, 0);
});

test("nobody enters while the answer is no", async () => {
  const room = new Room(2);
  let may = false;
  room.askFirst(() => may);
  const entering = room.enter(never);
  await turn();
  assert.equal(room.held, 0);
  may = true;
  room.retry();
  await entering;
  assert.equal(room.held, 1);
});

test("it is empty when the last has left", async () => {
  const room = new Room(2);
  await room.emptied();
  const leaves = [await room.enter(never), await room.enter(never)];
  let empty = false;
  const emptied = room.emptied().then(() => {
    empty = true;
  });
  leaves[0]?.();
  await turn();
  assert.equal(empty, false);
  leaves[1]?.();
  await emptied;
});

test("whatever comes, goes and changes: nobody enters above the maximum, and no place is left while somebody waits", async () => {
  const step = fc.oneof(
    fc.constant({ do: "enter" } as const),
    fc.record({ do: fc.constant("leave" as const), which: fc.nat(20) }),
    fc.record({ do: fc.constant("abort" as const), which: fc.nat(20) }),
    fc.record({ do: fc.constant("resize" as const), max: fc.nat(5) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      let max = 2;
      const room = new Room(max);
      const inside: (() => void)[] = [];
      const waiting: AbortController[] = [];
      for (const each of steps) {
        const heldBefore = room.held;
        if (each.do === "enter") {
          const abort = new AbortController();
          waiting.push(abort);
          room.enter(abort.signal).then(
            (leave) => {
              waiting.splice(waiting.indexOf(abort), 1);
              inside.push(leave);
            },
            () => undefined,
          );
        } else if (each.do === "leave") inside.splice(each.which, 1)[0]?.();
        else if (each.do === "abort") waiting.splice(each.which, 1)[0]?.abort();
        else {
          max = each.max;
          room.resize(max);
        }
        assert.ok(room.held <= Math.max(max, heldBefore));
        await turn();
        await turn();
        assert.equal(room.held, inside.length);
        assert.ok(waiting.length === 0 || room.held >= max);
      }
    }),
    { numRuns: 200 },
  );
});

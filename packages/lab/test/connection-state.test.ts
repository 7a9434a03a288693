/** The machine of one connection, alone: every order of events ends well. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ConnectionAction, type ConnectionEvent, type ConnectionState, stepConnection } from "../src/connection-state.ts";

const parked: ConnectionState = { name: "parked", sinceMs: 0 };

function run(events: readonly ConnectionEvent[], from: ConnectionState = parked): { state: ConnectionState; actions: ConnectionAction[] } {
  let state = from;
  const actions: ConnectionAction[] = [];
  for (const [nowMs, event] of events.entries()) {
    const step = stepConnection(state, event, nowMs);
    state = step.state;
    actions.push(...step.actions);
  }
  return { state, actions };
}

const open: ConnectionEvent[] = [{ type: "release" }, { type: "dialled" }];

test("a FIN from each side is relayed once, and the connection ends when both sockets are gone", () => {
  const { state, actions } = run([
    ...open,
    { type: "ended", side: "client" },
    { type: "ended", side: "client" },
    { type: "ended", side: "server" },
    { type: "gone", side: "client", how: "finished" },
    { type: "gone", side: "server", how: "finished" },
  ]);
  assert.deepEqual(state, { name: "closed", sinceMs: 6, cause: "ended" });
  assert.deepEqual(actions, [
    { type: "dial" },
    { type: "start" },
    { type: "relay", from: "client", what: "end" },
    { type: "relay", from: "server", what: "end" },
    { type: "arm-linger" },
    { type: "settle", cause: "ended" },
  ]);
});

test("an RST is relayed and remembered as the cause, whatever follows", () => {
  const { state, actions } = run([...open, { type: "gone", side: "server", how: "reset" }, { type: "gone", side: "client", how: "by-lab" }]);
  assert.deepEqual(actions.slice(2), [
    { type: "relay", from: "server", what: "reset" },
    { type: "settle", cause: "server-reset" },
  ]);
  assert.equal(state.name, "closed");
});

test("what the lab did to one side is not relayed to the other", () => {
  const { state, actions } = run([...open, { type: "gone", side: "client", how: "by-lab" }]);
  assert.deepEqual(actions.slice(2), []);
  assert.equal(state.name, "open");
});

test("a client that ends while parked is let go without a dial", () => {
  const { actions } = run([{ type: "ended", side: "client" }, { type: "release" }]);
  assert.deepEqual(actions, [
    { type: "destroy", side: "client" },
    { type: "settle", cause: "client-gave-up" },
  ]);
});

test("a dial that succeeds after the connection is over is let go", () => {
  const { actions } = run([{ type: "release" }, { type: "abandon", cause: "proxy-closed" }, { type: "dialled" }]);
  assert.deepEqual(actions.at(-1), { type: "destroy", side: "server" });
});

test("lingering goes on while bytes are under way, and resets what remains when none are", () => {
  const quiet = [...open, { type: "ended", side: "client" }, { type: "ended", side: "server" }] satisfies ConnectionEvent[];
  assert.deepEqual(run([...quiet, { type: "linger-over", busy: true }]).actions.at(-1), { type: "arm-linger" });
  const { actions } = run([...quiet, { type: "gone", side: "client", how: "finished" }, { type: "linger-over", busy: false }]);
  assert.deepEqual(actions.at(-1), { type: "reset", side: "server" });
});

const side = fc.constantFrom("client" as const, "server" as const);
const event: fc.Arbitrary<ConnectionEvent> = fc.oneof(
  fc.constantFrom<ConnectionEvent>({ type: "release" }, { type: "dialled" }, { type: "dial-failed" }),
  fc.record({ type: fc.constant("ended" as const), side }),
  fc.record({ type: fc.constant("gone" as const), side, how: fc.constantFrom("finished" as const, "reset" as const, "by-lab" as const) }),
  fc.record({ type: fc.constant("linger-over" as const), busy: fc.boolean() }),
  fc.record({ type: fc.constant("abandon" as const), cause: fc.constantFrom("lab-reset" as const, "proxy-closed" as const) }),
);

test("any order of events settles at most once, and exactly once when both sockets are gone", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const { state, actions } = run(events);
      const settled = actions.filter((action) => action.type === "settle").length;
      assert.equal(settled, state.name === "closed" ? 1 : 0);
      const gone: ConnectionEvent[] = [
        { type: "gone", side: "client", how: "finished" },
        { type: "gone", side: "server", how: "finished" },
      ];
      assert.equal(run(gone, state).state.name, "closed");
    }),
    { numRuns: 2000 },
  );
});

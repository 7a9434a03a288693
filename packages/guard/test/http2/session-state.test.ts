/** How a session ends, step by step, without a session. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type SessionEvent, type SessionPhase, stepSession } from "../../src/http2/session-state.ts";

const limits = { announceMs: 1_000, errorEndMs: 1_000, lingerMs: 5_000 };
const drain: SessionEvent = { type: "drain", code: "age_limit", drainMs: 30_000, inTwo: true };

/** The actions of every event in turn, each at its time. */
function actions(...events: readonly (readonly [number, SessionEvent])[]): { readonly done: readonly string[]; readonly phase: SessionPhase } {
  let phase: SessionPhase = { name: "open" };
  const done: string[] = [];
  for (const [atMs, event] of events) {
    const step = stepSession(phase, event, atMs, limits);
    phase = step.phase;
    done.push(step.actions.join("+"));
  }
  return { done, phase };
}

test("a drain announces, leaves when the peer has read that, and ends when the session is destroyed", () => {
  const { done, phase } = actions([0, drain], [50, { type: "answered" }], [60, { type: "tick" }], [900, { type: "destroyed", code: "host_closed" }]);
  assert.deepEqual(done, ["announce", "leave", "", "end"]);
  assert.deepEqual(phase, { name: "ending", code: "age_limit", deadlineMs: 5_900 });
});

test("a peer that does not answer delays the second step by announceMs, no more", () => {
  const { done } = actions([0, drain], [999, { type: "tick" }], [1_000, { type: "tick" }], [1_001, { type: "answered" }]);
  assert.deepEqual(done, ["announce", "", "leave", ""]);
});

test("where the announcement can not be sent, a session is left in one step", () => {
  assert.deepEqual(actions([0, { type: "drain", code: "draining", drainMs: 500, inTwo: false }], [1, { type: "answered" }]).done, ["leave", ""]);
});

test("streams that do not end are cancelled at the deadline, and a session that then stays is destroyed", () => {
  const { done, phase } = actions(
    [0, drain],
    [1_000, { type: "tick" }],
    [29_999, { type: "tick" }],
    [30_000, { type: "tick" }],
    [30_999, { type: "tick" }],
    [31_000, { type: "tick" }],
  );
  assert.deepEqual(done, ["announce", "leave", "", "cancel", "", "destroy+end"]);
  assert.equal(phase.name, "ending");
});

test("a second drain may only shorten the time", () => {
  const sooner = actions([0, drain], [10, { type: "drain", code: "draining", drainMs: 500, inTwo: true }], [510, { type: "tick" }]);
  assert.deepEqual(sooner.done, ["announce", "", "cancel"]);
  const later = actions([0, drain], [10, { type: "drain", code: "draining", drainMs: 90_000, inTwo: true }], [30_000, { type: "tick" }]);
  assert.deepEqual(later.done, ["announce", "", "cancel"]);
});

test("a cause destroys at once, and the connection is reset if it does not end", () => {
  const { done, phase } = actions(
    [0, { type: "cause", code: "ping_flood" }],
    [1, { type: "cause", code: "zombie" }],
    [999, { type: "tick" }],
    [1_000, { type: "tick" }],
  );
  assert.deepEqual(done, ["destroy+end", "", "", "reset"]);
  assert.deepEqual(phase, { name: "gone" });
});

test("a cause overrides a drain, and so does an error of Node's", () => {
  assert.deepEqual(actions([0, drain], [5, { type: "cause", code: "zombie" }]).phase, { name: "ending", code: "zombie", deadlineMs: 1_005 });
  assert.deepEqual(actions([0, drain], [5, { type: "destroyed", code: "protocol_error" }]).phase, {
    name: "ending",
    code: "protocol_error",
    deadlineMs: 1_005,
  });
});

test("what is closed is asked for nothing more", () => {
  const { done, phase } = actions([0, { type: "closed" }], [1, drain], [2, { type: "cause", code: "zombie" }], [9_000, { type: "tick" }]);
  assert.deepEqual(done, ["", "", "", ""]);
  assert.deepEqual(phase, { name: "gone" });
});

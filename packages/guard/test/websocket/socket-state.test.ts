import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openSocket, type SocketAction, type SocketEvent, type SocketState, stepSocket } from "../../src/websocket/socket-state.ts";

const closeMs = 5_000;
const check = (isBlind = false, hasMoved = false): SocketEvent => ({ type: "check", isBlind, hasMoved });

/** Applies events at their times; returns the actions. */
function run(...events: readonly (readonly [number, SocketEvent])[]): { state: SocketState; actions: (SocketAction | null)[] } {
  let state = openSocket;
  const actions = events.map(([nowMs, event]) => {
    const step = stepSocket(state, event, closeMs, nowMs);
    state = step.state;
    return step.action;
  });
  return { state, actions };
}

describe("the end of a guarded WebSocket", () => {
  it("sends the close frame and resets a peer that does not answer", () => {
    const { actions } = run([0, { type: "close", code: "ping_flood" }], [4_999, check()], [5_000, check()]);
    assert.deepEqual(actions, [{ do: "close", code: "ping_flood" }, null, { do: "reset", code: "ping_flood" }]);
  });

  it("sends nothing where ws has, or the peer, or the host", () => {
    assert.deepEqual(run([0, { type: "fault", code: "bad_payload" }]).actions, [{ do: "record", code: "bad_payload" }]);
    assert.deepEqual(run([0, { type: "peer" }]).actions, [{ do: "record", code: "peer_closed" }]);
    assert.deepEqual(run([0, { type: "host", closeMs: 60_000 }]).actions, [{ do: "record", code: "host_closed" }]);
  });

  it("keeps the first reason", () => {
    const { state, actions } = run([0, { type: "close", code: "slow_reader" }], [1, { type: "fault", code: "protocol_error" }], [2, { type: "peer" }]);
    assert.deepEqual(actions.slice(1), [null, null]);
    assert.equal(state.name === "closing" && state.code, "slow_reader");
  });

  it("blames the peer's close frame when that is at fault", () => {
    const { state } = run([0, { type: "peer" }], [1, { type: "fault", code: "protocol_error" }]);
    assert.equal(state.name === "closing" && state.code, "protocol_error");
  });

  it("leaves a host the time that it chose for the closing handshake, and to the kernel what it has sent", () => {
    const { actions } = run([0, { type: "host", closeMs: 60_000 }], [59_999, check()], [60_000, check()]);
    assert.deepEqual(actions.slice(1), [null, { do: "terminate", code: "host_closed" }]);
  });

  it("waits for what still leaves when the host or a drain closes, and not when guard gives the peer up", () => {
    const late = [7_000, check(false, true)] as const;
    assert.equal(run([0, { type: "host", closeMs }], late, [11_999, check()]).actions[2], null);
    assert.equal(run([0, { type: "close", code: "draining" }], late, [12_000, check()]).actions[2]?.do, "terminate");
    assert.equal(run([0, { type: "close", code: "slow_reader" }], late).actions[1]?.do, "reset");
  });

  it("does not judge by a sweep that was late", () => {
    const { actions } = run([0, { type: "close", code: "ping_flood" }], [60_000, check(true)], [64_999, check()], [65_000, check()]);
    assert.deepEqual(actions.slice(1, 3), [null, null]);
    assert.equal(actions[3]?.do, "reset");
  });

  it("does nothing any more when it is gone", () => {
    const { state, actions } = run([0, { type: "gone" }], [1, { type: "close", code: "killed" }], [9_999, check()]);
    assert.equal(state.name, "gone");
    assert.deepEqual(actions, [null, null, null]);
  });
});

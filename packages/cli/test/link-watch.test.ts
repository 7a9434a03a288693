import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, Status } from "@holdfast/client";
import type { Clock } from "@holdfast/protocol";
import { failureLine, statusLine, watchLink } from "../src/link-watch.ts";

const offline: Status = {
  state: "offline",
  code: null,
  reason: "nothing to carry",
  since: 0,
  transport: null,
  lastProofOfLifeMs: null,
  attempt: 0,
  retryAtMs: null,
  linkId: null,
};
const live: Status = { ...offline, state: "live", reason: "", linkId: "l1" };

function world() {
  const timers = new Set<() => void>();
  const clock: Clock = {
    monoMs: () => 0,
    wallMs: () => 0,
    after: (_, call) => {
      timers.add(call);
      return { cancel: () => void timers.delete(call) };
    },
  };
  let snapshot = offline;
  const listeners = new Set<() => void>();
  const status = {
    getSnapshot: () => snapshot,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const lines: string[] = [];
  const watch = watchLink({ status } as unknown as Client, clock, "http://x", 500, (line) => lines.push(line));
  return {
    watch,
    lines,
    listeners,
    become: (next: Status) => {
      snapshot = next;
      for (const listener of listeners) listener();
    },
    fire: () => {
      for (const call of timers) call();
      return timers.size;
    },
  };
}

test("nothing is due before there is something to carry", () => {
  const { watch, fire, lines } = world();
  assert.equal(fire(), 0);
  watch.begin();
  assert.equal(fire(), 2);
  assert.deepEqual(lines, ["still connecting to http://x, for at most 500 ms"]);
  assert.deepEqual(watch.failed.reason, { exit: "unreachable", message: "cannot reach http://x within 500 ms" });
});

test("after the first link it never gives up", () => {
  const { watch, become, fire } = world();
  watch.begin();
  become(live);
  become({ ...offline, code: "heartbeat_lost" });
  watch.begin();
  assert.equal(fire(), 0);
  assert.equal(watch.failed.aborted, false);
});

test("a server that says stop is a refusal", () => {
  const { watch, become, fire } = world();
  watch.begin();
  become({ ...offline, state: "denied", code: "forbidden", reason: "no" });
  assert.deepEqual(watch.failed.reason, { exit: "refused", message: "http://x refused: forbidden, no" });
  assert.equal(fire(), 0);
});

test("changes of state and code are told, others are not", () => {
  const { lines, become, watch, listeners } = world();
  become(live);
  become({ ...live, lastProofOfLifeMs: 5 });
  become({ ...live, state: "catching-up" });
  become({ ...offline, code: "connect_failed", reason: "gone\x1b[2J" });
  assert.deepEqual(lines, ["live: http://x", "offline: http://x (connect_failed, gone\\u001b[2J)"]);
  watch.stop();
  assert.equal(listeners.size, 0);
});

test("one line says state, server and reason", () => {
  assert.equal(statusLine(live, "http://x"), "live: http://x");
});

test("a failure is told with the reason that can be found", async () => {
  const failure = { exit: "unreachable", message: "cannot reach x" } as const;
  assert.equal(await failureLine(failure, "x", async () => "connection refused"), "cannot reach x: connection refused");
  assert.equal(await failureLine(failure, "x", async () => null), "cannot reach x");
  assert.equal(await failureLine({ exit: "refused", message: "no" }, "x", () => assert.fail("a refusal has its reason")), "no");
});

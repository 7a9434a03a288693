import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamLog } from "../../checker/log-tree.ts";
import { PublishCheck, type Published } from "../../checker/publish-check.ts";
import { Violations } from "../../checker/violations.ts";

function scene(): {
  log: StreamLog;
  check: PublishCheck;
  publish: (index: number) => Published;
  commit: (published: Published) => string;
  kinds: () => string[];
} {
  const violations = new Violations(() => 0);
  const log = new StreamLog("s", "0");
  const check = new PublishCheck(violations);
  let seq = 0;
  return {
    log,
    check,
    publish: (index) => check.begin({ token: `t${index}`, stream: "s", lane: "c s", index, owner: "c" }),
    commit: ({ token }) => {
      const position = `a.${++seq}`;
      check.committed(token, log.commit(position, token, seq), log);
      return position;
    },
    kinds: () => violations.first.map(({ kind }) => kind),
  };
}

describe("the judge of publishes", () => {
  it("finds nothing wrong with answers that are true", () => {
    const { log, check, publish, commit, kinds } = scene();
    const [first, second, third] = [publish(1), publish(2), publish(3)];
    check.acknowledged(first, commit(first));
    check.refused(second, "entry_too_large", log);
    commit(third);
    check.unknown(third);
    assert.deepEqual(kinds(), []);
  });

  it("sees an acknowledgement of what is not there, or is elsewhere", () => {
    const { check, publish, commit, kinds } = scene();
    check.acknowledged(publish(1), "a.1");
    const second = publish(2);
    commit(second);
    check.acknowledged(second, "a.9");
    assert.deepEqual(kinds(), ["missing-after-ack", "missing-after-ack"]);
  });

  it("sees a refused entry in the log, whichever comes first", () => {
    const { log, check, publish, commit, kinds } = scene();
    const [first, second] = [publish(1), publish(2)];
    commit(first);
    check.refused(first, "fenced", log);
    check.refused(second, "fenced", log);
    commit(second);
    assert.deepEqual(kinds(), ["refused-but-in-log", "refused-but-in-log"]);
  });

  it("lets a refusal stand when a restore has removed the entry", () => {
    const { log, check, publish, commit, kinds } = scene();
    const first = publish(1);
    commit(first);
    log.fork(log.root, log.root, false, 2);
    check.refused(first, "stream_closed", log);
    assert.deepEqual(kinds(), []);
  });

  it("sees a publish twice in one log, but not one on each side of a fork", () => {
    const { log, publish, commit, kinds } = scene();
    const first = publish(1);
    commit(first);
    log.fork(log.root, log.root, false, 2);
    commit(first);
    assert.deepEqual(kinds(), []);
    commit(first);
    assert.deepEqual(kinds(), ["doubled-in-log"]);
  });

  it("lets a publish be repeated that a restore removed and a later one of a newer copy brings back", () => {
    const { log, publish, commit, kinds } = scene();
    const [first, second] = [publish(1), publish(2)];
    commit(first);
    commit(second);
    const newer = log.tip;
    log.fork(log.root, log.root, false, 2.1);
    log.fork(newer, log.root, false, 2.2);
    commit(first);
    commit(second);
    assert.deepEqual(kinds(), []);
    commit(first);
    assert.deepEqual(kinds(), ["doubled-in-log", "reordered"]);
  });

  it("sees publishes of one producer out of order", () => {
    const { publish, commit, kinds } = scene();
    const [first, second] = [publish(1), publish(2)];
    commit(second);
    commit(first);
    assert.deepEqual(kinds(), ["reordered"]);
  });

  it("sees an entry that nobody published", () => {
    const { log, check, kinds } = scene();
    check.committed("t9", log.commit("a.1", "t9", 1), log);
    assert.deepEqual(kinds(), ["phantom"]);
  });
});

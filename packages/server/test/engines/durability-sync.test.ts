/**
 * No acknowledgement without a sync, and no write after a sync that failed: shown on a real process whose system calls are
 * delayed and broken by strace. Each test asserts that the injection happened.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { nodeEnv } from "@holdfast/guard";
import { sqliteEngine } from "../../src/engines/index.ts";
import { answersOf, type Call, readingOf, reopened, temporaryFolder, traced } from "./processes.ts";

const hasStrace = spawnSync("strace", ["-qq", "-e", "trace=none", "true"]).status === 0;

describe("durability under strace", { skip: hasStrace ? false : "strace cannot trace here" }, () => {
  const folder = temporaryFolder();
  const template = join(folder.path, "template");
  let cases = 0;

  /** A copy of one database with one entry in it, so that every run begins with the same file and makes the same calls. */
  const freshPath = (): string => {
    const copy = join(folder.path, `case-${cases++}`);
    cpSync(template, copy, { recursive: true });
    return join(copy, "log.db");
  };

  before(async () => {
    mkdirSync(template);
    const engine = sqliteEngine({ env: nodeEnv, path: join(template, "log.db") });
    await engine.start();
    await engine.append([{ stream: "a", entries: [{ format: "json", payload: Buffer.from('"before"') }] }]);
    await engine.stop();
  });
  after(() => folder.remove());

  it("an append is answered after its sync and not before", async () => {
    const { said, calls } = await traced(folder.path, [freshPath(), "serial", "4", "0"], "fsync,fdatasync", "fsync,fdatasync:delay_enter=200000");
    const answers = answersOf(said);
    assert.equal(answers.length, 4);
    for (const { ok, ms } of answers) assert.ok(ok && ms >= 200, `answered after ${ms} ms`);
    assert.ok(calls.filter(({ injected }) => injected).length >= 4, "each sync was delayed");
    // In the order of the calls, too: between two answers there is a sync that succeeded.
    const order = calls.filter(isSyncOrAnswer).map(({ name }) => (name === "write" ? "answer" : "sync"));
    for (const [i, what] of order.entries()) if (what === "answer") assert.equal(order[i - 1], "sync");
  });

  it("appends that come while a commit syncs share the next one", async () => {
    const { said, calls } = await traced(folder.path, [freshPath(), "burst", "200", "0"], "fsync,fdatasync", "fsync,fdatasync:delay_enter=200000");
    const answers = answersOf(said);
    assert.equal(answers.filter(({ ok, ms }) => ok && ms >= 200).length, 200);
    const syncs = calls.filter(isSync);
    assert.ok(syncs.every(({ injected }) => injected));
    assert.ok(syncs.length < 20, `200 appends took ${syncs.length} syncs, start and stop included`);
  });

  it("a sync that fails once: outcome unknown, no more writes, reads go on, every acknowledged entry is there afterwards", async () => {
    const plain = await traced(folder.path, [freshPath(), "serial", "6", "0"], "fsync,fdatasync", null);
    assert.equal(plain.calls.filter(isAnswer).length, 6);
    const third = syncsBefore(plain.calls, 3);
    const path = freshPath();
    const { said, calls } = await traced(folder.path, [path, "serial", "6", "0"], "fsync,fdatasync", `fsync,fdatasync:error=EIO:when=${third}`);
    assert.equal(calls.filter(({ injected }) => injected).length, 1, "one sync failed, all others would have succeeded");
    const codes = answersOf(said).map(({ ok, code }) => (ok ? "ok" : code));
    assert.deepEqual(codes, ["ok", "ok", "unknown_outcome", "storage_failed", "storage_failed", "storage_failed"]);
    const { texts, health } = readingOf(said);
    assert.deepEqual(texts, ["before", "0", "1"]);
    assert.equal(health, "read_only");
    assert.equal(said.at(-1)?.type, "stopped");

    const afterwards = await reopened(path);
    assert.ok(afterwards.texts.length === 3 || afterwards.texts.length === 4, "the one in doubt is there or not");
    assert.deepEqual(afterwards.texts, ["before", "0", "1", "2"].slice(0, afterwards.texts.length));
    // Its publisher asks again and learns the truth; either way it is there once.
    const engine = sqliteEngine({ env: nodeEnv, path });
    await engine.start();
    const [again] = await engine.append([{ stream: "a", entries: [{ format: "json", payload: Buffer.from('"2"') }], producer: { id: "p", epoch: 1, seq: 2 } }]);
    await engine.stop();
    assert.ok(again?.ok === true && again.duplicate === (afterwards.texts.length === 4));
    assert.deepEqual((await reopened(path)).texts, ["before", "0", "1", "2"]);
  });

  it("a sync that fails while the log is copied into the database stops writes and loses nothing", async () => {
    const args = (path: string): string[] => [path, "serial", "24", "1000000"];
    const plain = await traced(folder.path, args(freshPath()), "fsync,fdatasync", null);
    const log = syncedFile(plain.calls);
    const syncs = plain.calls.filter(isSync);
    const lastAnswer = plain.calls.findLastIndex(isAnswer);
    const copying = syncs.findIndex((call) => fileOf(call) !== log && plain.calls.indexOf(call) > plain.calls.findIndex(isAnswer));
    assert.ok(copying > 0 && plain.calls.indexOf(syncs[copying] as Call) < lastAnswer, "the log is copied while appends go on");
    const path = freshPath();
    const { said, calls } = await traced(folder.path, args(path), "fsync,fdatasync", `fsync,fdatasync:error=EIO:when=${copying + 1}`);
    assert.equal(calls.filter(({ injected }) => injected).length, 1);
    const answers = answersOf(said);
    const accepted = answers.filter(({ ok }) => ok).map(({ text }) => text);
    assert.ok(accepted.length > 10 && accepted.length < 24, `${accepted.length} accepted`);
    for (const { code } of answers.slice(accepted.length)) assert.equal(code, "storage_failed");
    assert.deepEqual(readingOf(said), { type: "read", texts: ["before", ...accepted], health: "read_only" });
    assert.deepEqual((await reopened(path)).texts, ["before", ...accepted]);
  });

  it("a full disk refuses appends for as long as it is full, and nothing is half written", async () => {
    const plain = await traced(folder.path, [freshPath(), "serial", "8", "0"], "pwrite64", null);
    const second = plain.calls.slice(0, nth(plain.calls, isAnswer, 1)).filter(({ name }) => name === "pwrite64").length;
    const path = freshPath();
    const { said, calls } = await traced(folder.path, [path, "serial", "8", "0"], "pwrite64", `pwrite64:error=ENOSPC:when=${second + 1}..${second + 3}`);
    const full = calls.filter(({ injected }) => injected).length;
    assert.equal(full, 3);
    const answers = answersOf(said);
    const codes = answers.map(({ ok, code }) => (ok ? "ok" : code));
    assert.deepEqual(codes, ["ok", "ok", "storage_full", "storage_full", "storage_full", "ok", "ok", "ok"]);
    const accepted = answers.filter(({ ok }) => ok).map(({ text }) => text);
    assert.deepEqual(readingOf(said), { type: "read", texts: ["before", ...accepted], health: "ok" });
    assert.deepEqual((await reopened(path)).texts, ["before", ...accepted]);
  });
});

const isSync = ({ name }: Call): boolean => name === "fsync" || name === "fdatasync";
const isAnswer = ({ name, text }: Call): boolean => name === "write" && text.includes('"{\\"type\\":\\"answered');
const isSyncOrAnswer = (call: Call): boolean => isSync(call) || isAnswer(call);

/** The index of the nth call, from 0, that is of a kind. */
function nth(calls: readonly Call[], is: (call: Call) => boolean, n: number): number {
  let seen = 0;
  return calls.findIndex((call) => is(call) && seen++ === n);
}

/** The number of the sync that the nth answer, from 1, waited for. */
function syncsBefore(calls: readonly Call[], answer: number): number {
  return calls.slice(0, nth(calls, isAnswer, answer - 1)).filter(isSync).length;
}

/** The descriptor that a sync was for. */
const fileOf = ({ text }: Call): string => /^\d+/.exec(text)?.[0] ?? "";

/** The descriptor of the write-ahead log: the one that was synced for the first answer. */
function syncedFile(calls: readonly Call[]): string {
  const sync = calls.slice(0, calls.findIndex(isAnswer)).findLast(isSync);
  assert.ok(sync !== undefined);
  return fileOf(sync);
}

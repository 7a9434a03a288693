/**
 * A process that is killed at any moment has kept what it acknowledged; its lock dies with it; a copy taken from the dead
 * process's files, put back later, gives a gap to exactly the readers who were past it.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { nodeEnv } from "@holdfast/guard";
import type { Entry } from "../../src/engine.ts";
import { sqliteEngine } from "../../src/engines/index.ts";
import { locate } from "../../src/epochs.ts";
import { answersOf, type Child, reopened, startChild, temporaryFolder } from "./processes.ts";

const cycles = 8;

describe("kill -9", () => {
  const folder = temporaryFolder();
  const live = join(folder.path, "live");
  const copy = join(folder.path, "copy");
  const path = join(live, "log.db");
  mkdirSync(live);
  after(() => folder.remove());

  it("everything acknowledged is there, once and in order, after each of many kills", async () => {
    const acknowledged = new Set<string>();
    let inDoubt = 0;
    for (let cycle = 0; cycle < cycles; cycle++) {
      const child = startChild([path, "forever", `${cycle}`]);
      // At a different moment each time, after some answers: in a commit, between two, while the log is copied.
      await said(child, 100 + cycle * 97);
      child.process.kill("SIGKILL");
      for (const { ok, text } of answersOf(await child.ended)) {
        assert.ok(ok);
        acknowledged.add(text);
      }
      if (cycle === 3) cpSync(live, copy, { recursive: true });
      const { entries, texts } = await reopened(path);
      inDoubt = isExact(entries, texts, acknowledged);
    }
    console.log(`# ${cycles} kills, ${acknowledged.size} entries acknowledged, ${inDoubt} kept that were not`);

    const before = await reopened(path);
    rmSync(live, { recursive: true });
    cpSync(copy, live, { recursive: true });
    const kept = (await reopened(path)).entries.length;
    await appendOne(path);
    const engine = sqliteEngine({ env: nodeEnv, path });
    await engine.start();
    const head = await engine.head("a");
    await engine.stop();
    assert.ok(head !== null && kept > 0 && kept < before.entries.length);
    for (const { epoch, seq } of before.entries) assert.equal(locate(head, { epoch, seq }).ok, seq <= kept, `${seq} of ${kept} kept`);
  });

  it("the lock of a living process refuses another one, clearly; that of a dead one does not", async () => {
    const lockedPath = join(folder.path, "locked.db");
    const first = startChild([lockedPath, "forever", "x"]);
    await said(first, 2);
    const second = await startChild([lockedPath, "serial", "1"]).ended;
    assert.equal(second.length, 1);
    assert.ok(second[0]?.type === "refused" && second[0].message.includes("[storage_failed]") && second[0].message.includes(lockedPath));
    await said(first, first.said.length + 1);
    first.process.kill("SIGKILL");
    await first.ended;
    assert.ok((await reopened(lockedPath)).entries.length > 0);
  });
});

/** Resolves when a child has said so much. */
function said(child: Child, lines: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (child.said.length >= lines) resolve();
    };
    child.process.stdout?.on("data", look);
    child.ended.then(() => reject(new Error(`the child ended early: ${JSON.stringify(child.said.at(-1))}`)), reject);
    look();
  });
}

/** Fails unless the log holds all that was acknowledged, once, each producer's in order. Returns how many entries were never acknowledged. */
function isExact(entries: readonly Entry[], texts: readonly string[], acknowledged: ReadonlySet<string>): number {
  const held = new Set(texts);
  assert.equal(held.size, texts.length, "nothing is there twice");
  for (const text of acknowledged) assert.ok(held.has(text), `${text} was acknowledged`);
  for (const [i, { seq, prev }] of entries.entries()) assert.deepEqual([seq, prev], [i + 1, i]);
  const next = new Map<string, number>();
  for (const text of texts) {
    const at = text.lastIndexOf(".");
    const producer = text.slice(0, at);
    const seq = Number(text.slice(at + 1));
    assert.equal(seq, next.get(producer) ?? 0, `${producer} is in order`);
    next.set(producer, seq + 1);
  }
  return held.size - acknowledged.size;
}

async function appendOne(path: string): Promise<void> {
  const engine = sqliteEngine({ env: nodeEnv, path });
  await engine.start();
  await engine.append([{ stream: "a", entries: [{ format: "json", payload: Buffer.from('"after.the.restore.0"') }] }]);
  await engine.stop();
}

/** The database file: what is refused, what a full one does, what is given back, and that idleness costs nothing. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it } from "node:test";
import type { Engine } from "../../src/engine.ts";
import { type SqliteEngineSetup, sqliteEngine } from "../../src/engines/index.ts";
import { type VirtualEnv, virtualEnv } from "../../src/testing/index.ts";
import { temporaryFolder } from "./processes.ts";

const folder = temporaryFolder();
after(() => folder.remove());
let files = 0;
const freshPath = (): string => join(folder.path, `${files++}.db`);
const request = (bytes: number, stream = "a") => ({ stream, entries: [{ format: "bytes" as const, payload: new Uint8Array(bytes) }] });

async function withEngine(setup: Omit<SqliteEngineSetup, "env">, body: (engine: Engine, env: VirtualEnv) => Promise<void>): Promise<void> {
  const env = virtualEnv(files);
  const engine = sqliteEngine({ env, ...setup });
  await engine.start();
  try {
    await body(engine, env);
  } finally {
    await engine.stop();
  }
}

const refused = (path: string, message: RegExp): Promise<void> =>
  assert.rejects(sqliteEngine({ env: virtualEnv(1), path }).start(), { code: "storage_failed", message });

describe("the database file", () => {
  it("is made with a write-ahead log, full sync and incremental vacuum, and bears our mark", async () => {
    const path = freshPath();
    await withEngine({ path }, async (engine) => {
      await engine.append([request(1)]);
    });
    const db = new DatabaseSync(path);
    const pragma = (name: string): unknown => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    assert.deepEqual([pragma("journal_mode"), pragma("auto_vacuum"), pragma("user_version"), pragma("application_id")], ["wal", 2, 1, 0x68667374]);
    assert.equal(pragma("integrity_check"), "ok");
    assert.equal(db.prepare("SELECT count(*) AS n FROM run").get()?.["n"], 1);
    db.close();
    assert.ok(!existsSync(`${path}-wal`), "an orderly stop leaves one file, and the lock");
  });

  it("is refused when it belongs to another program, to a newer version, is no database, or cannot be", async () => {
    const foreign = freshPath();
    const other = new DatabaseSync(foreign);
    other.exec("CREATE TABLE theirs (x)");
    other.close();
    await refused(foreign, /another program/);

    const newer = freshPath();
    await withEngine({ path: newer }, async () => {});
    const db = new DatabaseSync(newer);
    db.exec("PRAGMA user_version=99");
    db.close();
    await refused(newer, /newer version.*99/);

    const garbage = freshPath();
    writeFileSync(garbage, "this is not a database, and longer than its header would be: ".repeat(20));
    await refused(garbage, /not a database/);

    await refused(join(folder.path, "no", "such", "folder.db"), /folder .* does not exist/);
    const directory = freshPath();
    mkdirSync(directory);
    await refused(directory, /cannot be opened|unable to open/);
    assert.throws(() => sqliteEngine({ env: virtualEnv(1), path: "" }), TypeError);
  });

  it("has one lock, by whatever name it is called", async () => {
    const path = freshPath();
    await withEngine({ path }, async () => {
      await refused(path, /Another process/);
      const alias = freshPath();
      symlinkSync(path, alias);
      await refused(alias, /Another process/);
    });
    await withEngine({ path }, async () => {});
  });

  it("refuses what does not fit as storage_full, serves readers, and takes appends again when retention has made room", async () => {
    const path = freshPath();
    await withEngine({ path, options: { fileBytesMax: 1_500_000 }, policies: [{ pattern: "**", ageMs: 60_000 }] }, async (engine, env) => {
      let accepted = 0;
      for (; accepted < 500; accepted++) {
        const [result] = await engine.append([request(10_000)]);
        if (result?.ok === true) continue;
        assert.equal(result?.code, "storage_full");
        break;
      }
      assert.ok(accepted > 50 && accepted < 150, `${accepted} accepted`);
      assert.equal(engine.health().state, "ok");
      assert.match(engine.health().detail, /No space/);
      const held = await engine.read("a", { from: { afterSeq: 0 }, entriesMax: 1_000, bytesMax: 10_000_000 });
      assert.equal(held.entries.length, accepted);
      const [stillFull] = await engine.append([{ ...request(10_000), producer: { id: "p", epoch: 0, seq: 0 } }]);
      assert.equal(stillFull?.ok, false);
      await env.advance(61_000);
      const untilMs = performance.now() + 10_000;
      for (;;) {
        // The refused request was not taken in any part: its producer begins at 0 still.
        const [result] = await engine.append([{ ...request(10_000), producer: { id: "p", epoch: 0, seq: 0 } }]);
        if (result?.ok === true) break;
        assert.ok(performance.now() < untilMs);
        await env.advance(1_000);
      }
      // Room for one more may be there before the pass has taken all that is due: the pass runs in its own thread.
      while ((await engine.head("a"))?.entries !== 1) {
        assert.ok(performance.now() < untilMs, "the pass leaves what is past its age");
        await env.advance(1_000);
      }
    });
    assert.ok(statSync(path).size <= 1_500_000);
  });

  it("gives space back to the file system when much of it is free", async () => {
    const path = freshPath();
    let bytesFull = 0;
    await withEngine({ path, policies: [{ pattern: "**", ageMs: 60_000 }] }, async (engine, env) => {
      for (let i = 0; i < 12; i++) await engine.append([request(1_000_000)]);
      bytesFull = Number((await sizeOf(path)).pages) * 4_096;
      await env.advance(62_000);
      const untilMs = performance.now() + 10_000;
      while ((await sizeOf(path)).pages > 1_500) {
        assert.ok(performance.now() < untilMs);
        await env.advance(1_000);
      }
    });
    assert.ok(bytesFull > 12_000_000);
    assert.ok(statSync(path).size < 6_500_000, `${statSync(path).size} bytes`);
  });

  it("is not written to while nothing happens", async () => {
    const path = freshPath();
    await withEngine({ path }, async (engine, env) => {
      await engine.append([request(1)]);
      const before = statSync(`${path}-wal`, { bigint: true }).mtimeNs;
      await env.advance(3_600_000);
      await engine.head("a");
      assert.equal(statSync(`${path}-wal`, { bigint: true }).mtimeNs, before);
      assert.ok(env.pendingTimers <= 1);
    });
  });
});

/** The database's size as another connection sees it. */
async function sizeOf(path: string): Promise<{ readonly pages: number }> {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 1_000 });
  const pages = Number(db.prepare("PRAGMA page_count").get()?.["page_count"]);
  db.close();
  return { pages };
}

/**
 * What every place of a ledger has to do, as tests: over real databases, and over the one of the simulation, which would otherwise prove
 * things of itself alone.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Found, LeaseSession, LeaseStore, OpenDoor } from "../../../src/budget/store.ts";

/** A connection of a replica's pool. */
export interface StoreConnection {
  readonly session: LeaseSession;
  /** Begins a statement that takes so long, and does not wait for it. */
  work(ms: number): void;
  /** Whether it still answers. */
  lives(): Promise<boolean>;
  close(): Promise<void>;
}

export interface StoreBench {
  /** What the server gives to users. */
  readonly connectionsMax: number;
  /** A store of a new replica. */
  store(id: string): LeaseStore;
  /** A connection of that replica's pool, named and marked as the store says. */
  connect(id: string, store: LeaseStore): Promise<StoreConnection>;
}

let number = 0;
export const replicaId = (): string => `replica${String(++number).padStart(5, "0")}`;

const never = new AbortController().signal;

async function door(bench: StoreBench): Promise<OpenDoor & AsyncDisposable> {
  const opened = await bench.store(replicaId()).door(never);
  return { ...opened, [Symbol.asyncDispose]: () => opened.close() };
}

/** Declares the tests. `open` is called once for each, for a budget of its own. `shows`: the server's list shows connections, as no pooler does. */
export function storeSuite(name: string, skip: string | false, { shows }: { readonly shows: boolean }, open: () => StoreBench): void {
  test(`${name}: begins empty, and is written by whoever has seen the last version`, { skip }, async () => {
    const bench = open();
    await using one = await door(bench);
    await using other = await door(bench);
    const look = await one.session.look();
    assert.deepEqual([look.version, look.text, look.connectionsMax], [0, null, bench.connectionsMax]);
    const written = await Promise.all([one.session.swap(0, "one"), other.session.swap(0, "other")]);
    assert.deepEqual([...written].sort(), [false, true]);
    const next = await other.session.look();
    assert.deepEqual([next.version, next.text], [1, written[0] ? "one" : "other"]);
    assert.deepEqual([await other.session.swap(0, "late"), await one.session.swap(7, "early")], [false, false]);
    assert.equal(await one.session.swap(1, `"'\\ ${"ü".repeat(50_000)}`), true);
    const last = await other.session.look();
    assert.deepEqual([last.version, last.text], [2, `"'\\ ${"ü".repeat(50_000)}`]);
  });

  test(`${name}: of many who write at one moment one wins, again and again`, { skip }, async () => {
    const bench = open();
    const doors = await Promise.all(Array.from({ length: 5 }, () => door(bench)));
    const from = (await (doors[0] as OpenDoor).session.look()).version;
    for (let version = from; version < from + 8; version++) {
      const won = await Promise.all(doors.map(({ session }, index) => session.swap(version, `${version} ${index}`)));
      assert.equal(won.filter(Boolean).length, 1);
    }
    for (const each of doors) await each.close();
  });

  test(`${name}: the clock is the database's, and goes on`, { skip }, async () => {
    const bench = open();
    await using one = await door(bench);
    await using other = await door(bench);
    const first = (await one.session.look()).nowMs;
    let later = first;
    for (let looks = 0; looks < 1_000 && later <= first; looks++) later = (await other.session.look()).nowMs;
    assert.ok(Number.isSafeInteger(first) && later > first && later < first + 60_000);
  });

  test(`${name}: a door that is given up says so, and leaves nothing`, { skip }, async () => {
    const bench = open();
    await assert.rejects(bench.store(replicaId()).door(AbortSignal.abort(new Error("given up"))));
    const soon = new AbortController();
    const opening = bench.store(replicaId()).door(soon.signal);
    soon.abort(new Error("given up"));
    await assert.rejects(opening);
  });

  if (shows) listSuite(name, skip, open);
}

/** What a server's list of connections is asked for. */
function listSuite(name: string, skip: string | false, open: () => StoreBench): void {
  test(`${name}: shows and ends a replica's connections: the idle, the busy, and nobody else's`, { skip }, async () => {
    const bench = open();
    await using asks = await door(bench);
    const [dead, other] = [replicaId(), replicaId()];
    const [deadStore, otherStore] = [bench.store(dead), bench.store(other)];
    const idle = await bench.connect(dead, deadStore);
    const busy = await bench.connect(dead, deadStore);
    const bystander = await bench.connect(other, otherStore);
    busy.work(3_000);
    let found: readonly Found[] = [];
    for (let looks = 0; looks < 500 && !(found.length === 2 && found.some((each) => each.busy)); looks++) found = await asks.session.find([dead]);
    assert.deepEqual(found.map(({ replica, busy: works }) => [replica, works]).sort(), [
      [dead, false],
      [dead, true],
    ]);
    assert.equal((await idle.session.look()).seen.get(dead), 2);
    assert.equal((await idle.session.look()).visible, true);
    await asks.session.end(found.filter(({ busy: works }) => !works));
    assert.equal(await idle.lives(), false);
    for (let looks = 0; looks < 500 && found.length !== 1; looks++) found = await asks.session.find([dead]);
    assert.deepEqual(
      found.map(({ busy: works }) => works),
      [true],
    );
    await asks.session.end(found);
    for (let looks = 0; looks < 500 && found.length !== 0; looks++) found = await asks.session.find([dead]);
    assert.equal(found.length, 0);
    assert.equal(await bystander.lives(), true);
    // What was found before is not what is there now: a number that nobody has is passed over.
    await asks.session.end([{ replica: dead, connection: 999_999, busy: false }]);
    assert.equal((await bystander.session.look()).seen.get(other), 1);
    for (const each of [idle, busy, bystander]) await each.close();
  });
}

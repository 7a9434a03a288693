/**
 * Whole memberships over a server that counts, in virtual time: joins, deaths, pauses, lost replies, slow statements, outages. Whatever
 * happens, nobody is ever refused, and everybody is served.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLedger } from "../../src/budget/ledger.ts";
import { SimReplica } from "./support/sim-replica.ts";
import { SimServer } from "./support/sim-server.ts";
import { World } from "./support/world.ts";

const ttlMs = 3_000;
const options = { name: "orders", reserve: 2, surgeMax: 6, ttlMs };
const connectionsMax = 30;
const shares = connectionsMax - options.reserve - options.surgeMax;

class Scene {
  readonly world: World;
  readonly server: SimServer;
  readonly replicas: SimReplica[] = [];
  readonly seed: number;

  constructor(seed: number) {
    this.seed = seed;
    this.world = new World(seed);
    this.server = new SimServer(this.world, connectionsMax);
  }

  start(count: number, load = 20): SimReplica[] {
    const started = Array.from({ length: count }, () => new SimReplica(this.server, options, load));
    this.replicas.push(...started);
    return started;
  }

  get live(): SimReplica[] {
    return this.replicas.filter(({ process }) => !process.isDead);
  }

  async run(ms: number): Promise<void> {
    await this.world.run(this.world.nowMs + ms, () => {
      // The door is no slack for the shares: neither may ever be wider than it is.
      const leased = this.server.leased;
      assert.ok(leased <= shares, `seed ${this.seed}: ${leased} of ${shares} shares at ${this.world.nowMs}`);
      assert.ok(this.server.size <= connectionsMax, `seed ${this.seed}: ${this.server.size} connections at ${this.world.nowMs}`);
      assert.equal(this.server.refused, 0, `seed ${this.seed}: refused at ${this.world.nowMs}`);
    });
  }

  /** Runs until it holds, and fails when it does not in time. */
  async until(what: string, ms: number, holds: () => boolean): Promise<void> {
    const endMs = this.world.nowMs + ms;
    while (!holds()) {
      assert.ok(this.world.nowMs < endMs, `seed ${this.seed}: not in ${ms} ms: ${what}; ${JSON.stringify(this.shares)} ${this.server.text}`);
      await this.run(20);
    }
  }

  get shares(): number[] {
    return this.live.map(({ max }) => max);
  }

  get granted(): number {
    return this.shares.reduce((sum, each) => sum + each, 0);
  }
}

const seeds = Array.from({ length: Number(process.env["HOLDFAST_SEEDS"] ?? 3) }, (_, index) => Number(process.env["HOLDFAST_SEED"] ?? 1) + index);

test("six replicas that start at one moment share the whole budget, evenly, and then nothing moves", async () => {
  for (const seed of seeds) {
    const scene = new Scene(seed);
    scene.start(6);
    await scene.until("everything is granted", 3 * ttlMs, () => scene.granted === shares);
    await scene.run(2 * ttlMs);
    const settled = JSON.stringify(scene.shares);
    assert.deepEqual([...scene.shares].sort(), [3, 3, 4, 4, 4, 4]);
    for (let look = 0; look < 40; look++) {
      await scene.run(ttlMs / 4);
      assert.equal(JSON.stringify(scene.shares), settled, `seed ${seed}`);
    }
  }
});

test("a deploy surge: six more join a full budget, everybody is served, then the old ones leave and the new ones have it all", async () => {
  for (const seed of seeds) {
    const scene = new Scene(seed);
    const old = scene.start(6);
    await scene.until("everything is granted", 3 * ttlMs, () => scene.granted === shares);
    const young = scene.start(6);
    await scene.until("each newcomer is served", 2 * ttlMs, () => young.every(({ jobs }) => jobs > 0));
    await scene.run(2 * ttlMs);
    assert.ok(
      scene.shares.every((each) => each >= 1 && each <= 2),
      String(scene.shares),
    );
    for (const each of old) void each.leave();
    await scene.until("the new ones have it all", 3 * ttlMs, () => old.every(({ process }) => process.isDead) && scene.granted === shares);
  }
});

test("the share of a killed replica is given on within two leases, and not before its connections are gone", async () => {
  for (const seed of seeds) {
    const scene = new Scene(seed);
    const [victim, ...others] = scene.start(6) as [SimReplica, ...SimReplica[]];
    // Some of its statements take three leases: they outlive it.
    victim.jobMsMax = 3 * ttlMs;
    await scene.until("everything is granted", 3 * ttlMs, () => scene.granted === shares);
    await scene.run(ttlMs);
    victim.process.kill();
    await scene.until("others have what it had", 5 * ttlMs, () => others.reduce((sum, { max }) => sum + max, 0) === shares);
  }
});

test("a replica that stood still loses its connections, opens nothing when it wakes, and gets a share again", async () => {
  for (const seed of seeds) {
    const scene = new Scene(seed);
    const [sleeper, ...others] = scene.start(6) as [SimReplica, ...SimReplica[]];
    await scene.until("everything is granted", 3 * ttlMs, () => scene.granted === shares);
    sleeper.process.stop();
    const stale = sleeper.max;
    await scene.until("others have what it had", 4 * ttlMs, () => others.reduce((sum, { max }) => sum + max, 0) === shares);
    assert.equal(sleeper.max, stale, "it has heard of nothing");
    assert.ok(![...scene.server.open].some(({ replica }) => replica === sleeper.budget.id));
    sleeper.process.continue();
    const { jobs } = sleeper;
    await scene.until("it works again", 3 * ttlMs, () => sleeper.jobs > jobs + 10 && sleeper.max >= 3);
    assert.ok(sleeper.notices.some(({ code }) => code === "lapsed"));
  }
});

test("a database that is away longer than a lease is come back to by everybody through their seats", async () => {
  for (const seed of seeds) {
    const scene = new Scene(seed);
    scene.start(12);
    await scene.until("everything is granted", 3 * ttlMs, () => scene.granted === shares);
    scene.server.crash();
    await scene.run(3 * ttlMs);
    assert.equal(scene.granted, 0);
    scene.server.isAway = false;
    await scene.until("everything is granted", 4 * ttlMs, () => scene.granted === shares && scene.shares.every((each) => each >= 1));
  }
});

test("what others take beyond the reserve is given to them", async () => {
  const scene = new Scene(7);
  scene.start(6);
  await scene.until("everything is granted", 3 * ttlMs, () => scene.granted === shares);
  scene.server.strangers = options.reserve;
  await scene.run(2 * ttlMs);
  assert.equal(scene.granted, shares);
  scene.server.strangers = options.reserve + 4;
  await scene.until("it gives way", 2 * ttlMs, () => scene.granted === shares - 4);
  scene.server.strangers = 0;
  await scene.until("it has all again", 2 * ttlMs, () => scene.granted === shares);
});

test("a quiet replica gives up what a busy one lacks, and nothing when nobody lacks anything", async () => {
  for (const seed of seeds) {
    const scene = new Scene(seed);
    const [busy, ...quiet] = scene.start(6, 1) as [SimReplica, ...SimReplica[]];
    await scene.until("everything is granted", 3 * ttlMs, () => scene.granted === shares);
    await scene.run(3 * ttlMs);
    const before = busy.max;
    busy.load = 15;
    await scene.until("the busy one has more", 4 * ttlMs, () => busy.max >= 15);
    assert.ok(before <= 4 && quiet.every(({ max }) => max >= 1));
  }
});

test("in any weather nobody is refused, everybody is served, and nine tenths are used when it clears", async () => {
  for (const seed of Array.from({ length: Number(process.env["HOLDFAST_SEEDS"] ?? 8) }, (_, index) => Number(process.env["HOLDFAST_SEED"] ?? 100) + index)) {
    const scene = new Scene(seed);
    const { world, server } = scene;
    server.trouble = { lost: 0.01, slow: 0.05, slowMs: ttlMs / 2 };
    scene.start(6);
    let returning = 0;
    for (let round = 0; round < 30; round++) {
      await scene.run(world.between(0, ttlMs));
      const chosen = scene.live[Math.floor(world.random() * scene.live.length)] as SimReplica;
      const dice = world.random();
      if (dice < 0.3 && scene.live.length < 14 && returning === 0) scene.start(1 + Math.floor(world.random() * Math.min(4, 14 - scene.live.length)));
      else if (dice < 0.45 && scene.live.length > 3) chosen.process.kill();
      else if (dice < 0.6 && scene.live.length > 3) void chosen.leave();
      else if (dice < 0.9) {
        returning++;
        chosen.process.stop();
        world.after(world.between(10, 3 * ttlMs), () => {
          chosen.process.continue();
          world.after(ttlMs, () => returning--);
        });
      } else chosen.jobMsMax = world.between(10, 2 * ttlMs);
    }
    server.trouble = { lost: 0, slow: 0, slowMs: 0 };
    for (const each of scene.live) each.jobMsMax = 40;
    await scene.until("everybody is served and nine tenths are used", 8 * ttlMs, () => {
      const ledger = parseLedger(server.text as string);
      const sum = scene.granted;
      return ledger !== null && sum >= shares * 0.9 && scene.live.every(({ max, servedMs, process }) => max >= 1 && servedMs !== null && process.runs);
    });
  }
});

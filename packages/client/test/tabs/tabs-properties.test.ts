/**
 * Tabs that come, freeze, wake and die in any order, over links that are cut and a server that restarts: each is given exactly the log, and
 * what each has published is in the log once.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TabsWorld, type WorldTab } from "./support/tabs-world.ts";

interface Op {
  readonly kind: "open" | "publish" | "append" | "wait" | "die" | "freeze" | "thaw" | "hide" | "show" | "cut" | "restart" | "goaway";
  readonly n: number;
}
const op: fc.Arbitrary<Op> = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom("publish", "append", "wait" as const) },
    { weight: 2, arbitrary: fc.constantFrom("die", "freeze", "thaw", "hide", "show", "cut", "open" as const) },
    { weight: 1, arbitrary: fc.constantFrom("restart", "goaway" as const) },
  ),
  n: fc.nat(10_000),
});
const streams = ["s0", "s1"];
const livingMax = 6;

class Run {
  readonly tabs: TabsWorld;
  readonly living: WorldTab[] = [];
  readonly #frozen = new Set<WorldTab>();

  constructor(seed: number) {
    this.tabs = new TabsWorld(seed);
    for (let i = 0; i < 3; i++) this.living.push(this.tabs.open(streams));
  }

  /** Half of what happens to tabs happens to the leader. */
  #pick(n: number): WorldTab {
    const { leader } = this.tabs;
    return n % 2 === 0 && leader !== undefined ? leader : (this.living[n % this.living.length] as WorldTab);
  }

  async run({ kind, n }: Op): Promise<void> {
    const tab = this.#pick(n);
    switch (kind) {
      case "open":
        if (this.living.length < livingMax) this.living.push(this.tabs.open(streams));
        return;
      case "publish":
        if (!this.#frozen.has(tab)) this.tabs.publish(tab, streams[n % 2] as string, n % 31 === 0 ? 60_000 : 0);
        return;
      case "append":
        this.tabs.server.append(streams[n % 2] as string, n);
        return;
      case "wait":
        await this.tabs.world.advance(n % 5 === 0 ? n * 3 : n % 100);
        return;
      case "die":
        if (this.living.length < 2) return;
        tab.page.die();
        this.living.splice(this.living.indexOf(tab), 1);
        return;
      case "freeze":
        tab.page.freeze();
        this.#frozen.add(tab);
        return;
      case "thaw":
        for (const each of this.#frozen) each.page.thaw();
        this.#frozen.clear();
        return;
      case "hide":
      case "show":
        if (!this.#frozen.has(tab)) tab[kind]();
        return;
      case "cut":
        for (const link of this.tabs.server.links.slice(0, 1 + (n % 2))) this.tabs.server.cut(link);
        return;
      case "restart":
        this.tabs.server.restart();
        return;
      case "goaway":
        this.tabs.server.goaway(n % 1_000);
        return;
      default:
        kind satisfies never;
    }
  }

  async judge(): Promise<void> {
    await this.run({ kind: "thaw", n: 0 });
    for (const { show } of this.living) show();
    await this.tabs.world.advance(120_000);
    for (const { client, got, fates, told } of this.living) {
      assert.equal(client.status.getSnapshot().state, "live", told.slice(-6).join(", "));
      for (const stream of streams) assert.deepEqual(got.get(stream), this.tabs.logOf(stream), stream);
      assert.deepEqual(
        [...fates].filter(([, fate]) => fate !== "published"),
        [],
      );
    }
    assert.equal(this.tabs.leaders, 1);
    for (const stream of streams) {
      const values = this.tabs.server
        .log(stream)
        .all.map(({ payload }) => JSON.parse(payload) as unknown)
        .filter((value) => typeof value === "string");
      assert.equal(new Set(values).size, values.length, "an entry is there twice");
      for (const { fates } of this.tabs.tabs)
        for (const [value, fate] of fates) if (fate === "published" && value.startsWith(stream)) assert.ok(values.includes(value), `lost ${value}`);
    }
  }
}

test("whatever becomes of the tabs, each is given the log, and what was published is there once", async () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
  const property = fc.asyncProperty(fc.nat(), fc.array(op, { minLength: 20, maxLength: 60 }), async (worldSeed, ops) => {
    const run = new Run(worldSeed);
    await run.tabs.world.advance(500);
    for (const each of ops) await run.run(each);
    await run.judge();
  });
  await fc.assert(property, {
    seed,
    numRuns: Number(process.env["RUNS"] ?? 60),
    endOnFailure: true,
    ...(process.env["FC_PATH"] === undefined ? {} : { path: process.env["FC_PATH"] }),
  });
});

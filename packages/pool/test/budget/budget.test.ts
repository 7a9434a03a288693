/**
 * The order in which a membership acts, over a store that writes down what it is asked.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Env } from "@holdfast/protocol";
import { Budget } from "../../src/budget/budget.ts";
import { elapsedClock } from "../../src/budget/elapsed.ts";
import { type Ledger, ledgerText, parseLedger } from "../../src/budget/ledger.ts";
import { limitsOf } from "../../src/budget/limits.ts";
import type { BudgetNotice } from "../../src/budget/notices.ts";
import { type BudgetOptions, budgetOptionDocs, resolveBudgetOptions } from "../../src/budget/options.ts";
import type { Budgeted } from "../../src/budget/seam.ts";
import { DoorRefused, type LeaseSession, type LeaseStore, type Look } from "../../src/budget/store.ts";
import { PoolError } from "../../src/pool-error.ts";
import { ManualClock } from "../support/manual-clock.ts";

const options = resolveBudgetOptions({ name: "orders", reserve: 2, surgeMax: 2, ttlMs: 3_000 });

class Bench {
  readonly clock = new ManualClock();
  readonly log: string[] = [];
  readonly notices: BudgetNotice[] = [];
  readonly budget: Budget;
  text: string | null = null;
  version = 0;
  held = 0;
  visible = true;
  /** Thrown by who is to end connections; null: nobody has lapsed. */
  endFault: Error | null = null;
  /** Thrown by the next door. */
  fault: Error | null = null;

  constructor(given: BudgetOptions = options) {
    let number = 0;
    const env: Env = { clock: this.clock, rng: { u32: () => (number++ * 0x1234_5678) >>> 0 }, soon: () => {} };
    const store: LeaseStore = {
      applicationName: null,
      mark: () => Promise.resolve(),
      session: () => this.session(),
      door: () => {
        this.log.push("door");
        if (this.fault !== null) return Promise.reject(this.fault);
        const close = (): Promise<void> => turn().then(() => void this.log.push("door closed"));
        return Promise.resolve({ session: this.session(), close });
      },
    };
    this.budget = new Budget(given, () => store, env, { notice: (notice) => this.notices.push(notice) });
    const pool: Budgeted = {
      resize: (max) => void this.log.push(`resize ${max}`),
      held: () => this.held,
      pressure: () => ({ used: this.held, waiting: 20, waitP95Ms: 3.4 }),
      control: (run) => run(() => Promise.reject(new Error("no text"))),
    };
    this.budget.join(pool, 50);
  }

  session(): LeaseSession {
    const look: Omit<Look, "version" | "text" | "nowMs" | "visible"> = { connectionsMax: 14, userMax: null, seen: new Map(), strangers: 0 };
    return {
      look: () => Promise.resolve({ ...look, visible: this.visible, nowMs: 1_000_000 + this.clock.monoMs(), version: this.version, text: this.text }),
      swap: (version, text) => {
        if (version !== this.version) return Promise.resolve(false);
        this.version++;
        this.text = text;
        this.log.push(`written ${this.ledger.rows.map(({ granted }) => granted).join(" ")}`);
        return Promise.resolve(true);
      },
      find: (replicas) => Promise.resolve(this.endFault === null ? [] : replicas.map((replica) => ({ replica, connection: 1, busy: false }))),
      end: () => (this.endFault === null ? Promise.resolve() : Promise.reject(this.endFault)),
    };
  }

  get ledger(): Ledger {
    return parseLedger(this.text as string) as Ledger;
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 20) {
      this.clock.advance(20);
      for (let times = 0; times < 8; times++) await turn();
    }
  }
}

test("the door is closed before the pool opens, and a share is written before it is used", async () => {
  const bench = new Bench();
  await bench.pass(900);
  assert.deepEqual(bench.log.slice(0, 7), ["resize 0", "door", "written 1", "door closed", "resize 1", "written 10", "resize 10"]);
  assert.equal(bench.budget.mayOpen(), true);
});

test("the pool gives way before it is written down that it does", async () => {
  const bench = new Bench();
  bench.held = 10;
  await bench.pass(800);
  const before = bench.log.length;
  const { rows, ...rest } = bench.ledger;
  const [mine] = rows;
  assert.ok(mine !== undefined);
  bench.version++;
  bench.text = ledgerText({ ...rest, rows: [mine, { ...mine, id: "other0000000", granted: 0, ceiling: 0, joinedMs: mine.joinedMs + 1, demand: 50 }] });
  await bench.pass(1_000);
  assert.deepEqual(bench.log.slice(before, before + 3), ["resize 5", "written 10 0", "resize 5"]);
  bench.held = 5;
  await bench.pass(400);
  assert.ok(bench.log.includes("written 5 0"));
});

test("a lease that can not be renewed is over before others may take it: the pool is told to have nothing", async () => {
  const bench = new Bench();
  bench.held = 1;
  await bench.pass(1_000);
  const { session } = bench;
  bench.session = () => ({ ...session.call(bench), look: () => Promise.reject(new Error("away")) });
  bench.fault = new Error("away");
  await bench.pass(3_000);
  assert.ok(bench.log.includes("resize 0") && bench.log.lastIndexOf("resize 0") > bench.log.indexOf("resize 10"));
  assert.equal(bench.budget.mayOpen(), false);
  assert.equal(bench.budget.stats().lapses, 1);
  assert.deepEqual([...new Set(bench.notices.map(({ code }) => code))], ["held", "ask_failed", "lapsed"]);
  assert.ok(bench.notices.length < 8, "an outage is told once, not at every try");
  bench.session = session;
  bench.fault = null;
  await bench.pass(3_500);
  assert.equal(bench.budget.stats().state, "holding");
});

test("a server without a connection at the door is counted and asked again", async () => {
  const bench = new Bench();
  bench.fault = new DoorRefused("too many");
  await bench.pass(600);
  assert.ok(bench.budget.stats().refused >= 1);
  assert.ok(bench.notices.some(({ code }) => code === "door_refused"));
  bench.fault = null;
  await bench.pass(3_000);
  assert.equal(bench.budget.stats().state, "holding");
  assert.ok((bench.ledger.rows[0]?.refused ?? 0) >= 1);
});

test("a pooler in between is told, and asks for the ceiling to be declared", async () => {
  const bench = new Bench();
  bench.visible = false;
  await bench.pass(600);
  assert.deepEqual(
    bench.notices.map(({ code }) => code),
    ["unusable"],
  );
  const declared = new Bench(resolveBudgetOptions({ ...options, connectionsMax: 8 }));
  declared.visible = false;
  await declared.pass(1_200);
  assert.equal(declared.budget.stats().ceiling, 6);
});

test("who leaves gives back what it has", async () => {
  const bench = new Bench();
  bench.held = 1;
  await bench.pass(1_000);
  const left = bench.budget.leave();
  await bench.pass(100);
  await left;
  assert.deepEqual(bench.log.slice(-3), ["resize 1", "written 1", "resize 0"]);
  assert.equal(bench.ledger.rows[0]?.leaving, true);
  assert.equal(bench.clock.waiting, 0, "nothing keeps the process");
});

test("limits: what the server gives, less the others and the door; what others take beyond their part is theirs", () => {
  const look = { connectionsMax: 97, userMax: null, strangers: 0, visible: true };
  const of = (more: Partial<Pick<Look, "connectionsMax" | "userMax" | "strangers" | "visible">>, given: Partial<BudgetOptions> = {}): number =>
    limitsOf({ ...look, ...more }, resolveBudgetOptions({ name: "n", reserve: 5, surgeMax: 3, ...given })).shares;
  assert.equal(of({}), 89);
  assert.equal(of({ strangers: 5 }), 89);
  assert.equal(of({ strangers: 15 }), 79);
  assert.equal(of({ strangers: 200 }), 0);
  assert.equal(of({ userMax: 20 }), 17);
  assert.equal(of({}, { connectionsMax: 50 }), 47);
  assert.equal(of({ visible: false }, { connectionsMax: 500 }), 497);
  const refuses = (call: () => unknown, code: string): void => assert.throws(call, (fault) => fault instanceof PoolError && fault.code === code);
  refuses(() => of({ visible: false }), "budget_unusable");
  refuses(() => of({ connectionsMax: 8 }), "budget_unusable");
});

test("options have defaults, units and bounds", () => {
  const defaults = resolveBudgetOptions({ name: "orders" });
  for (const [name, doc] of Object.entries(budgetOptionDocs)) if (name !== "name") assert.equal(defaults[name as keyof BudgetOptions], doc.default);
  const wrong: Record<string, unknown>[] = [{}, { name: "a b" }, { name: "x".repeat(21) }, { name: "n", reserve: -1 }, { name: "n", surgeMax: 0 }];
  wrong.push(
    { name: "n", ttlMs: 10 },
    { name: "n", connectionsMax: "all" },
    { name: "n", createTable: 1 },
    { name: "n", label: "x".repeat(65) },
    { name: "n", other: 1 },
  );
  for (const given of wrong) assert.throws(() => resolveBudgetOptions(given as Partial<BudgetOptions>), /invalid_option/, JSON.stringify(given));
});

test("sleep counts, a corrected clock does not", () => {
  let [mono, wall] = [100, 5_000];
  const now = elapsedClock({ monoMs: () => mono, wallMs: () => wall, after: () => ({ cancel: () => {} }) });
  assert.equal(now(), 100);
  mono += 1_000;
  wall += 1_200;
  assert.equal(now(), 1_100);
  wall += 60_000;
  assert.equal(now(), 1_100 + 60_200);
  wall -= 30_000;
  assert.equal(now(), 1_100 + 60_200, "it never goes back");
});

test("what is no ledger is not taken for one", () => {
  assert.equal(parseLedger("{"), null);
  assert.equal(parseLedger("{}"), null);
  assert.equal(parseLedger(JSON.stringify({ writtenMs: 1, openedMs: 1, shares: 1, door: 1, reserve: 0, strangers: null, rows: [{ id: "a" }] })), null);
  assert.deepEqual(parseLedger(JSON.stringify({ writtenMs: 1, openedMs: 1, shares: 1, door: 1, reserve: 0, strangers: null, rows: [] }))?.rows, []);
});

test("connections of others that can not be ended cost nobody its lease, and are told once", async () => {
  const bench = new Bench();
  await bench.pass(900);
  bench.endFault = Object.assign(new Error("You are not owner of thread 1"), { errno: 1095 });
  const [own] = bench.ledger.rows;
  assert.ok(own !== undefined);
  bench.text = ledgerText({ ...bench.ledger, rows: [own, { ...own, id: "000000000000", granted: 1, ceiling: 1, expiresMs: 1_000 }] });
  await bench.pass(9_000);
  assert.equal(bench.budget.stats().lapses, 0);
  assert.deepEqual(
    bench.notices.filter(({ code }) => code === "end_failed").map(({ cause }) => cause),
    [bench.endFault],
  );
});

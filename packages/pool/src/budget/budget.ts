/**
 * A replica's membership in a budget: performs what its machine says, and is the one place that tells the pool its maximum. The order is
 * the promise: down before it is written, up after it was written, and nothing once the lease is over.
 */
import { type Env, randomFraction, randomId, type Timer } from "@holdfast/protocol";
import { PoolError } from "../pool-error.ts";
import { elapsedClock } from "./elapsed.ts";
import { ledgerText, parseLedger } from "./ledger.ts";
import { limitsOf } from "./limits.ts";
import type { BudgetNotice, BudgetNoticeCode } from "./notices.ts";
import type { BudgetOptions } from "./options.ts";
import { beginning, mayOpen, type ReplicaAction, type ReplicaEvent, type ReplicaState, step, wakeAtMs } from "./replica-state.ts";
import type { Budgeted, Pressure, Query } from "./seam.ts";
import { type Asking, emptyLedger, isFull, lapsedIn, settle, signed } from "./settle.ts";
import { DoorRefused, type LeaseSession, type LeaseStore } from "./store.ts";
import { type LeaseTimes, leaseTimes } from "./times.ts";

/** How often an entry is tried again because somebody else wrote in between. */
const triesMax = 20;

export interface BudgetStats {
  readonly name: string;
  readonly replica: string;
  readonly state: ReplicaState["name"];
  /** What the pool may have open now. */
  readonly ceiling: number;
  readonly renewals: number;
  readonly failures: number;
  /** Entries that were made again, because somebody else had written meanwhile. */
  readonly conflicts: number;
  readonly lapses: number;
  /** Times that the server had no connection at the door. */
  readonly refused: number;
  /** Connections of others, lapsed ones, that this replica has ended. */
  readonly ended: number;
}

export interface BudgetHooks {
  readonly notice: (notice: BudgetNotice) => void;
}

interface Outcome {
  readonly askedMs: number;
  readonly ceiling: number;
  readonly granted: number;
}

export class Budget {
  /** This replica's id: new with every start. */
  readonly id: string;
  readonly #options: BudgetOptions;
  readonly #times: LeaseTimes;
  readonly #store: LeaseStore;
  readonly #env: Env;
  readonly #hooks: BudgetHooks;
  readonly #nowMs: () => number;
  #state: ReplicaState;
  #pool: Budgeted | null = null;
  #max = 0;
  /** What the pool was told last. */
  #ceiling = 0;
  #demand = 0;
  #timer: Timer | null = null;
  #abort = new AbortController();
  #call = 0;
  readonly #counts = { renewals: 0, failures: 0, conflicts: 0, lapses: 0, refused: 0, ended: 0 };
  #said = new Map<BudgetNoticeCode, string>();

  /** `store` is asked for once the id is known: the connections' names hold it. */
  constructor(options: BudgetOptions, store: (id: string) => LeaseStore, env: Env, hooks: BudgetHooks) {
    this.id = randomId(env.rng, 12);
    this.#options = options;
    this.#times = leaseTimes(options.ttlMs);
    this.#store = store(this.id);
    this.#env = env;
    this.#hooks = hooks;
    this.#nowMs = elapsedClock(env.clock);
    this.#state = beginning(this.#times, this.#now());
  }

  /** The name that the driver is to give to each connection of the pool; null: none, and each is marked instead. */
  get applicationName(): string | null {
    return this.#store.applicationName;
  }

  /** Asked by the pool right before it opens a connection. False: not now; `resize` says when. */
  mayOpen(): boolean {
    return mayOpen(this.#state, this.#nowMs());
  }

  /** To be called by the pool with each new connection, before its first use. */
  mark(query: Query): Promise<void> {
    return this.#store.mark(query);
  }

  /** Begins: the pool is told what it may have, now nothing, and from then on whenever that changes. `max` is the pool's own maximum. */
  join(pool: Budgeted, max: number): void {
    if (this.#pool !== null) throw new PoolError("invalid_option", "A budget's membership belongs to one pool");
    this.#pool = pool;
    this.#max = max;
    this.#tell(0);
    this.#arm();
  }

  /** Gives everything back. Resolves when it is written down, or can not be: the lease runs out by itself then. */
  async leave(): Promise<void> {
    const pool = this.#pool;
    if (pool === null || this.#state.name === "left") return;
    this.#take({ type: "leave" });
    if (this.#state.name !== "leaving") return;
    const { signal } = this.#abort;
    const timer = this.#env.clock.after(this.#times.callMs, () => this.#abort.abort());
    try {
      while (pool.held() > 1 && !signal.aborted) await this.#pause(this.#times.renewMs / 40);
      if (!signal.aborted) await pool.control((query) => this.#enter(this.#store.session(query), signal, true), signal);
    } catch (cause) {
      this.#say("ask_failed", "The farewell could not be written; the lease runs out by itself", cause);
    }
    timer.cancel();
    this.#take({ type: "left" });
  }

  stats(): BudgetStats {
    return { name: this.#options.name, replica: this.id, state: this.#state.name, ceiling: this.#ceiling, ...this.#counts };
  }

  #now(): { nowMs: number; random: number } {
    return { nowMs: this.#nowMs(), random: randomFraction(this.#env.rng) };
  }

  #take(event: ReplicaEvent): void {
    const { state, actions } = step(this.#state, event, this.#times, this.#now());
    this.#state = state;
    for (const action of actions) this.#perform(action);
    this.#arm();
  }

  #perform(action: ReplicaAction): void {
    switch (action.do) {
      case "ask":
        this.#ask(action.over);
        return;
      case "resize":
        this.#tell(action.max);
        return;
      case "abort":
        this.#abort.abort();
        this.#abort = new AbortController();
        this.#call++;
        return;
      case "farewell":
        // `leave` waits for the pool and says it.
        return;
      case "say":
        if (action.what === "lapsed") this.#counts.lapses++;
        this.#said.clear();
        this.#say(action.what, sentences[action.what]);
        return;
      default:
        action satisfies never;
    }
  }

  #tell(max: number): void {
    this.#ceiling = max;
    this.#pool?.resize(max);
  }

  #arm(): void {
    this.#timer?.cancel();
    const nowMs = this.#nowMs();
    const atMs = wakeAtMs(this.#state, this.#times, nowMs);
    if (atMs === null) return;
    this.#timer = this.#env.clock.after(Math.max(1, atMs - nowMs), () => this.#take({ type: "look", held: this.#pool?.held() ?? 0 }));
  }

  #ask(over: "door" | "pool"): void {
    const call = ++this.#call;
    const { signal } = this.#abort;
    const bounded = new AbortController();
    const stop = (): void => bounded.abort();
    signal.addEventListener("abort", stop);
    const timer = this.#env.clock.after(this.#times.callMs, stop);
    const outcome = over === "door" ? this.#overDoor(bounded.signal) : this.#overPool(bounded.signal);
    void outcome
      .then(
        (answer): ReplicaEvent => ({ type: "answered", ...answer }),
        (fault: unknown): ReplicaEvent => {
          if (call === this.#call) this.#failed(fault);
          return { type: "failed" };
        },
      )
      .then((event) => {
        timer.cancel();
        signal.removeEventListener("abort", stop);
        // What was given up is not listened to any more.
        if (call === this.#call) this.#take(event);
      });
  }

  #overPool(signal: AbortSignal): Promise<Outcome> {
    return (this.#pool as Budgeted).control((query) => this.#enter(this.#store.session(query), signal, false), signal);
  }

  async #overDoor(signal: AbortSignal): Promise<Outcome> {
    const door = await this.#store.door(signal);
    try {
      return await this.#enter(door.session, signal, false);
    } finally {
      // It is gone before the pool opens what it was given.
      await door.close();
    }
  }

  /** One entry into the ledger, tried again when somebody else wrote in between. */
  async #enter(session: LeaseSession, signal: AbortSignal, leaving: boolean): Promise<Outcome> {
    const pool = this.#pool as Budgeted;
    for (let tries = 0; tries < triesMax; tries++) {
      signal.throwIfAborted();
      const askedMs = this.#nowMs();
      const look = await session.look();
      const limits = limitsOf(look, this.#options);
      const ledger = look.text === null ? emptyLedger : parseLedger(look.text);
      if (ledger === null) throw new PoolError("budget_unusable", "What stands in the ledger was not written by a release that this one knows");
      if (isFull(ledger, this.id)) {
        this.#say("full", `The ledger has ${ledger.rows.length} replicas, and no line for one more`);
        return { askedMs, ceiling: 0, granted: 0 };
      }
      const lapsed = look.visible ? lapsedIn(ledger, look.nowMs, this.id) : [];
      const found = lapsed.length === 0 ? [] : await session.find(lapsed);
      signal.throwIfAborted();
      const asking = this.#asking(pool.pressure(), pool.held(), leaving);
      const settled = settle(ledger, { ...look, ...limits, found }, asking);
      // Down before it is written: from here on the pool opens nothing beyond it, whether or not the entry succeeds.
      if (settled.ceiling < this.#ceiling) this.#tell(settled.ceiling);
      const entry = signed(settled, asking, pool.held());
      if (await session.swap(look.version, ledgerText(entry))) {
        this.#counts.renewals++;
        // It is written: what can not be ended now is tried again with the next entry, and costs nobody a lease.
        await this.#end(session, settled.end).catch((fault: unknown) => this.#say("end_failed", "Connections of a lapsed replica could not be ended", fault));
        if (look.strangers !== null && look.strangers > limits.reserve) {
          this.#say("strangers", `Others have ${look.strangers} connections, and reserve is ${limits.reserve}`);
        }
        const granted = entry.rows.find(({ id }) => id === this.id)?.granted ?? 0;
        return { askedMs, ceiling: settled.ceiling, granted };
      }
      this.#counts.conflicts++;
      await this.#pause(randomFraction(this.#env.rng) * Math.min(200, 5 * 2 ** tries));
    }
    throw new Error(`the ledger was written by somebody else ${triesMax} times in a row`);
  }

  async #end(session: LeaseSession, found: Parameters<LeaseSession["end"]>[0]): Promise<void> {
    if (found.length === 0) return;
    await session.end(found);
    this.#counts.ended += found.length;
    this.#say("ended", `${found.length} connections of ${[...new Set(found.map(({ replica }) => replica))].join(", ")}, whose lease had run out`);
  }

  #asking({ used, waiting, waitP95Ms }: Pressure, held: number, leaving: boolean): Asking {
    // A moment's quiet is no lack of demand: what was wanted wears off over a few renewals.
    this.#demand = Math.max(1, used + waiting, Math.floor(this.#demand * 0.8));
    const { id } = this;
    const { label, ttlMs } = this.#options;
    const { lapses, refused } = this.#counts;
    return { id, label, ttlMs, max: this.#max, held, demand: this.#demand, used, waiting, waitP95Ms: Math.round(waitP95Ms), lapses, refused, leaving };
  }

  #failed(fault: unknown): void {
    this.#counts.failures++;
    if (fault instanceof DoorRefused) {
      this.#counts.refused++;
      this.#say("door_refused", "The server had no connection left for a newcomer", fault);
    } else if (fault instanceof PoolError && fault.code === "budget_unusable") this.#say("unusable", fault.message, fault.cause);
    else this.#say("ask_failed", "The ledger could not be asked, and is asked again", fault);
  }

  /** Once for as long as nothing changes: a database that is away for an hour is one notice and a count. */
  #say(code: BudgetNoticeCode, message: string, cause?: unknown): void {
    if (code !== "ended" && this.#said.get(code) === message) return;
    this.#said.set(code, message);
    this.#hooks.notice({ code, message, ...(cause === undefined ? {} : { cause }) });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#env.clock.after(ms, resolve));
  }
}

const sentences = {
  held: "There is a share",
  lapsed: "The lease ran out: nothing is opened, and what is open is closed, until there is a new one",
  waiting: "There is no connection left; waiting until others give way",
} as const;

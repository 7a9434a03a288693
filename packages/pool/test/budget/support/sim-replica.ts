/**
 * A replica of the simulation: a process with a pool that wants as many connections as it is given work for, under a real membership.
 */
import { Budget } from "../../../src/budget/budget.ts";
import type { BudgetNotice } from "../../../src/budget/notices.ts";
import { type BudgetOptions, resolveBudgetOptions } from "../../../src/budget/options.ts";
import type { Budgeted, Pressure, Query } from "../../../src/budget/seam.ts";
import type { SimConnection, SimServer } from "./sim-server.ts";
import { SimProcess, type World } from "./world.ts";

interface Held {
  connection: SimConnection | null;
  isLent: boolean;
}

export class SimReplica implements Budgeted {
  readonly process: SimProcess;
  readonly budget: Budget;
  readonly notices: BudgetNotice[] = [];
  readonly bornMs: number;
  /** When it first held a connection. */
  servedMs: number | null = null;
  max = 0;
  /** Jobs that are wanted at once, and how long each takes at most. */
  load: number;
  jobMsMax = 40;
  jobs = 0;
  readonly #server: SimServer;
  readonly #world: World;
  readonly #places = new Set<Held>();
  readonly #controls: ((place: Held) => void)[] = [];
  readonly #sessions = new Map<unknown, ReturnType<SimServer["session"]>>();

  constructor(server: SimServer, options: Partial<BudgetOptions>, load: number) {
    this.#server = server;
    this.#world = server.world;
    this.process = new SimProcess(server.world);
    this.bornMs = server.world.nowMs;
    this.load = load;
    const store = server.store(this.process, (query) => this.#sessions.get(query) as ReturnType<SimServer["session"]>);
    this.budget = new Budget(resolveBudgetOptions(options), () => store, this.process.env(), { notice: (notice) => this.notices.push(notice) });
    this.process.deliver(0, () => this.budget.join(this, 50));
  }

  resize(max: number): void {
    this.max = max;
    for (const place of [...this.#places].reverse()) if (this.#places.size > max && !place.isLent && place.connection !== null) this.#close(place);
    this.#fill();
  }

  held(): number {
    return this.#places.size;
  }

  pressure(): Pressure {
    const used = [...this.#places].filter(({ isLent }) => isLent).length;
    return { used, waiting: Math.max(0, this.load - used), waitP95Ms: 0 };
  }

  async control<T>(run: (query: Query) => Promise<T>, signal: AbortSignal): Promise<T> {
    const place = await this.#next(signal);
    if (signal.aborted) {
      this.#giveBack(place);
      throw new Error("aborted");
    }
    const connection = place.connection as SimConnection;
    const query = (() => Promise.reject(new Error("no text"))) as Query;
    this.#sessions.set(query, this.#server.session(connection, signal));
    try {
      const value = await run(query);
      this.#giveBack(place);
      return value;
    } catch (fault) {
      this.#close(place);
      throw fault;
    } finally {
      this.#sessions.delete(query);
    }
  }

  async leave(): Promise<void> {
    this.load = 0;
    await this.budget.leave();
    this.process.kill();
  }

  #next(signal: AbortSignal): Promise<Held> {
    const idle = [...this.#places].find(({ isLent, connection }) => !isLent && connection !== null);
    if (idle !== undefined) {
      idle.isLent = true;
      return Promise.resolve(idle);
    }
    return new Promise((resolve, reject) => {
      const take = (place: Held): void => {
        signal.removeEventListener("abort", leave);
        resolve(place);
      };
      const leave = (): void => {
        this.#controls.splice(this.#controls.indexOf(take), 1);
        reject(new Error("aborted"));
      };
      this.#controls.push(take);
      signal.addEventListener("abort", leave, { once: true });
      this.#fill();
    });
  }

  /** Opens what is wanted and allowed, and puts idle ones to work. */
  #fill(): void {
    for (const place of this.#places) if (!place.isLent && place.connection !== null) this.#work(place);
    const wanted = Math.max(this.load, this.#controls.length);
    while (this.#places.size < Math.min(this.max, wanted) && this.budget.mayOpen()) this.#open();
  }

  #open(): void {
    const place: Held = { connection: null, isLent: false };
    this.#places.add(place);
    void this.#server.connect(this.process, this.budget.id, new AbortController().signal).then(
      (connection) => {
        connection.gone = () => this.#lost(place);
        place.connection = connection;
        this.servedMs ??= this.#world.nowMs;
        if (connection.isGone) this.#lost(place);
        else if (this.#places.size > this.max) this.#close(place);
        else this.#giveBack(place);
      },
      () => {
        this.#places.delete(place);
        this.process.deliver(100, () => this.#fill());
      },
    );
  }

  #work(place: Held): void {
    const control = this.#controls.shift();
    const used = [...this.#places].filter(({ isLent }) => isLent).length;
    if (control === undefined && used >= this.load) return;
    place.isLent = true;
    if (control !== undefined) return control(place);
    const connection = place.connection as SimConnection;
    const jobMs = this.#world.between(1, this.jobMsMax);
    connection.busyUntilMs = this.#world.nowMs + jobMs;
    this.process.deliver(jobMs, () => {
      this.jobs++;
      this.#giveBack(place);
    });
  }

  #giveBack(place: Held): void {
    place.isLent = false;
    if (!this.#places.has(place)) return;
    if (this.#places.size > this.max) this.#close(place);
    else this.#work(place);
  }

  /** It keeps its place until the server has let go of it. */
  #close(place: Held): void {
    const { connection } = place;
    if (connection === null || !this.#places.has(place)) return;
    place.isLent = true;
    this.process.deliver(0, () => this.#server.end(connection));
  }

  #lost(place: Held): void {
    place.isLent = true;
    this.#places.delete(place);
    this.#fill();
  }
}

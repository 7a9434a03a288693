/**
 * The server's machine: a process with a hub over an engine over a store. The process can die at any moment and come up again over the
 * same store, or over an older copy of it; the hub can be replaced while its engine goes on, as in a rolling deployment.
 */
import type { Env } from "@holdfast/protocol";
import { type Carrier, type Engine, Hub, pollTransport, resolveServerOptions, type ServerOptions, sseTransport } from "@holdfast/server";
import { MemoryStore, memoryEngine, weakEngine } from "@holdfast/server/engines";
import type { Network } from "../net/network.ts";
import type { Plan } from "../plan.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { SimProcess } from "../sim-process.ts";
import { instead, type Seams } from "./seams.ts";
import { SharedEngine } from "./shared-engine.ts";

/** How the clients' ends see the death of the server. */
export type Vanish = "fin" | "reset" | "nothing" | "mixed";

interface Running {
  readonly process: SimProcess;
  readonly engine: SharedEngine;
  hub: Hub;
}

export interface ServerParts {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly random: Random;
  readonly seams: Seams;
  /** The store is about to be lost from sight: look at it. */
  readonly look: () => void;
  readonly restored: (store: MemoryStore) => void;
  readonly watch: (store: MemoryStore) => void;
}

export class ServerNode {
  readonly #parts: ServerParts;
  readonly #options: ServerOptions;
  readonly #random: Random;
  #store = new MemoryStore();
  #running: Running | null = null;
  #starts = 0;
  #backups: MemoryStore[] = [];
  readonly hubs: Hub[] = [];
  readonly engines: SharedEngine[] = [];
  forks = 0;
  drains = 0;
  failovers = 0;
  /** Whether a boot, a drain or a stop is under way or it is down. */
  #busy = false;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#random = parts.random;
    parts.watch(this.#store);
    this.#options = resolveServerOptions(parts.plan.server);
  }

  get store(): MemoryStore {
    return this.#store;
  }
  get options(): ServerOptions {
    return this.#options;
  }
  get starts(): number {
    return this.#starts;
  }
  get process(): SimProcess | null {
    return this.#running?.process ?? null;
  }
  /** The hub that accepts, while the server is up. */
  get hub(): Hub | null {
    return this.#running?.hub ?? null;
  }
  get isSteady(): boolean {
    return this.#running !== null && !this.#busy;
  }

  async boot(): Promise<void> {
    this.#starts++;
    this.#busy = true;
    const { scheduler, network, seams } = this.#parts;
    const process = new SimProcess(`server ${this.#starts}`, scheduler, this.#random.fork(`start ${this.#starts}`));
    const engine = new SharedEngine(seams.engine(this.#engine(process.env)));
    this.engines.push(engine);
    const running: Running = { process, engine, hub: this.#hub(engine, process.env) };
    this.#running = running;
    network.serverReturns();
    await engine.start();
    if (!process.alive) return;
    this.#busy = false;
    this.#listen(running);
  }

  #engine(env: Env): Engine {
    const { engine } = this.#parts.plan;
    const setup = { env, store: this.#store, policies: engine.policies, options: engine.options };
    return engine.kind === "memory" ? memoryEngine(setup) : weakEngine({ ...setup, weakness: engine.weakness });
  }

  #hub(engine: Engine, env: Env): Hub {
    const hub = new Hub(engine, this.#options, env);
    this.hubs.push(hub);
    return hub;
  }

  #listen(running: Running): void {
    const { hub, process } = running;
    const accept = (carrier: Carrier): ReturnType<Hub["accept"]> => hub.accept(this.#parts.seams.carrier(carrier));
    // What answers requests knows its hub; mutants get between them here.
    const behind = instead(hub, { accept });
    const parts = { hub: behind, options: this.#options, env: process.env };
    this.#parts.network.listen({ process, accept, transports: [sseTransport(parts), pollTransport(parts)] });
  }

  /** Ends the process at once. The store keeps what was committed. */
  kill(how: Vanish): void {
    const running = this.#running;
    if (running === null) return;
    const { network, look } = this.#parts;
    look();
    running.process.kill();
    this.#store.crash();
    this.#running = null;
    this.#busy = false;
    network.serverAnswers = how !== "nothing";
    network.serverVanishes(() => (how === "mixed" ? this.#random.pick(["fin", "reset", "nothing"] as const) : how));
  }

  /** Keeps a copy to be restored later. */
  backUp(): void {
    this.#backups.push(this.#store.copy());
  }

  /** While the server is down: puts back one of the copies. False when there is none. */
  restore(): boolean {
    const backup = this.#pickBackup();
    if (backup === null || this.#running !== null) return false;
    this.#putBack(backup);
    return true;
  }

  #pickBackup(): MemoryStore | null {
    return this.#backups.length === 0 ? null : this.#random.pick(this.#backups);
  }

  #putBack(backup: MemoryStore): void {
    this.#store = backup.copy();
    this.forks++;
    this.#parts.restored(this.#store);
  }

  /** Another engine takes over while hubs and links go on; with `restores`, it has an older copy of the logs. */
  async failOver(restores: boolean): Promise<void> {
    const running = this.#running;
    if (running === null || this.#busy) return;
    const backup = restores ? this.#pickBackup() : null;
    this.#busy = true;
    this.failovers++;
    this.#parts.look();
    this.#store.crash();
    if (backup !== null) this.#putBack(backup);
    await running.engine.replace(this.#parts.seams.engine(this.#engine(running.process.env)));
    const lateMs = this.#random.fraction() * running.engine.caps.staleMsMax;
    running.process.env.clock.after(lateMs, () => {
      running.engine.suspect();
      this.#busy = false;
    });
  }

  /** Moves every client to a new hub over the same engine. */
  async roll(): Promise<void> {
    const running = this.#running;
    if (running === null || this.#busy) return;
    this.#busy = true;
    this.drains++;
    const former = running.hub;
    running.hub = this.#hub(running.engine, running.process.env);
    this.#listen(running);
    await former.drain();
    if (!running.process.alive) return;
    former.stop();
    this.#busy = false;
  }

  /** Ends the process as SIGTERM does: clients are told, then closed, then the engine is stopped. `isLedTo`: see the fault `drain`. */
  async stop(isLedTo = false): Promise<void> {
    const running = this.#running;
    if (running === null || this.#busy) return;
    this.#busy = true;
    this.drains++;
    if (!isLedTo) this.#parts.network.listen(null);
    await running.hub.drain();
    if (!running.process.alive) return;
    this.#parts.network.listen(null);
    running.hub.stop();
    await running.engine.stop();
    if (!running.process.alive) return;
    this.kill("fin");
  }
}

/**
 * A database server of the simulation: it counts connections, refuses one too many, takes its time, loses replies, and goes away. It keeps
 * the ledger as a real one does: one conditional write at a time.
 */
import { DoorRefused, type Found, type LeaseSession, type LeaseStore, type Look, type OpenDoor } from "../../../src/budget/store.ts";
import type { SimProcess, World } from "./world.ts";

export interface SimConnection {
  readonly number: number;
  readonly process: SimProcess;
  /** Null: at the door. */
  readonly replica: string | null;
  busyUntilMs: number;
  isEnding: boolean;
  isGone: boolean;
  /** Called in the process when the server has let go of it. */
  gone: () => void;
}

export interface Trouble {
  /** Of a statement's replies, so many are lost: it was carried out, and its connection ends. */
  readonly lost: number;
  /** Of the statements, so many take up to `slowMs`. */
  readonly slow: number;
  readonly slowMs: number;
}

export class SimServer {
  readonly world: World;
  readonly connectionsMax: number;
  readonly open = new Set<SimConnection>();
  trouble: Trouble = { lost: 0, slow: 0, slowMs: 0 };
  refused = 0;
  statements = 0;
  /** Its clock is not the replicas'. */
  clockMs = 5_000_000;
  version = 0;
  text: string | null = null;
  isAway = false;
  /** Connections of others. */
  strangers = 0;
  #number = 0;
  #door = 0;

  constructor(world: World, connectionsMax: number) {
    this.world = world;
    this.connectionsMax = connectionsMax;
  }

  get size(): number {
    return this.open.size + this.strangers;
  }

  /** Connections within shares. */
  get leased(): number {
    return this.open.size - this.atDoor;
  }

  get atDoor(): number {
    return this.#door;
  }

  connect(process: SimProcess, replica: string | null, signal: AbortSignal): Promise<SimConnection> {
    return this.#call(process, signal, (answer, fail) => {
      if (this.isAway) return fail(new Error("away"));
      if (this.size >= this.connectionsMax) {
        this.refused++;
        return fail(new DoorRefused("too many"));
      }
      const connection: SimConnection = { number: ++this.#number, process, replica, busyUntilMs: 0, isEnding: false, isGone: false, gone: () => {} };
      this.open.add(connection);
      if (replica === null) this.#door++;
      process.onDeath(() => this.end(connection));
      // Whoever gave up meanwhile never hears of it, and the socket is closed.
      if (signal.aborted) this.end(connection);
      answer(connection);
    });
  }

  /** A statement that changes or reads something at one moment. */
  run<T>(connection: SimConnection, signal: AbortSignal | null, what: () => T): Promise<T> {
    const { trouble, world } = this;
    this.statements++;
    const isLost = world.random() < trouble.lost;
    return this.#call(connection.process, signal, (answer, fail) => {
      if (this.isAway || connection.isGone) return fail(new Error("connection lost"));
      const workMs = world.random() < trouble.slow ? world.between(0, trouble.slowMs) : 0;
      connection.busyUntilMs = Math.max(connection.busyUntilMs, world.nowMs + workMs);
      world.after(workMs, () => {
        if (connection.isGone) return fail(new Error("connection lost"));
        const result = what();
        if (!isLost) return answer(result);
        this.end(connection);
        fail(new Error("connection lost"));
      });
    });
  }

  /** The client has closed it, or is dead: the server lets go when it has noticed, and not in the middle of a statement. */
  end(connection: SimConnection): void {
    if (connection.isEnding) return;
    connection.isEnding = true;
    const { world } = this;
    const look = (): void => {
      if (connection.busyUntilMs > world.nowMs) world.after(connection.busyUntilMs - world.nowMs, look);
      else this.drop(connection);
    };
    world.after(world.between(0, 10), look);
  }

  drop(connection: SimConnection): void {
    if (connection.isGone) return;
    connection.isGone = true;
    connection.isEnding = true;
    this.open.delete(connection);
    if (connection.replica === null) this.#door--;
    connection.process.deliver(this.world.between(0, 5), () => connection.gone());
  }

  /** Away and back: every connection is gone. */
  crash(): void {
    this.isAway = true;
    for (const connection of [...this.open]) this.drop(connection);
  }

  look(): Look {
    const seen = new Map<string, number>();
    for (const { replica } of this.open) if (replica !== null) seen.set(replica, (seen.get(replica) ?? 0) + 1);
    const { version, text, strangers, connectionsMax } = this;
    return { nowMs: Math.floor(this.clockMs + this.world.nowMs), version, text, connectionsMax, userMax: null, seen, strangers, visible: true };
  }

  session(connection: SimConnection, signal: AbortSignal | null): LeaseSession {
    return {
      look: () => this.run(connection, signal, () => this.look()),
      swap: (version, text) =>
        this.run(connection, signal, () => {
          if (version !== this.version) return false;
          this.version++;
          this.text = text;
          return true;
        }),
      find: (replicas) =>
        this.run(connection, signal, () =>
          [...this.open]
            .filter(({ replica }) => replica !== null && replicas.includes(replica))
            .map((each): Found => ({ replica: each.replica as string, connection: each.number, busy: each.busyUntilMs > this.world.nowMs })),
        ),
      end: (found) =>
        this.run(connection, signal, () => {
          for (const each of [...this.open]) if (found.some(({ connection: number }) => number === each.number)) this.drop(each);
        }),
    };
  }

  /** The store of one process. Its pool's connections come through `over`, because the pool's queries have no text here. */
  store(process: SimProcess, over: (query: unknown) => LeaseSession): LeaseStore {
    return {
      applicationName: null,
      mark: () => Promise.resolve(),
      session: over,
      door: async (signal): Promise<OpenDoor> => {
        const connection = await this.connect(process, null, signal);
        const gone = new Promise<void>((resolve) => {
          connection.gone = resolve;
        });
        return {
          session: this.session(connection, signal),
          close: () => {
            process.deliver(0, () => this.end(connection));
            return connection.isGone ? Promise.resolve() : gone;
          },
        };
      },
    };
  }

  /** There and back over the network, each way taking its time. */
  #call<T>(process: SimProcess, signal: AbortSignal | null, serve: (answer: (value: T) => void, fail: (fault: Error) => void) => void): Promise<T> {
    const { world } = this;
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(new Error("aborted"));
      if (signal?.aborted === true) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      const back = (call: () => void): void => {
        process.deliver(world.between(0.2, 3), call);
      };
      world.after(world.between(0.2, 3), () =>
        serve(
          (value) => back(() => resolve(value)),
          (fault) => back(() => reject(fault)),
        ),
      );
    });
  }
}

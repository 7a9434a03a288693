/**
 * The heart of a guard: it takes connections or refuses them, sweeps them, and ends some when resources run short. It knows no server and
 * no protocol: those are attached to it (attach-*.ts), each connection with the options of its listener.
 */
import { type Env, randomFraction, randomId } from "@holdfast/protocol";
import { Admission, type Admitted, type Later } from "./admission.ts";
import { Connection, type Ending, finalWords, type LeaveTimes, type Peer } from "./connection.ts";
import { GuardCounters } from "./counters.ts";
import type { EndCode } from "./ends.ts";
import type { GuardOptions } from "./options.ts";
import { judgePressure, type Resource } from "./pressure.ts";
import type { SocketPort } from "./socket-port.ts";
import { ConnectionTable } from "./table.ts";

/** Every connection is looked at once in so many ms, a tenth of them at a time: a look at 20,000 takes tens of ms. */
export const sweepMs = 500;
const slices = 10;
/** Who has waited for less than this is not called idle, however short things run. */
const reclaimIdleMsMin = 1_000;

/** What the process has of what may run short. */
export interface Resources {
  /** Everything but connections, which the core counts itself. */
  measure(): readonly Resource[];
  /** How often `measure` is worth its price. */
  readonly everyMs: number;
  /** How many refused connections are told why at the same time; others are reset, because words cost a descriptor for a while. */
  readonly refusalsMax: number;
  close(): void;
}

export interface CoreHooks {
  /** A connection has ended. */
  readonly ended: (connection: Connection, ending: Ending) => void;
  /** Something that whoever runs the server should know. */
  readonly warning: (message: string) => void;
}

export interface Arrival {
  readonly listener: string;
  readonly peer: Peer;
  /** What connections of one peer are counted by. */
  readonly addressKey: string;
  readonly port: SocketPort;
  readonly options: GuardOptions;
}

export class GuardCore {
  readonly counters = new GuardCounters();
  readonly table = new ConnectionTable();
  readonly env: Env;
  readonly #options: GuardOptions;
  readonly #hooks: CoreHooks;
  readonly #resources: Resources;
  readonly #refusals = new Set<Connection>();
  readonly #upgrades: Admission | null;
  /** What else wants to look at the time twice a second. */
  readonly everySweep: ((nowMs: number) => void)[] = [];
  #draining = false;
  #refusing = false;
  /** What ran short at the last look. */
  #short = "";
  #sweep: Iterator<Connection> | null = null;
  #timer: { cancel(): void } | null = null;
  #measuredMs = Number.NEGATIVE_INFINITY;
  #roundMs = Number.NEGATIVE_INFINITY;
  #whenEmpty: (() => void)[] = [];

  constructor(options: GuardOptions, env: Env, resources: Resources, hooks: CoreHooks) {
    this.env = env;
    this.#options = options;
    this.#resources = resources;
    this.#hooks = hooks;
    const { upgradesPerSecond } = options;
    this.#upgrades = upgradesPerSecond === "never" ? null : new Admission(upgradesPerSecond, env.clock.monoMs());
    this.#arm();
  }

  /** Nothing is swept any more: what is open is the host's alone. */
  get stopped(): boolean {
    return this.#timer === null;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Takes a connection, or tells it why not. Either way whoever owns the socket must say when it is gone. */
  accept(arrival: Arrival): { readonly connection: Connection; readonly isRefused: boolean } {
    const connection = new Connection({
      ...arrival,
      newId: this.#newId,
      clock: this.env.clock,
      ageMsMax: this.#ageMsMax(arrival.options),
      ended: this.#gone,
    });
    connection.addressKey = arrival.addressKey;
    const refusal = this.#refusal(arrival.addressKey);
    if (refusal !== null) {
      this.#refuse(connection, refusal);
      return { connection, isRefused: true };
    }
    this.counters.accepted++;
    this.table.add(connection);
    return { connection, isRefused: false };
  }

  #refusal(addressKey: string): EndCode | null {
    if (this.table.size >= this.#options.connectionsMax) return "too_many_connections";
    if (this.table.ofAddress(addressKey) >= this.#options.perAddressMax) return "too_many_from_address";
    return this.#refusing ? "overloaded" : null;
  }

  #refuse(connection: Connection, code: EndCode): void {
    this.counters.refuse(code);
    if (this.#refusals.size >= this.#resources.refusalsMax) {
      connection.reset(code);
      return;
    }
    this.#refusals.add(connection);
    connection.end(code, finalWords(code));
  }

  /** One age for all would end connections that began together at once. */
  #ageMsMax({ ageMs }: GuardOptions): number {
    return ageMs === "never" ? Number.POSITIVE_INFINITY : ageMs * (0.9 + 0.2 * randomFraction(this.env.rng));
  }

  /** Asks for leave to upgrade. */
  admitUpgrade(): Admitted | Later {
    return this.#upgrades?.ask(this.env.clock.monoMs()) ?? { ok: true };
  }

  /** Names whose connection it is; null: nobody's any more. False: that subject has too many, and this one is ended. */
  setSubject(connection: Connection, subject: string | null): boolean {
    if (subject !== null && connection.subject !== subject && this.table.ofSubject(subject) >= this.#options.perSubjectMax) {
      this.counters.refuse("too_many_of_subject");
      return false;
    }
    this.table.setSubject(connection, subject);
    return true;
  }

  /** A request has come on a connection that is being ended; `code` says why, where its sender could not know of it. */
  requestLate({ peer }: Connection, code: EndCode | null): void {
    if (code === null || this.counters.requestsLate++ > 0) return;
    this.#hooks.warning(
      `a request came from ${peer.address} after its connection had been closed (${code}): it keeps idle connections for longer than this end does; state its timer as proxyIdleMs`,
    );
  }

  /** From now on every answer is the last of its connection, and upgrades are refused. */
  startDraining(): void {
    this.#draining = true;
  }

  /** What is open ends by its protocol's own means. */
  leave(times: LeaveTimes): void {
    for (const { parts } of this.table.values()) for (const part of parts) part.leave?.(times);
  }

  /** Resolves when no connection is left. */
  empty(): Promise<void> {
    return new Promise((resolve) => {
      if (this.table.size === 0) resolve();
      else this.#whenEmpty.push(resolve);
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#resources.close();
  }

  // One of each for all connections.
  readonly #newId = (): string => randomId(this.env.rng, 12);
  readonly #gone = (connection: Connection, ending: Ending): void => {
    this.#refusals.delete(connection);
    if (!this.table.has(connection)) return; // Counted as refused.
    this.table.remove(connection);
    this.counters.end(ending, connection.requests);
    this.#hooks.ended(connection, ending);
    if (this.table.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  };

  #arm(): void {
    this.#timer = this.env.clock.after(sweepMs / slices, () => {
      this.#arm();
      // Timers are asked before sockets are: after a busy moment a request may lie in the kernel, in time, while its connection seems idle.
      // So each is judged as of now, but after the sockets have been read once more.
      const nowMs = Math.floor(this.env.clock.monoMs());
      this.env.soon(() => {
        if (this.#timer !== null) this.#sweepSlice(nowMs);
      });
    });
  }

  #sweepSlice(nowMs: number): void {
    let count = Math.ceil((this.table.size + this.#refusals.size) / slices);
    while (count-- > 0) {
      this.#sweep ??= this.#everything();
      const { value, done } = this.#sweep.next();
      if (done === true) {
        this.#sweep = null;
        break;
      }
      value.check(nowMs);
    }
    if (nowMs - this.#roundMs >= sweepMs) {
      this.#roundMs = nowMs;
      for (const check of this.everySweep) check(nowMs);
    }
    if (nowMs - this.#measuredMs >= this.#resources.everyMs) {
      this.#measuredMs = nowMs;
      this.#relieve(nowMs);
    }
  }

  *#everything(): Generator<Connection, undefined> {
    yield* this.table.values();
    yield* this.#refusals;
    return undefined;
  }

  #relieve(nowMs: number): void {
    const open = this.table.size;
    const resources: Resource[] = [{ name: "connections", used: open, max: this.#options.connectionsMax }, ...this.#resources.measure()];
    const { short, reclaim, refuse } = judgePressure(resources, open, this.#options.pressurePercent);
    if (refuse !== this.#refusing) {
      this.#refusing = refuse;
      this.#hooks.warning(
        refuse ? `new connections are refused: the heap is above ${this.#options.pressurePercent} % of its limit` : "new connections are taken again",
      );
    }
    const names = short.join(" and ");
    if (names !== this.#short) {
      this.#short = names;
      if (names !== "") this.#hooks.warning(`${names} above ${this.#options.pressurePercent} %: the longest idle connections are ended`);
    }
    // A herd that has just been accepted is not idle: it has not had the time to ask.
    if (reclaim > 0) for (const connection of this.table.longestIdle(reclaim, nowMs - reclaimIdleMsMin)) connection.spare("reclaimed");
  }
}

/**
 * All machines of a run and the connections between them: clients dial, the server accepts, faults strike.
 */

import type { Code } from "@holdfast/protocol";
import type { Carrier, CarrierEvents, RequestTransport } from "@holdfast/server";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import type { SimProcess } from "../sim-process.ts";
import { Connection, type End } from "./connection.ts";
import type { Path } from "./path.ts";
import { type CarrierWatch, SimCarrier } from "./sim-carrier.ts";
import { SimResponder } from "./sim-responder.ts";
import type { DialKind } from "./sim-transport.ts";

/** What accepts connections. */
export interface Listener {
  readonly process: SimProcess;
  accept(carrier: Carrier): CarrierEvents | { readonly refused: Code; readonly afterMs: number };
  /** What answers requests. */
  readonly transports: readonly RequestTransport[];
}

export interface Dialled {
  connection: Connection | null;
  readonly cancel: () => void;
}

export class Network {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #watch: CarrierWatch;
  readonly #connections = new Set<Connection>();
  #dials = 0;
  #listener: Listener | null = null;
  /** Whether the server's machine answers at all: a dead port refuses, a dead machine is silent. */
  serverAnswers = true;

  constructor(scheduler: Scheduler, random: Random, watch: CarrierWatch) {
    this.#watch = watch;
    this.#scheduler = scheduler;
    this.#random = random;
  }

  listen(listener: Listener | null): void {
    this.#listener = listener;
  }

  /** Connections of one path that are not over on both sides. */
  connectionsOf(path: Path): readonly Connection[] {
    return this.all().filter((connection) => connection.path === path);
  }

  all(): readonly Connection[] {
    for (const connection of this.#connections) if (connection.over) this.#connections.delete(connection);
    return [...this.#connections];
  }

  /** Something about a path has changed. */
  poke(path: Path): void {
    for (const connection of this.connectionsOf(path)) connection.poke();
  }

  dial(kind: DialKind, path: Path, end: End, failed: () => void): Dialled {
    let cancelled = false;
    const dialled: Dialled = {
      connection: null,
      cancel: () => {
        cancelled = true;
      },
    };
    const fail = (): void => {
      this.#scheduler.after(path.delayMs(), () => end.process.enter(() => cancelled || failed()));
    };
    // The mode is that of the moment of the dial; a hole that opens meanwhile swallows the handshake too.
    const mode = path.dialMode;
    this.#scheduler.after(path.delayMs(), () => {
      if (cancelled || !end.process.alive || mode === "hanging" || path.isHole("up") || path.isHole("down")) return;
      if (mode === "refused" || (kind === "link" && path.rules.refusesLinks)) return fail();
      const listener = this.#listener;
      if (listener === null) {
        if (this.serverAnswers) fail();
        return;
      }
      dialled.connection = this.#connect(kind, path, end, listener);
    });
    return dialled;
  }

  #connect(kind: DialKind, path: Path, end: End, listener: Listener): Connection {
    this.#dials++;
    const random = this.#random.fork(`connection ${this.#dials}`);
    // The carrier needs the connection and the connection its ends: the server's end is filled in at once.
    let own: SimCarrier | SimResponder | null = null;
    const server: End = {
      process: listener.process,
      arrived: (bytes) => own?.arrived(bytes),
      ended: (how) => own?.ended(how),
      drained: () => own?.drained(),
    };
    const connection = new Connection(this.#scheduler, random, path, { client: end, server });
    this.#connections.add(connection);
    if (kind === "link") {
      const carrier = new SimCarrier(listener.process, connection, this.#watch);
      own = carrier;
      listener.process.enter(() => this.#accept(listener, carrier));
    } else {
      const responder = new SimResponder(listener.process, connection, random.fork("pieces"), listener.transports);
      own = responder;
      listener.process.enter(() => responder.welcome());
    }
    return connection;
  }

  #accept(listener: Listener, carrier: SimCarrier): void {
    carrier.welcome();
    const answer = listener.accept(carrier);
    if ("refused" in answer) carrier.close(answer.refused, { afterMs: answer.afterMs });
    else carrier.listen(answer);
  }

  /** The server's process is gone; its system says `how` on each connection. */
  serverVanishes(how: (connection: Connection) => "fin" | "reset" | "nothing"): void {
    this.#listener = null;
    for (const connection of this.all()) connection.vanish("server", how(connection));
  }

  /** The server's machine is up: what still comes for former connections is answered with RST. */
  serverReturns(): void {
    this.serverAnswers = true;
    for (const connection of this.all()) connection.answer("server");
  }
}

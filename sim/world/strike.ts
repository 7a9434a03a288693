/**
 * What each fault does to the world, and how its effect ends. After `calm` nothing strikes any more, and what still lasts is ended.
 */
import type { Fault, FaultKind } from "../faults.ts";
import type { Connection } from "../net/connection.ts";
import type { Network } from "../net/network.ts";
import type { Direction } from "../net/path.ts";
import type { Scheduler } from "../scheduler.ts";
import type { ClientNode } from "./client-node.ts";
import type { ServerNode, Vanish } from "./server-node.ts";

export interface Stage {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly server: ServerNode;
  readonly clients: readonly ClientNode[];
}

type Of<K extends FaultKind> = Extract<Fault, { readonly kind: K }>;

/** What the system of a slow reader takes before the writer feels it. */
const slowWindowBytes = 1_000;

export class Striker {
  readonly #stage: Stage;
  /** Ends of effects that last, to be brought forward by `calm`. */
  readonly #lasting = new Set<() => void>();
  #isCalm = false;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Plans every fault. */
  arm(faults: readonly Fault[]): void {
    for (const fault of faults) {
      this.#stage.scheduler.at(fault.atMs, () => {
        if (!this.#isCalm) this.#strike(fault);
      });
    }
  }

  /** Heals everything: ways are open, machines run, the server is up. */
  calm(): void {
    this.#isCalm = true;
    for (const end of [...this.#lasting]) end();
    for (const client of this.#stage.clients) if (client.process === null) client.start();
  }

  /** Runs `end` after a while, or at the calm. */
  #until(forMs: number, end: () => void): void {
    const once = (): void => {
      if (this.#lasting.delete(once)) end();
    };
    this.#lasting.add(once);
    this.#stage.scheduler.after(forMs, once);
  }

  #strike(fault: Fault): void {
    switch (fault.kind) {
      case "cut":
        return this.#connection(fault.client)?.cutAfter(fault.direction === "down" ? "client" : "server", fault.bytes, fault.cut);
      case "cut-parts":
        return this.#client(fault.client).cutAtPart(fault.bytes, fault.cut);
      case "black-hole":
        return this.#blackHole(fault);
      case "forgotten-flow":
        return this.#connection(fault.client)?.forget(fault.answers);
      case "slow-reader":
        return this.#slowReader(fault);
      case "dial-fault":
        return this.#dialFault(fault);
      case "crash":
        return this.#crash(fault.how, fault.downMs, false);
      case "restore":
        return this.#crash(fault.how, fault.downMs, true);
      case "backup":
        return this.#stage.server.backUp();
      case "failover":
        return void this.#stage.server.failOver(fault.restores);
      case "roll":
        return void this.#stage.server.roll();
      case "drain":
        return this.#drain(fault);
      case "freeze-server":
        return this.#stage.server.process?.freeze(fault.forMs);
      case "freeze-client":
        return this.#client(fault.client).suspend(fault.forMs, false);
      case "sleep":
        return this.#client(fault.client).suspend(fault.forMs, true);
      case "wall-jump":
        return this.#client(fault.client).process?.shiftWall(fault.byMs);
      case "client-crash":
        return this.#clientCrash(fault);
      case "zombie":
        return this.#client(fault.client).takeOver(fault.forMs);
      case "reader-leaves":
        return this.#readerLeaves(fault);
      case "end-stream":
        return this.#client(fault.client).endStream(fault.stream, fault.withEntry);
      default:
        return fault satisfies never;
    }
  }

  #client(index: number): ClientNode {
    return this.#stage.clients[index] as ClientNode;
  }

  /** The client's newest connection. */
  #connection(index: number): Connection | null {
    return this.#client(index).conns.at(-1)?.connection ?? null;
  }

  #blackHole({ client, directions, forMs }: Of<"black-hole">): void {
    const { path } = this.#client(client);
    const set = (opens: boolean): void => {
      for (const direction of directions as readonly Direction[]) path.hole(direction, opens);
      if (!opens) this.#stage.network.poke(path);
    };
    set(true);
    this.#until(forMs, () => set(false));
  }

  #slowReader({ client, forMs }: Of<"slow-reader">): void {
    const connection = this.#connection(client);
    if (connection === null || connection.isGone("client")) return;
    connection.narrow("client", slowWindowBytes);
    connection.pause("client", true);
    this.#until(forMs, () => connection.pause("client", false));
  }

  #dialFault({ client, mode, forMs }: Of<"dial-fault">): void {
    const { path } = this.#client(client);
    path.dialMode = mode;
    this.#until(forMs, () => {
      path.dialMode = "open";
    });
  }

  #crash(how: Vanish, downMs: number, restores: boolean): void {
    const { server } = this.#stage;
    if (server.process === null) return;
    server.kill(how);
    if (restores) server.restore();
    this.#until(downMs, () => this.#boot());
  }

  #boot(): void {
    const { server } = this.#stage;
    if (server.process === null) void server.boot();
  }

  #drain({ downMs, isLedTo }: Of<"drain">): void {
    const { server } = this.#stage;
    void server.stop(isLedTo).then(() => {
      if (server.process === null) this.#until(this.#isCalm ? 0 : downMs, () => this.#boot());
    });
  }

  #clientCrash({ client, how, downMs }: Of<"client-crash">): void {
    const node = this.#client(client);
    if (node.process === null) return;
    node.kill(how);
    this.#until(downMs, () => {
      if (node.process === null) node.start();
    });
  }

  #readerLeaves({ client, reader, by, awayMs }: Of<"reader-leaves">): void {
    const node = this.#client(client);
    const { process } = node;
    const leaving = node.readers[reader % Math.max(1, node.readers.length)];
    if (leaving === undefined || process === null) return;
    process.enter(() => {
      if (!leaving.isOpen || node.process !== process) return;
      leaving.leave(by);
      const back = (): void => {
        if (node.process === process) node.open(leaving);
      };
      if (awayMs === 0) back();
      else process.env.clock.after(awayMs, back);
    });
  }
}

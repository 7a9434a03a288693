/**
 * One connection: two pipes and two ends, and every way in which it can die. An end learns of a death only by what reaches it:
 * a FIN, a RST, or nothing at all.
 */
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import type { SimProcess } from "../sim-process.ts";
import type { Direction, Path } from "./path.ts";
import { Pipe } from "./pipe.ts";

export type Side = "client" | "server";

/** What one end does with what reaches it. Called in the end's own process; nothing is called after `ended`. */
export interface End {
  readonly process: SimProcess;
  arrived(bytes: Uint8Array): void;
  ended(how: "fin" | "reset"): void;
  drained(): void;
}

/** How a connection is cut, and what each side is told. `nothing`: that side goes on believing. */
export interface Cut {
  readonly client: "fin" | "reset" | "nothing";
  readonly server: "fin" | "reset" | "nothing";
}

const other = (side: Side): Side => (side === "client" ? "server" : "client");

export class Connection {
  readonly path: Path;
  readonly openedMs: number;
  readonly #scheduler: Scheduler;
  readonly #ends: Record<Side, End>;
  /** Named by their writers. */
  readonly #pipes: Record<Side, Pipe>;
  /** An end that is gone answers what reaches it with RST, or not at all. */
  readonly #gone: Record<Side, "no" | "answers" | "silent"> = { client: "no", server: "no" };
  /** A box on the way has forgotten this flow: nothing passes any more. */
  #forgotten: "no" | "silent" | "answers" = "no";
  /** When bytes last reached the client. */
  clientHeardMs: number;

  constructor(scheduler: Scheduler, random: Random, path: Path, ends: Record<Side, End>) {
    this.#scheduler = scheduler;
    this.path = path;
    this.#ends = ends;
    this.openedMs = scheduler.nowMs;
    this.clientHeardMs = scheduler.nowMs;
    this.#pipes = { client: this.#pipe("client", random.fork("up")), server: this.#pipe("server", random.fork("down")) };
  }

  #pipe(writer: Side, random: Random): Pipe {
    const there: Direction = writer === "client" ? "up" : "down";
    const back: Direction = writer === "client" ? "down" : "up";
    const reader = other(writer);
    const way = {
      delayMs: () => this.path.delayMs(),
      // A machine that is gone acknowledges nothing, so what is sent to it waits.
      blocked: () => this.path.isHole(there) || this.#forgotten !== "no" || this.#gone[reader] === "silent",
      acksBlocked: () => this.path.isHole(back) || this.#forgotten !== "no",
    };
    return new Pipe(this.#scheduler, random, this.path.rules, way, {
      reader: this.#ends[reader].process,
      arrived: (bytes) => this.#arrived(reader, bytes),
      ended: (how) => this.#ended(reader, how),
      drained: () => this.#ends[writer].process.later(0, () => this.#gone[writer] === "no" && this.#ends[writer].drained()),
    });
  }

  get over(): boolean {
    return this.#gone.client !== "no" && this.#gone.server !== "no";
  }
  isGone(side: Side): boolean {
    return this.#gone[side] !== "no";
  }
  queuedBytes(side: Side): number {
    return this.#pipes[side].queuedBytes;
  }
  /** Bytes that have reached the side. */
  receivedBytes(side: Side): number {
    return this.#pipes[other(side)].deliveredBytes;
  }

  write(side: Side, bytes: Uint8Array): void {
    if (this.#gone[side] !== "no") return;
    this.#pipes[side].write(bytes);
    if (this.#forgotten === "answers") this.#refuse(side);
  }

  /** The side has nothing more to say; it still listens. */
  end(side: Side): void {
    if (this.#gone[side] === "no") this.#pipes[side].end();
  }

  /** The side is done with it: what it wrote still goes out. */
  release(side: Side): void {
    if (this.#gone[side] !== "no") return;
    this.#leave(side, "answers");
    this.#pipes[side].end();
  }

  /** The side lets go at once. */
  reset(side: Side): void {
    if (this.#gone[side] !== "no") return;
    this.#leave(side, "answers");
    this.#pipes[side].reset();
  }

  /** The side's process is killed. Its system says `how` to the peer; `nothing` when the machine is gone too. */
  vanish(side: Side, how: "fin" | "reset" | "nothing"): void {
    if (this.#gone[side] !== "no") return;
    this.#leave(side, how === "nothing" ? "silent" : "answers");
    if (how === "nothing") this.#pipes[side].stop();
    else this.#pipes[side].abandon(how);
  }

  /** The machine of a silent side is up again and knows nothing of this connection: what comes is answered with RST. */
  answer(side: Side): void {
    if (this.#gone[side] !== "silent") return;
    this.#gone[side] = "answers";
    this.poke();
  }

  /** Ends it in the middle. */
  cut(cut: Cut): void {
    for (const side of ["client", "server"] as const) {
      this.#pipes[side].choke();
      const how = cut[side];
      if (how !== "nothing") this.#scheduler.after(this.path.delayMs(), () => this.#ended(side, how));
    }
  }

  /** Cuts it once `bytes` more have reached the side. */
  cutAfter(side: Side, bytes: number, cut: Cut): void {
    this.#pipes[other(side)].cutAfter(bytes, () => this.cut(cut));
  }

  /** A box on the way forgets the flow; it answers with RST, or not at all. */
  forget(answers: boolean): void {
    if (this.#forgotten === "no") this.#forgotten = answers ? "answers" : "silent";
  }

  /** The side stops or resumes reading. */
  pause(side: Side, paused: boolean): void {
    this.#pipes[other(side)].pause(paused);
  }

  /** The side takes no more than so many bytes that it has not read. */
  narrow(side: Side, bytes: number): void {
    this.#pipes[other(side)].narrow(bytes);
  }

  /** Something about the way has changed. */
  poke(): void {
    this.#pipes.client.poke();
    this.#pipes.server.poke();
  }

  #arrived(side: Side, bytes: Uint8Array): void {
    if (this.#gone[side] === "answers") this.#refuse(other(side));
    if (this.#gone[side] !== "no") return;
    if (side === "client") this.clientHeardMs = this.#scheduler.nowMs;
    this.#ends[side].arrived(bytes);
  }

  /** A RST for what the side wrote; a lost one is not sent again. */
  #refuse(side: Side): void {
    if (this.path.isHole(side === "client" ? "down" : "up")) return;
    this.#scheduler.after(this.path.delayMs(), () => this.#ended(side, "reset"));
  }

  #ended(side: Side, how: "fin" | "reset"): void {
    if (this.#gone[side] !== "no") return;
    const { process } = this.#ends[side];
    if (process.frozen) return process.enter(() => this.#ended(side, how));
    if (how === "fin") {
      // The peer has said everything; this end may still answer before it goes.
      this.#ends[side].ended("fin");
      return;
    }
    this.#leave(side, "answers");
    this.#ends[side].ended("reset");
  }

  #leave(side: Side, how: "answers" | "silent"): void {
    this.#gone[side] = how;
    this.#pipes[other(side)].pause(false); // What still comes is read by nobody, and answered by the system.
  }
}

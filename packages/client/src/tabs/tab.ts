/**
 * One tab among those of its origin: it follows the leader, or leads. The shell around the election's machine; it performs what that
 * says over the channel and the lock of the address, and tells the tab's connections what the leader said.
 * It must never act on a message to another, or of a leader that has been followed by the next.
 */
import { type Env, randomId, type Timer } from "@holdfast/protocol";
import type { Client } from "../client.ts";
import { dueMs, type Election, type ElectionAction, type ElectionEvent, step } from "./election.ts";
import { Leader } from "./leader.ts";
import type { Call, Channel, Here, Sharing } from "./sharing.ts";

export interface TabHooks {
  /** The leader said something, or is gone. */
  changed(): void;
  /** The leader doubts its link. */
  doubt(): void;
}

/** A connection of this tab, as the tab sees it. */
interface TabConn {
  /** The leader has been heard of. */
  heard(here: Here | null): void;
}

export class Tab {
  readonly name: string;
  readonly env: Env;
  readonly sharing: Sharing;
  readonly id: string;
  readonly #connect: () => Client;
  readonly #hooks: TabHooks;
  readonly #conns = new Set<TabConn>();
  #state: Election = { name: "off" };
  #channel: Channel | null = null;
  #release: () => void = () => {};
  #unlock: (() => void) | null = null;
  #timer: Timer | null = null;
  #leader: Leader | null = null;
  /** What the leader said last; null while none is known. */
  here: Here | null = null;

  /** `name` is that of the channel and of the lock; `connect` makes the client whose link is shared. */
  constructor(name: string, env: Env, sharing: Sharing, connect: () => Client, hooks: TabHooks) {
    this.name = name;
    this.env = env;
    this.sharing = sharing;
    this.#connect = connect;
    this.#hooks = hooks;
    this.id = randomId(env.rng, 20);
  }

  get isLeading(): boolean {
    return this.#leader !== null;
  }
  get isConnecting(): boolean {
    return this.#conns.size > 0;
  }

  /** Takes part. Nothing before the tab's own lock is held, by whose loss a leader notices its end. */
  join(): void {
    if (this.#unlock !== null) return;
    const joined = (): void => {
      this.#channel = this.sharing.channel(this.name, (call) => this.#take(call as Call));
      this.#dispatch({ type: "join" });
    };
    this.#unlock = this.sharing.lock(`${this.name}/${this.id}`, "wait", joined, () => {});
  }

  /** Leaves, in order: another tab leads within moments. */
  leave(): void {
    this.#dispatch({ type: "leave" });
    this.#channel?.close();
    this.#channel = null;
    this.#unlock?.();
    this.#unlock = null;
    this.#heard(null);
  }

  enter(conn: TabConn): void {
    this.#conns.add(conn);
    this.#dispatch({ type: "need", needed: true });
  }
  exit(conn: TabConn): void {
    this.#conns.delete(conn);
    if (this.#conns.size === 0) this.#dispatch({ type: "need", needed: false });
  }

  /** Says something to all tabs, this one included. */
  say(call: Call): void {
    if (this.#channel === null) return;
    this.#channel.post(call);
    this.#take(call);
  }

  #take(call: Call): void {
    switch (call.type) {
      case "who":
        this.#leader?.answer();
        return;
      case "dial":
        if (this.#state.name === "leading" && this.#state.leader === call.leader) this.#leader?.dial(call.link, call.tab);
        return;
      case "here":
        // One that was frozen while it led may speak once more.
        if (this.#state.name === "leading" && this.#state.leader !== call.here.leader) return;
        this.#dispatch({ type: "here", leader: call.here.leader });
        this.#heard(call.here);
        return;
      case "bye":
        this.#dispatch({ type: "bye", leader: call.leader });
        if (this.here?.leader === call.leader) this.#heard(null);
        return;
      default:
        call satisfies never;
    }
  }

  #heard(here: Here | null): void {
    const before = this.here;
    this.here = here;
    for (const conn of [...this.#conns]) conn.heard(here);
    if (here?.state === "stale" && before?.state !== "stale") this.#hooks.doubt();
    this.#hooks.changed();
  }

  #dispatch(event: ElectionEvent): void {
    const { clock, rng } = this.env;
    const facts = { needed: this.#conns.size > 0, random: rng.u32() / 2 ** 32 };
    const { state, actions } = step(this.#state, event, clock.monoMs(), facts);
    const before = dueMs(this.#state);
    this.#state = state;
    const due = dueMs(state);
    if (due !== before) {
      this.#timer?.cancel();
      this.#timer = due === null ? null : clock.after(Math.max(0, due - clock.monoMs()), () => this.#dispatch({ type: "timer" }));
    }
    for (const action of actions) this.#perform(action);
  }

  #perform(action: ElectionAction): void {
    switch (action) {
      case "ask":
        this.say({ type: "who" });
        return;
      case "wait":
      case "steal":
        this.#release();
        this.#release = this.sharing.lock(
          this.name,
          action,
          () => this.#dispatch({ type: "held", leader: randomId(this.env.rng, 20) }),
          () => this.#dispatch({ type: "lost" }),
        );
        return;
      case "release":
        this.#release();
        return;
      case "lead":
        this.#lead();
        return;
      case "resign":
        this.#resign();
        return;
      default:
        action satisfies never;
    }
  }

  #lead(): void {
    if (this.#state.name !== "leading") return;
    this.#leader = new Leader(this.#state.leader, this.name, this.env, this.sharing, this.#connect, (here) => this.say({ type: "here", here }));
    this.#leader.answer();
  }

  #resign(): void {
    this.#leader?.close();
    this.#leader = null;
    if (this.here !== null) this.say({ type: "bye", leader: this.here.leader });
  }
}

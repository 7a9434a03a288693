/**
 * The tab that leads: it has the one link to the server, an ordinary client's, and serves the tabs of the origin, its own included.
 * It must never say that its link is alive when that is not proved: what the tabs believe is what this says.
 */
import { type Env, heldStream, type Timer } from "@holdfast/protocol";
import type { Client } from "../client.ts";
import type { Stream } from "../stream.ts";
import { Serving } from "./serving.ts";
import { type Here, isUp, type Sharing } from "./sharing.ts";

/** Tabs that one leader serves; a browser with more has other troubles. */
export const tabsMax = 64;
/** How long the client is kept when no tab wants it, in ms. */
const idleMs = 10_000;
/** A full leader is asked again after this, in ms. */
const fullRetryMs = 5_000;

const nothing = {
  state: "offline",
  code: null,
  reason: "nothing to carry",
  transport: null,
  lastProofOfLifeMs: null,
  attempt: 0,
  retryAtMs: null,
  linkId: null,
} as const;

interface Served {
  readonly serving: Serving;
  /** Does not wait any longer for the tab's end. */
  readonly unlock: () => void;
}

export class Leader {
  readonly #id: string;
  readonly #name: string;
  readonly #env: Env;
  readonly #sharing: Sharing;
  readonly #connect: () => Client;
  readonly #say: (here: Here) => void;
  readonly #tabs = new Map<string, Served>();
  #client: Client | null = null;
  #hold: Stream | null = null;
  #unlisten: () => void = () => {};
  #idle: Timer | null = null;
  #said: Here;

  constructor(id: string, name: string, env: Env, sharing: Sharing, connect: () => Client, say: (here: Here) => void) {
    this.#id = id;
    this.#name = name;
    this.#env = env;
    this.#sharing = sharing;
    this.#connect = connect;
    this.#say = say;
    this.#said = { ...nothing, leader: id, since: env.clock.wallMs() };
  }

  /** Says how it is, to whoever asks. */
  answer(): void {
    this.#say(this.#said);
  }

  /** A tab wants to be served. It has one link; a former one is over. */
  dial(link: string, tab: string): void {
    this.#drop(tab);
    const client = this.#wanted();
    const left = (): void => {
      if (this.#tabs.get(tab)?.serving !== serving) return;
      this.#drop(tab);
      if (this.#tabs.size === 0) this.#idle ??= this.#env.clock.after(idleMs, () => this.#rest());
    };
    const serving: Serving = new Serving(this.#sharing, `${this.#name}/${link}`, link, this.#id, {
      client,
      isLive: () => isUp(this.#said),
      left,
    });
    if (this.#tabs.size >= tabsMax) {
      serving.close({ closeCode: 4504, reason: JSON.stringify({ code: "too_many_links", message: "too many tabs", afterMs: fullRetryMs }) });
      return;
    }
    // A tab holds the lock of its name as long as it lives, so one that crashed is noticed without asking.
    this.#tabs.set(tab, { serving, unlock: this.#sharing.lock(`${this.#name}/${tab}`, "wait", left, left) });
    if (isUp(this.#said)) serving.live();
  }

  close(): void {
    for (const tab of [...this.#tabs.keys()]) this.#drop(tab);
    this.#rest();
  }

  #drop(tab: string): void {
    const served = this.#tabs.get(tab);
    this.#tabs.delete(tab);
    served?.unlock();
    served?.serving.close();
  }

  #wanted(): Client {
    this.#idle?.cancel();
    this.#idle = null;
    if (this.#client !== null) return this.#client;
    const client = this.#connect();
    this.#client = client;
    // A client holds a link only while it has something to carry, and a tab has nothing to ask before it is welcomed.
    this.#hold = client.stream(heldStream);
    this.#unlisten = client.status.subscribe(() => this.#changed(client));
    return client;
  }

  /** Lets the link go. */
  #rest(): void {
    this.#idle?.cancel();
    this.#idle = null;
    this.#unlisten();
    this.#hold?.close();
    void this.#client?.close({ drainMs: 0 });
    this.#client = this.#hold = null;
    this.#said = { ...nothing, leader: this.#id, since: this.#env.clock.wallMs() };
  }

  #changed(client: Client): void {
    const status = client.status.getSnapshot();
    const was = this.#said;
    // Tabs know by themselves whether they have everything.
    const state = isUp(status) ? "live" : status.state;
    this.#said = { ...status, state, leader: this.#id };
    const isNews = (["state", "code", "reason", "lastProofOfLifeMs", "retryAtMs"] as const).some((name) => this.#said[name] !== was[name]);
    if (isNews) this.#say(this.#said);
    if (isUp(this.#said)) {
      if (!isUp(was)) for (const { serving } of this.#tabs.values()) serving.live();
    } else if (state === "denied") {
      // The tabs are denied with it. One that comes later is a new try.
      for (const tab of [...this.#tabs.keys()]) this.#drop(tab);
      this.#rest();
    } else if (state !== "stale") {
      for (const [tab, { serving }] of this.#tabs) if (serving.isOpen) this.#drop(tab);
    }
  }
}

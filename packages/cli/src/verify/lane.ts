/**
 * One SDK client on a way of its own to the server: a port of the lab's proxy, on which its links are broken. It follows the client's
 * status, tells ends that were asked for from those that were not, and lets faults wait for what they should bring about.
 */
import type { Client } from "@holdfast/client";
import type { Connection, LabProxy } from "@holdfast/lab";
import type { Clock, HoldfastError, Timer } from "@holdfast/protocol";
import type { UnaskedEnd } from "./ends.ts";
import type { KindName, Role } from "./kinds.ts";

/** Ends that are kept, so that a server that ends every link at once does not fill the memory. */
const endsMax = 10_000;

export interface Way {
  readonly proxy: LabProxy;
  /** The address that a client is given. */
  readonly url: string;
}

export class Lane {
  readonly name: string;
  readonly role: Role;
  readonly way: Way;
  readonly ends: UnaskedEnd[] = [];
  /** Told whatever ended something of this client, with the code; who listens picks out refusals. */
  readonly ended: (what: string, code: string, said: string) => void;
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #client: Client | null = null;
  #unwatch: () => void = () => {};
  #newest: Connection | null = null;
  #isLive = false;
  #linksBroken = 0;
  #upMs = 0;
  /** What is being done to the link now; null in peace. */
  doing: KindName | null = null;
  /** When the client last stopped believing in its link, and when an entry or an acknowledgment last came over it. */
  downMs = Number.NEGATIVE_INFINITY;
  carriedMs = Number.NEGATIVE_INFINITY;

  constructor(name: string, role: Role, way: Way, clock: Clock, ended: (what: string, code: string, said: string) => void) {
    this.name = name;
    this.role = role;
    this.way = way;
    this.#clock = clock;
    this.ended = ended;
    way.proxy.onConnection((connection) => {
      this.#newest = connection;
    });
  }

  get client(): Client {
    if (this.#client === null) throw new TypeError("Expected a lane to have a client");
    return this.#client;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  /** How long the link has to be left alone still, when links are to last `settleMs`. The first link need not. */
  unsettledMs(settleMs: number): number {
    return this.#linksBroken === 0 ? 0 : Math.max(0, this.#upMs + settleMs - this.#clock.monoMs());
  }

  /** Follows this client from now on. */
  adopt(client: Client): void {
    this.#unwatch();
    this.#client = client;
    this.#isLive = false;
    this.#unwatch = client.status.subscribe(() => this.#look());
    this.#look();
  }

  /** An entry or an acknowledgment came. */
  carried(): void {
    this.carriedMs = this.#clock.monoMs();
    this.#tell();
  }

  /** Resolves with whether the condition came to hold within the time; it is looked at whenever something happens to the lane. */
  until(holds: () => boolean, limitMs: number, stop: AbortSignal): Promise<boolean> {
    if (holds() || stop.aborted) return Promise.resolve(holds());
    return new Promise((resolve) => {
      let timer: Timer | null = null;
      const done = (value: boolean): void => {
        timer?.cancel();
        this.#waiting.delete(look);
        stop.removeEventListener("abort", look);
        resolve(value);
      };
      const look = (): void => {
        if (holds()) done(true);
        else if (stop.aborted) done(false);
      };
      this.#waiting.add(look);
      stop.addEventListener("abort", look);
      timer = this.#clock.after(limitMs, () => done(holds()));
    });
  }

  /** A stream of this client, or a publish to it, ended with an error. */
  readonly readFailed = (stream: string, { code, detail }: HoldfastError): void => this.ended(`reading ${stream}`, code, detail);
  readonly publishFailed = (stream: string, { code, detail }: HoldfastError): void => this.ended(`a publish to ${stream}`, code, detail);

  leave(): void {
    this.#unwatch();
  }

  #look(): void {
    const { state, code, reason } = this.client.status.getSnapshot();
    const isLive = state === "live" || state === "catching-up";
    const nowMs = this.#clock.monoMs();
    if (isLive && !this.#isLive) this.#upMs = nowMs;
    if (!isLive && this.#isLive) {
      this.downMs = nowMs;
      this.#linksBroken++;
    }
    // `stale` is a doubt that may pass; a link has ended when the client is without one, and says why.
    if (state === "offline" && code !== null && this.#wasUp) {
      if (this.doing === null && this.ends.length < endsMax) {
        this.ends.push({ code, reason, ageMs: Math.round(nowMs - this.#upMs), idleMs: Math.round(this.#newest?.idleMs ?? 0) });
      }
      this.#wasUp = false;
    }
    if (code !== null && (state === "denied" || state === "offline")) this.ended(`the link of ${this.name}`, code, reason);
    if (isLive) this.#wasUp = true;
    this.#isLive = isLive;
    this.#tell();
  }

  #wasUp = false;

  /** Lets whoever waits look again: something happened that the lane does not see. */
  look(): void {
    this.#tell();
  }

  #tell(): void {
    for (const look of [...this.#waiting]) look();
  }
}

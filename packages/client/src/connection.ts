/**
 * The life of a client's connection: which links there are, when the next is dialled, and when to give up (PROTOCOL.md, section 9).
 * Idle, waiting, dialing, live, moving (a link is live while its replacement is dialled), denied and closed follow from what is held.
 * It must never hold more than one dial, and two links only while one retires; nor touch clock, randomness or sockets but by what it is given.
 */
import { randomFraction } from "@holdfast/protocol";
import { alarm } from "./alarm.ts";
import type { Context } from "./context.ts";
import { backoffMs, type Ending, localEnding, reconnectDelayMs } from "./endings.ts";
import { Fallback } from "./fallback.ts";
import { Link, type LinkOwner, type LinkUser } from "./link.ts";
import type { Status } from "./status.ts";
import type { Transport } from "./transport.ts";

/** Who uses the connection. */
export interface ConnectionUser extends LinkUser {
  /** Everything goes over this link from now on. An earlier one may still bring messages. */
  linkUp(link: Link): void;
  /** The link is over. */
  linkDown(link: Link): void;
  /** What `describe` says may have changed. */
  changed(): void;
}

/** Least time between two wakes that are obeyed at once: ten a second would be ten probes, more than a server bears. */
const wakePauseMs = 1_500;
/** A wake brings the next dial forward to within this. */
const wakeRetryMs = 1_000;
/** How long a link over another than the first transport is kept before the first is tried again, and up to a tenth longer. */
const moveUpMs = 600_000;
/** The same after a time without any link: what failed then may well have been the server, or the network, and not that transport. */
const moveUpSoonMs = 10_000;
const moveTimeoutMs = 5_000;
const retireMs = 5_000;
/** A link that ends sooner than this counts as a failure. */
const stableMs = 5_000;

export class Connection implements LinkOwner {
  readonly #context: Context;
  readonly #url: string;
  readonly #transports: readonly Transport[];
  readonly #user: ConnectionUser;
  readonly #fallback: Fallback;
  readonly #arm: () => void;
  /** What everything goes over; what it replaced, and may still bring messages; what is dialled, to be the next. Not to be changed from outside. */
  live: Link | null = null;
  old: Link | null = null;
  #next: Link | null = null;
  /** The last one of which the server said that it will end it. */
  #leaving: Link | null = null;
  #isWanted = false;
  /** Why there is no link; null when there is no reason to name. */
  #ending: Ending | null = null;
  #over: "denied" | "closed" | null = null;
  /** Failures in a row: of dials, of links that did not last; and of dials for a replacement of the live link. */
  #failures = 0;
  #moves = 0;
  #dialAtMs = Infinity;
  #idleAtMs = Infinity;
  #retireAtMs = Infinity;
  #wokenMs = -Infinity;
  #provedMs: number | null = null;

  constructor(context: Context, url: string, transports: readonly Transport[], user: ConnectionUser) {
    this.#context = context;
    this.#url = url;
    this.#transports = transports;
    this.#user = user;
    this.#fallback = new Fallback(transports.length);
    this.#arm = alarm(context.clock, () => [
      [this.#dialAtMs, () => this.#dial()],
      [this.#idleAtMs, () => this.pause()],
      [this.#retireAtMs, () => this.retire()],
    ]);
  }

  /** Why it is denied or closed; null when it is not. */
  get verdict(): Ending | null {
    return this.#over && this.#ending;
  }

  /** What it means to people. Never more than is proved: `live` needs a link that answers in time. */
  describe(): Omit<Status, "since"> {
    const link = this.live;
    const { clock } = this.#context;
    const toWall = (monoMs: number): number => Math.round(clock.wallMs() - clock.monoMs() + monoMs);
    // A link that works, but not over what was asked for first, says why.
    const isStale = link?.isStale;
    const cause = link === null ? this.#ending : isStale ? null : (link.trouble ?? this.#fallback.cause);
    const otherwise = isStale ? "probing" : link !== null ? "" : this.#next === null ? "nothing to carry" : "connecting";
    if (link !== null) this.#provedMs = toWall(link.heardMs);
    return {
      state: this.#over ?? (link === null ? "offline" : isStale ? "stale" : "live"),
      code: cause?.code ?? null,
      reason: cause?.reason ?? otherwise,
      transport: link && (this.#transports[link.transport] as Transport).name,
      lastProofOfLifeMs: this.#provedMs,
      attempt: link === null ? this.#failures : 0,
      retryAtMs: link === null && this.#dialAtMs < Infinity ? toWall(this.#dialAtMs) : null,
      linkId: link?.linkId ?? null,
    };
  }

  get #nowMs(): number {
    return this.#context.clock.monoMs();
  }

  /** A random time from now on. */
  #within(ms: number): number {
    return this.#nowMs + randomFraction(this.#context.rng) * ms;
  }

  #moveUpAt(ms: number): number {
    return ms + this.#within(ms / 10);
  }

  /** Whether there is anything to carry. */
  want(isWanted: boolean): void {
    if (isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    this.changed();
  }

  /** Lets the link go until there is something to carry anew. */
  pause(): void {
    this.#isWanted = false;
    this.#letGo();
    this.changed();
  }

  close(): void {
    this.#over = "closed";
    this.#ending = localEnding("closed_by_user", "");
    this.changed();
  }

  /** Wakes in quick succession are one probe, since a server bears only so many; and the dial that follows them waits until they are over. */
  wake(): void {
    const wallMs = this.#context.clock.wallMs();
    const pauseMs = wakePauseMs - Math.abs(wallMs - this.#wokenMs);
    if (pauseMs <= 0) {
      this.#wokenMs = wallMs;
      this.live?.wake();
    }
    // The server's own word is not overruled.
    if (this.live !== null || this.#dialAtMs === Infinity || this.#ending?.afterMs !== undefined) return;
    // A network that went and came at once must not wait for the backoff that its going began.
    this.#dialAtMs = Math.min(this.#dialAtMs, this.#within(wakeRetryMs) + Math.max(0, pauseMs));
    this.changed();
  }

  /** Nothing depends on the retiring link any more. */
  retire(): void {
    const link = this.old;
    this.old = null;
    this.#retireAtMs = Infinity;
    this.#drop(link);
  }

  // ---- what links tell

  up(link: Link): void {
    this.#context.counters.links++;
    this.#fallback.worked(link.transport);
    // An older link that was still retiring has had its time.
    this.retire();
    if (this.live !== null) this.#failures = 0;
    this.old = this.live;
    this.live = link;
    this.#next = null;
    this.#ending = null;
    this.#moves = 0;
    this.#retireAtMs = this.#nowMs + retireMs;
    this.#dialAtMs = link.transport === 0 ? Infinity : this.#moveUpAt(this.old === null ? moveUpSoonMs : moveUpMs);
    this.#user.linkUp(link);
    this.changed();
  }

  ended(link: Link, ending: Ending): void {
    if (link === this.old) this.old = null;
    else if (link === this.#next) {
      this.#next = null;
      const { live } = this;
      const missed = this.#missed(link, ending);
      if (live === null) {
        this.#failures++;
        this.#retry(missed);
      }
      // Nothing is wrong with the link that serves: it was only to be bettered.
      else if (live !== this.#leaving && link.transport < live.transport) this.#dialAtMs = this.#moveUpAt(moveUpMs);
      // The link that was to be replaced still serves, so it is kept, and the dial is repeated after a while.
      else this.#dialAtMs = this.#within(backoffMs(++this.#moves, this.#context.options));
    } else {
      this.live = null;
      this.retire();
      const hasLasted = this.#nowMs - (link.upMs as number) >= stableMs;
      this.#failures = (hasLasted ? 0 : this.#failures + 1) || (ending.retry === "backoff" ? 1 : 0);
      // A replacement that is under way is now an ordinary dial.
      if (this.#next === null) this.#retry(ending);
      else this.#ending = ending;
    }
    // Users hear of it last, so that none of them believes the link live.
    this.#gone(link);
    this.changed();
  }

  /** The server will end the link: another is to be dialled after `afterMs`. */
  goaway(link: Link, afterMs: number): void {
    if (link !== this.live || this.#next !== null || link === this.#leaving) return;
    this.#leaving = link;
    this.#dialAtMs = this.#nowMs + afterMs;
    this.#arm();
  }

  /** Brings what is held into line with what is wanted. */
  changed(): void {
    if (this.#over !== null || !(this.live !== null || this.#isWanted)) this.#letGo();
    if (this.#isWanted || this.live === null) this.#idleAtMs = Infinity;
    else this.#idleAtMs = Math.min(this.#idleAtMs, this.#nowMs + this.#context.options.idleLinkMs);
    if (this.#over === null && this.#isWanted && this.live === null && this.#next === null && this.#dialAtMs === Infinity) this.#dial();
    this.#arm();
    this.#user.changed();
  }

  #dial(): void {
    this.#context.counters.dials++;
    this.#dialAtMs = Infinity;
    const live = this.live;
    // A link that is to replace a live one tries a better transport first.
    if (live !== null && this.#moves === 0) this.#fallback.again();
    const index = this.#fallback.next;
    this.#next = new Link(index, this.#context, this, this.#user);
    this.#next.dial(this.#transports[index] as Transport, this.#url, live === null ? this.#context.options.dialTimeoutMs : moveTimeoutMs, live?.linkId);
    this.#user.changed();
  }

  /** Nothing carries anything from now on: dials again after a while, unless it was told to stop. */
  #retry(ending: Ending): void {
    this.#ending = ending;
    if (ending.retry === "stop") this.#over = "denied";
    else this.#dialAtMs = this.#nowMs + reconnectDelayMs(ending, this.#failures, this.#context.options, randomFraction(this.#context.rng));
  }

  /** A dial that was not welcomed: unless the server itself refused it, another transport may do better. */
  #missed(link: Link, ending: Ending): Ending {
    if (ending.isSaid || this.#transports.length === 1 || link.transport !== this.#fallback.next) return ending;
    return { ...ending, retry: "backoff", ...(this.#fallback.missed(ending) ? { afterMs: 0, windowMs: 0 } : {}) };
  }

  /** Ends every connection and waits for nothing. */
  #letGo(): void {
    const links = [this.#next, this.live, this.old];
    this.#next = this.live = this.old = null;
    this.#dialAtMs = this.#retireAtMs = Infinity;
    this.#failures = 0;
    if (this.#over === null) this.#ending = null;
    for (const link of links) this.#drop(link);
  }

  #drop(link: Link | null): void {
    link?.close();
    if (link !== null) this.#gone(link);
  }

  #gone(link: Link): void {
    if (link.upMs === null) return;
    if (this.live === null) this.#fallback.again();
    this.#user.linkDown(link);
  }
}

/** The base of the endpoints at an address. Throws TypeError when it is not one. */
export function endpointOf(address: string): string {
  const { href, protocol, username, search, hash } = new URL(address);
  if (!/^(http|ws)s?:$/.test(protocol) || username + search + hash) throw new TypeError(`Invalid url: ${address}`);
  return href.replace(/^ws/, "http").replace(/\/*$/, "/v1/");
}

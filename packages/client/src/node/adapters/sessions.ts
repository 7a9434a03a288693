/**
 * The HTTP/2 sessions of a process: one per origin for all its clients, another when that is full, in doubt or about to go. What needs a
 * stream says so here, and gets it on whichever session has room.
 */
import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import { clientEnv } from "../../adapters/env.ts";
import { resolveSessionOptions, type SessionOptions } from "../options.ts";
import { KeptSession, type StreamOwner, type TlsOptions } from "./session.ts";

/** Who wants a stream. Nothing is called before `open` has returned. */
export interface StreamUser extends StreamOwner {
  readonly headers: OutgoingHttpHeaders;
  opened(stream: ClientHttp2Stream): void;
  /** There is no session. */
  failed(message: string): void;
}

/** A stream that was asked for. */
export interface StreamTicket {
  /** It is not wanted any more. Only before `opened`. */
  cancel(): void;
  /** Its peer seems to be gone: whoever opens another does not get the same session, unless that proves that it lives. */
  doubt(): void;
  /** The server said on it that it is about to go: no more streams are opened on its session. */
  leave(): void;
}

/** What happened so far. */
export interface SessionCounters {
  opened: number;
  failed: number;
  pings: number;
  /** Sessions that did not answer. */
  dead: number;
  /** How often the time between PINGs was doubled because a server asked for it. */
  doubled: number;
  /** Streams that were refused because there were `sessionsMax` sessions. */
  refused: number;
}

/** However often a server asks for it: the time between PINGs is not doubled beyond this. */
const keepAliveMsMax = 3_600_000;

interface Waiting {
  readonly user: StreamUser;
  isOver: boolean;
  session: KeptSession | null;
}

class Origin {
  /** Those that are dialled, or take streams. */
  readonly sessions = new Set<KeptSession>();
  /** In the order in which they asked. */
  waiting: Waiting[] = [];
  keepAliveMs: number;

  constructor(keepAliveMs: number) {
    this.keepAliveMs = keepAliveMs;
  }
}

export class Sessions {
  readonly counters: SessionCounters = { opened: 0, failed: 0, pings: 0, dead: 0, doubled: 0, refused: 0 };
  readonly #options: SessionOptions;
  readonly #tls: TlsOptions;
  readonly #origins = new Map<string, Origin>();
  /** Those that take no more streams. */
  readonly #leaving = new Set<KeptSession>();
  #isClosed = false;

  /** Throws a TypeError for options that are none. `tls` counts for origins of `https:`. */
  constructor(options?: Partial<SessionOptions>, tls: TlsOptions = {}) {
    this.#options = resolveSessionOptions(options);
    this.#tls = tls;
  }

  /** Sessions of all origins, from their dial to their end. */
  get size(): number {
    return [...this.#all()].length;
  }

  /** Streams on them. */
  get streams(): number {
    return [...this.#all()].reduce((sum, { streams }) => sum + streams, 0);
  }

  /** Asks for a stream to `origin` (scheme, name and port). */
  open(origin: string, user: StreamUser): StreamTicket {
    const waiting: Waiting = { user, isOver: false, session: null };
    let at = this.#origins.get(origin);
    if (at === undefined) {
      at = new Origin(this.#options.keepAliveMs);
      this.#origins.set(origin, at);
    }
    at.waiting.push(waiting);
    const of = at;
    queueMicrotask(() => this.#serve(origin, of));
    return {
      cancel: () => {
        waiting.isOver = true;
        of.waiting = of.waiting.filter((each) => each !== waiting);
        // Nobody waits for what is dialled.
        if (of.waiting.length === 0) for (const session of of.sessions) if (session.isDialling) session.destroy();
      },
      doubt: () => waiting.session?.doubt(),
      leave: () => waiting.session?.leave(),
    };
  }

  /** Ends every session, whatever is on it. */
  close(): void {
    this.#isClosed = true;
    for (const session of [...this.#all()]) session.destroy();
  }

  *#all(): Generator<KeptSession> {
    for (const { sessions } of this.#origins.values()) yield* sessions;
    yield* this.#leaving;
  }

  /** Gives streams to those who wait, and dials when there is no room for all. */
  #serve(name: string, origin: Origin): void {
    while (origin.waiting.length > 0) {
      const session = [...origin.sessions].find(({ hasRoom }) => hasRoom);
      if (session === undefined) break;
      const waiting = origin.waiting.shift() as Waiting;
      waiting.session = session;
      waiting.user.opened(session.open(waiting.user.headers, waiting.user));
    }
    if (origin.waiting.length === 0 || [...origin.sessions].some(({ isDialling }) => isDialling)) return;
    if (this.#isClosed) this.#fail(origin, "the sessions are closed");
    else if (origin.sessions.size >= this.#options.sessionsMax) {
      this.counters.refused += origin.waiting.length;
      this.#fail(origin, `all ${this.#options.sessionsMax} sessions of ${name} are full`);
    } else this.#dial(name, origin);
  }

  #fail(origin: Origin, message: string): void {
    const { waiting } = origin;
    origin.waiting = [];
    for (const { user } of waiting) user.failed(message);
  }

  #dial(name: string, origin: Origin): void {
    const { counters } = this;
    let isReady = false;
    const session = new KeptSession({
      origin: name,
      options: { ...this.#options, keepAliveMs: origin.keepAliveMs },
      tls: this.#tls,
      rng: clientEnv.rng,
      events: {
        ready: () => {
          isReady = true;
          counters.opened++;
          this.#serve(name, origin);
        },
        // Those that end are not counted among the ones that may be opened: a server that drains must not use them up.
        left: (each) => {
          origin.sessions.delete(each);
          this.#leaving.add(each);
        },
        over: (each, message) => {
          origin.sessions.delete(each);
          this.#leaving.delete(each);
          if (!isReady) counters.failed++;
          if (!isReady) this.#fail(origin, message);
          else if (origin.waiting.length > 0) this.#serve(name, origin);
          if (origin.sessions.size === 0 && origin.waiting.length === 0 && origin.keepAliveMs === this.#options.keepAliveMs) this.#origins.delete(name);
        },
        tooManyPings: () => {
          counters.doubled++;
          origin.keepAliveMs = Math.min(origin.keepAliveMs * 2, keepAliveMsMax);
        },
        asked: () => {
          counters.pings++;
        },
        died: () => {
          counters.dead++;
        },
      },
    });
    origin.sessions.add(session);
  }
}

/** Those that clients of this process share unless they are given others. */
export const sharedSessions: Sessions = new Sessions();

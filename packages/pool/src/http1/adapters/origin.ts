/**
 * The HTTP/1.1 connections to one origin: lends them to requests, opens and retires them, and counts. The hot path is synchronous: one object
 * for a request, no promise where a connection is free.
 */

import type { Connected, Connector, Target } from "../../connect/connector.ts";
import { Pool, type PoolEnv, type PoolOptions } from "../../core/index.ts";
import { type PoolEnd, poolEnds } from "../../ends.ts";
import type { ConnectionRow, DispatchHandler, DispatchOptions, OnTrace, OriginPool, OriginStats } from "../../http/origin-pool.ts";
import type { RequestTimes } from "../../http/request-times.ts";
import { PoolError } from "../../pool-error.ts";
import { AddressWatch } from "../address-watch.ts";
import type { Http1Options } from "../options.ts";
import { phasesOf } from "../phase-times.ts";
import { isIdempotent, isReplayable } from "../repeat-rules.ts";
import { type ConnectionOwner, Http1Connection, type Slot } from "./connection.ts";
import { Exchange, type ExchangeHost, HedgeLost } from "./exchange.ts";
import { Hedge } from "./hedge.ts";

export interface Http1Settings {
  /** What requests say in `Host`, as a URL's origin. */
  readonly origin: string;
  /** Where connections lead. */
  readonly target: Target;
  readonly connector: Connector;
  readonly pool: Partial<PoolOptions>;
  readonly http1: Http1Options;
  readonly env: PoolEnv;
  readonly onTrace: OnTrace | null;
  readonly times: RequestTimes;
  /** A connection that speaks HTTP/1.1 was made. */
  readonly onHttp1?: () => void;
  /** Where the server chose h2 instead: takes the connection over. Who waits is then told through `switched`. */
  readonly onHttp2?: (made: Connected) => void;
  /** Takes a request that has been waiting for HTTP/1.1. */
  readonly switched?: (options: DispatchOptions, handler: DispatchHandler) => void;
}

/** Every wait is told by this when the server speaks h2. */
class SpeaksHttp2 extends PoolError {}

export class Http1Origin implements OriginPool, ExchangeHost, ConnectionOwner {
  readonly pool: Pool<Slot>;
  readonly #settings: Http1Settings;
  readonly #watch: AddressWatch | null;
  readonly #live = new Set<Http1Connection>();
  /** Waits for a connection in a place that a request has. */
  readonly #repeating = new Set<AbortController>();
  readonly #ends: Partial<Record<PoolEnd, number>> = {};
  readonly #isSecure: boolean;
  readonly #servername: string;
  readonly #traces: OnTrace | null;
  /** Their answers have ended, and others wait. */
  #answered: Http1Connection[] = [];
  /** Turns of the event loop, as far as answers came in them. */
  #turn = 0;
  #isTurning = false;
  #lastConnection = 0;
  #active = 0;
  #requests = 0;
  #reused = 0;
  #failed = 0;
  #repeated = 0;
  #moved = 0;
  #hedged = 0;

  constructor(settings: Http1Settings) {
    const { target, http1, env, pool } = settings;
    this.#settings = settings;
    this.#isSecure = target.scheme === "https:";
    this.#servername = target.servername ?? target.host;
    this.#traces = settings.onTrace;
    this.#watch = http1.dnsRecheckMs === "never" ? null : new AddressWatch(http1.dnsRecheckMs, http1.addressGoneMs, env.clock.monoMs());
    this.pool = new Pool<Slot>({ open: (signal) => this.#openSlot(signal), close: ({ connection }, end) => connection.ended(end) }, pool, env);
  }

  now(): number {
    return this.#settings.env.clock.monoMs();
  }

  hasJustAnswered({ answeredTurn }: Http1Connection): boolean {
    return this.#turn - answeredTurn < 2;
  }

  afterReading(call: () => void): void {
    const { env } = this.#settings;
    // The first turn may end a round of reading that began before what is to be seen had come; between the two lies a whole one.
    env.soon(() => env.soon(call));
  }

  get isIdle(): boolean {
    return this.#active === 0;
  }

  /** No connection is open or being opened. */
  get isCold(): boolean {
    return this.#live.size === 0 && this.#active === 0;
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    const { hedgeAfterMs } = this.#settings.http1;
    if (hedgeAfterMs === "never" || !isIdempotent(options.method, options.idempotent) || !isReplayable(options.body)) this.#send(options, handler);
    else
      new Hedge(
        hedgeAfterMs,
        this.#settings.env.clock,
        (each) => this.#send(options, each),
        () => this.#mayHedge(),
        handler,
      ).start();
    return true;
  }

  move(exchange: Exchange): void {
    this.#moved++;
    this.#place(exchange);
  }

  repeat(exchange: Exchange, slot: Slot, lost: PoolEnd): void {
    this.#repeated++;
    const { connection } = slot;
    // Its place is kept, so the pool is not told.
    connection.ended(lost);
    connection.exchange = null;
    const waiting = new AbortController();
    exchange.waiting = waiting;
    this.#repeating.add(waiting);
    this.#open(waiting.signal).then(
      (made) => {
        this.#repeating.delete(waiting);
        if (waiting.signal.aborted) {
          // The pool was destroyed in the moment in which it stood.
          made.ended("pool_closed");
          return this.refused(exchange, waiting.signal.reason);
        }
        made.slot = slot;
        slot.connection = made;
        exchange.sendAgain();
      },
      (error: unknown) => {
        this.#repeating.delete(waiting);
        this.refused(exchange, error);
      },
    );
  }

  refused(exchange: Exchange, error: unknown): void {
    if (error instanceof SpeaksHttp2 && this.#settings.switched !== undefined) exchange.leaveFor(this.#settings.switched);
    else exchange.giveUp(error);
  }

  answered(connection: Http1Connection): void {
    connection.answeredTurn = this.#turn;
    if (!this.#isTurning) {
      this.#isTurning = true;
      this.#settings.env.soon(this.#nextTurn);
    }
    // A caller who goes on at once finds its connection free. Those who wait are sent together after all that has arrived was read: a write after
    // each read costs both sides a wake-up each.
    if (this.pool.waiting === 0) queueMicrotask(connection.settle);
    else if (this.#answered.push(connection) === 1) this.#settings.env.soon(() => this.#settleAnswered());
  }

  readonly #nextTurn = (): void => {
    this.#isTurning = false;
    this.#turn++;
  };

  #settleAnswered(): void {
    const answered = this.#answered;
    this.#answered = [];
    for (const connection of answered) connection.settle();
  }

  finished(exchange: Exchange, connection: Http1Connection, carried: number, end: PoolEnd | null): void {
    this.#active--;
    this.#requests++;
    if (carried > 1) this.#reused++;
    this.#settings.times.add(exchange.sentMs - exchange.startMs, exchange.answerMs - exchange.sentMs, exchange.endMs - exchange.answerMs);
    if (this.#traces === null) return;
    const { made, number } = connection;
    const reused = carried > 1;
    this.#traces({
      phases: phasesOf(exchange, reused ? null : made.phases),
      reused,
      connection: number,
      requestOnConnection: carried,
      protocol: "http/1.1",
      peer: made.peer,
      tls: made.tls,
      retries: exchange.repeats,
      ended: end,
    });
  }

  failed(exchange: Exchange): void {
    this.#active--;
    if (!(exchange.reason instanceof HedgeLost)) this.#failed++;
  }

  upgraded(): void {
    this.#active--;
  }

  ended(connection: Http1Connection, end: PoolEnd): void {
    this.#live.delete(connection);
    this.#ends[end] = (this.#ends[end] ?? 0) + 1;
    // A request that stands on it says itself what becomes of its place.
    if (connection.exchange === null && connection.slot?.connection === connection) this.pool.lost(connection.slot, end);
  }

  stats(): OriginStats {
    const { max, open, idle, lent, opening, waiting, needed, arrivalsPerSecond, meanHoldMs, waitP95Ms } = this.pool.stats();
    const ends: Partial<Record<PoolEnd, number>> = {};
    for (const end of Object.keys(poolEnds) as PoolEnd[]) if (this.#ends[end] !== undefined) ends[end] = this.#ends[end];
    return {
      origin: this.#settings.origin,
      protocol: this.#requests === 0 && this.#live.size === 0 ? "not known yet" : "http/1.1",
      requests: this.#requests,
      reused: this.#reused,
      reuseRatio: this.#requests === 0 ? null : this.#reused / this.#requests,
      failed: this.#failed,
      repeated: this.#repeated,
      moved: this.#moved,
      hedged: this.#hedged,
      connections: { max, open, idle, lent, opening, opened: this.#lastConnection, ends },
      waiting,
      needed,
      arrivalsPerSecond,
      meanHoldMs,
      waitP95Ms,
    };
  }

  connections(): readonly ConnectionRow[] {
    const nowMs = this.now();
    return Array.from(this.#live, ({ number, made, openedMs, carried, exchange, hintMs }) => ({
      connection: number,
      origin: this.#settings.origin,
      protocol: "http/1.1" as const,
      peer: made.peer,
      tls: made.tls,
      ageMs: nowMs - openedMs,
      requests: carried,
      active: exchange === null ? 0 : 1,
      hintMs,
    }));
  }

  close(): Promise<void> {
    return this.pool.drain();
  }

  destroy(error: Error): Promise<void> {
    // Their places are of the pool's, their new connections are not yet.
    for (const waiting of this.#repeating) waiting.abort(error);
    return this.pool.close();
  }

  #send(options: DispatchOptions, handler: DispatchHandler): Exchange {
    const exchange = new Exchange(this, this.#asSent(options), handler);
    this.#active++;
    if (this.#watch?.isDue(exchange.startMs) === true) this.#recheck(this.#watch);
    this.#place(exchange);
    return exchange;
  }

  /** As undici is to be asked: it keeps no connection after HEAD unless told so, and closes one whose server name seems to change. */
  #asSent(options: DispatchOptions): DispatchOptions {
    const isHead = options.method === "HEAD" && options.reset === undefined;
    if (!isHead && !this.#isSecure) return options;
    const asked: DispatchOptions & { servername?: string } = { ...options };
    if (isHead) asked.reset = false;
    if (this.#isSecure) asked.servername = this.#servername;
    return asked;
  }

  #place(exchange: Exchange): void {
    for (let lease = this.pool.tryAcquire(); lease !== null; lease = this.pool.tryAcquire()) {
      const { connection } = lease.value;
      if (!connection.isRetired && !connection.isGone) return exchange.send(lease);
      lease.release(connection.end ?? (connection.isRetired ? "address_gone" : "server_closed"));
    }
    exchange.waitFor(this.pool);
  }

  async #openSlot(signal: AbortSignal): Promise<Slot> {
    const connection = await this.#open(signal);
    const slot: Slot = { connection };
    connection.slot = slot;
    return slot;
  }

  async #open(signal: AbortSignal): Promise<Http1Connection> {
    const { connector, target, origin, http1, onHttp2 } = this.#settings;
    const made = await connector.connect(target, signal);
    if (made.protocol === "h2") {
      onHttp2?.(made);
      throw new SpeaksHttp2("connect_failed", `${origin} speaks h2`);
    }
    const nowMs = this.now();
    this.#settings.onHttp1?.();
    this.#watch?.named([made.address], nowMs);
    const connection = new Http1Connection(made, ++this.#lastConnection, nowMs, origin, http1, this);
    this.#live.add(connection);
    return connection;
  }

  /** Asks the resolver again; what leads to an address that is gone ends when it comes free. A resolver that fails says nothing. */
  #recheck(watch: AddressWatch): void {
    this.#settings.connector.resolve(this.#settings.target.host).then(
      (addresses) => {
        const nowMs = this.now();
        watch.named(
          addresses.map(({ address }) => address),
          nowMs,
        );
        for (const connection of this.#live) if (watch.isGone(connection.made.address, nowMs)) connection.isRetired = true;
      },
      () => {},
    );
  }

  #mayHedge(): boolean {
    const may = this.#hedged * 100 < (this.#requests + this.#active) * this.#settings.http1.hedgePercentMax;
    if (may) this.#hedged++;
    return may;
  }
}

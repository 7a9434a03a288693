/**
 * The sessions of HTTP/2 to one origin, seen as every origin is seen: passes requests on, and puts what sessions say of themselves into the
 * same rows. It decides nothing.
 */
import type { Connected } from "../../connect/connector.ts";
import type { PoolEnv } from "../../core/index.ts";
import { http2OptionDocs } from "../../http2/options.ts";
import { Http2Origin } from "../../http2/origin.ts";
import type { RequestTrace } from "../../phases.ts";
import type { HttpPoolOptions } from "../options.ts";
import type { ConnectionRow, DispatchHandler, DispatchOptions, OriginPool, OriginStats } from "../origin-pool.ts";
import type { RequestTimes } from "../request-times.ts";

export class Http2OriginPool implements OriginPool {
  readonly #origin: string;
  readonly #options: HttpPoolOptions;
  readonly #times: RequestTimes;
  readonly #sessions: Http2Origin;
  /** What the last session was made with; sessions do not keep it, and all of one origin are made alike. */
  #tls: Connected["tls"] = null;
  #requests = 0;
  #reused = 0;

  constructor(origin: string, connect: () => Promise<Connected>, options: HttpPoolOptions, times: RequestTimes, env: PoolEnv) {
    this.#origin = origin;
    this.#options = options;
    this.#times = times;
    const { queueMax, acquireTimeoutMs, headersTimeoutMs, bodyTimeoutMs, http2Options } = options;
    const noted = async (): Promise<Connected> => {
      const made = await connect();
      this.#tls = made.tls;
      return made;
    };
    // A queue of none is one that never waits; sessions need a place for what is being handed to them.
    const queue = { queueMax: Math.max(1, queueMax), acquireTimeoutMs, headersTimeoutMs, bodyTimeoutMs };
    this.#sessions = new Http2Origin(noted, { ...queue, ...http2Options }, env);
  }

  get isIdle(): boolean {
    const { sessions, waiting, connecting } = this.#sessions.stats();
    return waiting + connecting === 0 && sessions.every(({ streams }) => streams === 0);
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    return this.#sessions.dispatch(options, handler, this.#traced);
  }

  stats(): OriginStats {
    const { sessions, connecting, waiting, opened, ended, failed, resent } = this.#sessions.stats();
    const lent = sessions.filter(({ streams }) => streams > 0).length;
    const needed = sessions.reduce((sum, { streams, streamsMax }) => sum + streams / streamsMax, 0);
    return {
      origin: this.#origin,
      protocol: "h2",
      requests: this.#requests,
      reused: this.#reused,
      reuseRatio: this.#requests === 0 ? null : this.#reused / this.#requests,
      failed,
      repeated: resent,
      moved: 0,
      hedged: 0,
      connections: {
        max: this.#options.http2Options?.sessionsMax ?? http2OptionDocs.sessionsMax.default,
        open: sessions.length,
        idle: sessions.length - lent,
        lent,
        opening: connecting,
        opened,
        ends: ended,
      },
      waiting,
      needed,
      arrivalsPerSecond: 0,
      meanHoldMs: 0,
      waitP95Ms: null,
    };
  }

  connections(): readonly ConnectionRow[] {
    return this.#sessions.stats().sessions.map(({ connection, peer, ageMs, requests, streams }) => ({
      connection,
      origin: this.#origin,
      protocol: "h2",
      peer,
      tls: this.#tls,
      ageMs,
      requests,
      active: streams,
      hintMs: null,
    }));
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }

  async destroy(error: Error): Promise<void> {
    this.#sessions.destroy(error);
    await this.#sessions.close();
  }

  readonly #traced = (trace: RequestTrace): void => {
    const { queueMs, dnsMs, tcpMs, tlsMs, waitMs, bodyMs } = trace.phases;
    this.#requests++;
    if (trace.reused) this.#reused++;
    this.#times.add(queueMs + (dnsMs ?? 0) + (tcpMs ?? 0) + (tlsMs ?? 0), waitMs, bodyMs);
    this.#options.onTrace?.(trace);
  };
}
